/** What the composer says beside what is written: why it is closed, and the page's small print. */

import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { inlineMarkdown } from '../markdown';
import type { Ui } from '../ui';

export function closedBanner({ chat, strings }: Ui): TemplateResult {
  const status = chat.conversation.thread?.status;
  const reason = status?.type === 'closed' ? status.reason : undefined;
  return html`<div class="column">
    <p class="closed" role="status" dir="auto">
      ${icon('info')} ${reason || strings.closed}
    </p>
  </div>`;
}

export function disclaimer(ui: Ui): TemplateResult | typeof nothing {
  const { disclaimer: given } = ui.options;
  if (!given) return nothing;
  return html`<p class="disclaimer column" part="disclaimer" ?data-contrast=${given.highContrast}>
    ${inlineMarkdown(ui, given.text)}
  </p>`;
}
