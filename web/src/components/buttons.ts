/** Buttons that show an icon, and say what they do to those who do not see it. */

import { html, type TemplateResult } from 'lit';
import { icon } from '../icons';

export function iconButton(label: string, name: string, onClick: () => void, disabled = false): TemplateResult {
  return html`<button
    type="button"
    class="icon-button"
    aria-label=${label}
    title=${label}
    ?disabled=${disabled}
    @click=${onClick}
  >
    ${icon(name)}
  </button>`;
}

export function smallButton(label: string, name: string, onClick: () => void): TemplateResult {
  return html`<button
    type="button"
    class="icon-button small"
    aria-label=${label}
    title=${label}
    @click=${onClick}
  >
    ${icon(name)}
  </button>`;
}
