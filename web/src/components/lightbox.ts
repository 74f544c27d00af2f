/** A picture in full, over everything else. */

import { html, render } from 'lit';
import { icon } from '../icons';
import type { Ui } from '../ui';

/**
 * Shows a picture until it is closed. Browsers follow no links to pictures that are data.
 *
 * @param opener - What was clicked; it has the focus again afterwards.
 */
export function enlarge(ui: Ui, opener: Element, source: string, alternative: string): void {
  const dialog = document.createElement('dialog');
  dialog.className = 'lightbox';
  dialog.setAttribute('aria-label', alternative);
  render(
    html`<img src=${source} alt=${alternative} />
      <button type="button" class="icon-button" aria-label=${ui.strings.close} title=${ui.strings.close}>
        ${icon('close')}
      </button>`,
    dialog,
  );
  dialog.addEventListener('click', () => dialog.close());
  dialog.addEventListener('keydown', (event) => event.stopPropagation());
  dialog.addEventListener('close', () => dialog.remove());
  (opener.closest('ck-transcript') ?? opener.parentElement)?.append(dialog);
  dialog.showModal();
}
