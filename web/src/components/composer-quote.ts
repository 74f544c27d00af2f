/** The part of an answer that the message being written is about. */

import { html, nothing, type TemplateResult } from 'lit';
import type { Ui } from '../ui';
import { smallButton } from './buttons';

/** Of what describes the field, so that a screen reader tells of the quote where one writes. */
export const QUOTE_ID = 'composer-quote';

export function quoteChip(ui: Ui, quote: string, remove: () => void): TemplateResult | typeof nothing {
  if (!quote) return nothing;
  return html`<div class="quote-chip">
    <div id=${QUOTE_ID}>
      <span class="visually-hidden">${ui.strings.quotation}:</span>
      <blockquote dir="auto">${quote}</blockquote>
    </div>
    ${smallButton(ui.strings.removeQuote, 'close', remove)}
  </div>`;
}
