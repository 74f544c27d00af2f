/** The files of a message that is being written. */

import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { acceptAttribute } from '../accepted-files';
import { icon } from '../icons';
import { filled } from '../strings';
import type { Ui } from '../ui';
import { Uploads, type Upload } from '../uploads';
import { smallButton } from './buttons';

/** Whether the page lets files be attached, and has said where they go. */
export function takesFiles(ui: Ui): boolean {
  const { api, composer } = ui.options;
  return composer.attachments.enabled && api.uploadStrategy !== undefined;
}

/** The files, and the ways in which they come: picked, dropped, pasted, or given by the page. */
export class Files {
  readonly uploads: Uploads;
  /** Whether some are held over the composer. */
  isDropping = false;

  constructor(
    private readonly ui: () => Ui,
    private readonly changed: () => void,
    private readonly field: () => HTMLInputElement | null,
  ) {
    this.uploads = new Uploads({
      client: () => ui().client,
      options: () => ui().options,
      changed,
      failed: (error) => ui().failed(error),
      log: (name, data) => ui().log(name, data),
    });
  }

  /** Lets the user pick some; null where none are taken. */
  get pick(): (() => void) | null {
    return takesFiles(this.ui()) ? () => this.field()?.click() : null;
  }

  attach(files: readonly File[]): void {
    const ui = this.ui();
    if (!takesFiles(ui)) return;
    for (const refusal of this.uploads.add(files, ui.strings)) ui.toast(refusal);
  }

  readonly onPicked = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    this.attach([...(field.files ?? [])]);
    field.value = ''; // so that the same file can be picked again
  };

  readonly onDragOver = (event: DragEvent): void => {
    const ui = this.ui();
    if (!takesFiles(ui) || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.#setDropping(ui.chat.isOpen);
  };

  readonly onDragLeave = (): void => this.#setDropping(false);

  readonly onDrop = (event: DragEvent): void => {
    this.#setDropping(false);
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    if (this.ui().chat.isOpen) this.attach(files);
  };

  #setDropping(isDropping: boolean): void {
    if (isDropping === this.isDropping) return;
    this.isDropping = isDropping;
    this.changed();
  }
}

/** Where the browser lets one pick files. */
export function fileField(ui: Ui, files: Files): TemplateResult {
  const { accept, maxCount } = ui.options.composer.attachments;
  return html`<input
    type="file"
    hidden
    ?multiple=${maxCount > 1}
    accept=${acceptAttribute(accept)}
    @change=${files.onPicked}
  />`;
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
