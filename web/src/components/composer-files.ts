/** The files of a message that is being written. */

import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../icons';
import { filled } from '../strings';
import type { Ui } from '../ui';
import type { Upload, Uploads } from '../uploads';
import { smallButton } from './buttons';

/** Whether the page lets files be attached, and has said where they go. */
export function takesFiles(ui: Ui): boolean {
  const { api, composer } = ui.options;
  return composer.attachments.enabled && api.uploadStrategy !== undefined;
}

export function fileChips(ui: Ui, uploads: Uploads, removed: () => void): TemplateResult | typeof nothing {
  if (uploads.list.length === 0) return nothing;
  return html`<ul class="uploads" role="list">
    ${repeat(
      uploads.list,
      (upload) => upload.key,
      (upload) => html`<li>${fileChip(ui, uploads, upload, removed)}</li>`,
    )}
  </ul>`;
}

function fileChip(ui: Ui, uploads: Uploads, upload: Upload, removed: () => void): TemplateResult {
  const { strings } = ui;
  const { name } = upload;
  return html`<div class="upload" data-state=${upload.state}>
    ${upload.preview
      ? html`<img src=${upload.preview} alt="" />`
      : html`<span class="upload-icon">${icon('document')}</span>`}
    <span class="upload-name" dir="auto" title=${name}>${name}</span>
    ${upload.state === 'sending' || upload.state === 'waiting'
      ? html`<progress
          max="1"
          value=${upload.progress ?? nothing}
          aria-label=${filled(strings.uploading, { name })}
        ></progress>`
      : nothing}
    ${upload.state === 'failed'
      ? html`<span class="visually-hidden" role="alert">${filled(strings.uploadFailed, { name })}</span>
          ${smallButton(filled(strings.retryUpload, { name }), 'reload', () => uploads.retry(upload.key))}`
      : nothing}
    ${smallButton(filled(strings.removeFile, { name }), 'close', () => {
      uploads.remove(upload.key);
      removed();
    })}
  </div>`;
}
