/** The button that sends a message, and stops an answer while there is one. */

import { html, type TemplateResult } from 'lit';
import { icon } from '../icons';
import type { Ui } from '../ui';

export function sendButton(ui: Ui, canSend: boolean, send: () => void): TemplateResult {
  const { chat, strings } = ui;
  const stops = chat.isResponding && chat.canStop;
  const label = stops ? strings.stop : strings.send;
  const shown = chat.isResponding ? html`<span class="spinner"></span>` : icon('send');
  return html`<button
    type="button"
    class="send"
    part="send"
    aria-label=${label}
    title=${label}
    ?disabled=${!stops && !canSend}
    @click=${() => (stops ? chat.stop() : send())}
  >
    ${stops ? icon('stop') : shown}
  </button>`;
}
