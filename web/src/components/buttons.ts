/** Buttons that show an icon, and say what they do to those who do not see it. */

import { html, type TemplateResult } from 'lit';
import { icon } from '../icons';

function button(look: string, label: string, name: string, onClick: () => void, disabled: boolean): TemplateResult {
  return html`<button
    type="button"
    class=${look}
    aria-label=${label}
    title=${label}
    ?disabled=${disabled}
    @click=${onClick}
  >
    ${icon(name)}
  </button>`;
}

export function iconButton(label: string, name: string, onClick: () => void, disabled = false): TemplateResult {
  return button('icon-button', label, name, onClick, disabled);
}

export function smallButton(label: string, name: string, onClick: () => void, disabled = false): TemplateResult {
  return button('icon-button small', label, name, onClick, disabled);
}
