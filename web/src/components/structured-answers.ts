/** Questions of the assistant that are answered, or that a later one has overtaken. */

import { html, type TemplateResult } from 'lit';
import type { StructuredInputItem, StructuredQuestion } from '../protocol';
import type { Ui } from '../ui';

export function answeredInput(ui: Ui, item: StructuredInputItem): TemplateResult {
  return html`<dl
    class="answers"
    data-item-id=${item.id}
    data-item-type="structured_input"
    data-status=${item.status}
  >
    ${item.inputs.map(
      (question) => html`
        <dt dir="auto">${question.question}</dt>
        <dd dir="auto">${answerOf(ui, item, question)}</dd>
      `,
    )}
  </dl>`;
}

function answerOf(ui: Ui, item: StructuredInputItem, question: StructuredQuestion): string {
  const values = question.answer?.values ?? [];
  if (values.length > 0) return values.join(', ');
  return item.status === 'pending' ? '—' : ui.strings.skipped;
}
