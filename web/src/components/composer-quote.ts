/** The part of an answer that the message being written is about. */

import { html, nothing, type TemplateResult } from 'lit';
import type { Ui } from '../ui';
import { smallButton } from './buttons';

export function quoteChip(ui: Ui, quote: string, remove: () => void): TemplateResult | typeof nothing {
  if (!quote) return nothing;
  return html`<div class="quote-chip">
    <blockquote dir="auto">${quote}</blockquote>
    ${smallButton(ui.strings.removeQuote, 'close', remove)}
  </div>`;
}
