/** Files on their way to the server: checked, sent a few at a time, cancelled, tried again. */

import { mediaType, refusalOf } from './accepted-files';
import type { Client } from './client';
import { asError, RequestFailure } from './errors';
import type { Options } from './options';
import type { Attachment, UploadDescriptor } from './protocol';
import { filled, type Strings } from './strings';
import { sendBytes } from './upload-bytes';

const AT_ONCE = 3;

export interface Upload {
  key: number;
  name: string;
  mimeType: string;
  /** An address of the file's own bytes, for pictures; undefined for other files. */
  preview: string | undefined;
  state: 'waiting' | 'sending' | 'done' | 'failed';
  /** From 0 to 1, while it is sent; null where nobody can tell. */
  progress: number | null;
  /** What the server calls it; a failed upload can have one, too. */
  attachment: Attachment | null;
  /** Whether the page handed it over as it is: then it is not this element's to delete. */
  isGiven: boolean;
}

interface Task {
  upload: Upload;
  file: File | null;
  abort: AbortController;
}

export interface UploadHost {
  client(): Client;
  options(): Options;
  changed(): void;
  failed(error: unknown): void;
  log(name: string, data: Record<string, unknown>): void;
}

let lastKey = 0;

export class Uploads {
  #tasks: Task[] = [];

  constructor(private readonly host: UploadHost) {}

  get list(): readonly Upload[] {
    return this.#tasks.map((task) => task.upload);
  }

  /** Whether all are there, so that a message can name them. */
  get isSettled(): boolean {
    return this.#tasks.every((task) => task.upload.state === 'done');
  }

  get attachments(): Attachment[] {
    const done = this.#tasks.filter((task) => task.upload.state === 'done');
    return done.flatMap((task) => task.upload.attachment ?? []);
  }

  /**
   * Take files and begin to send them.
   *
   * @returns What to tell the user of those that are not taken, a sentence each.
   */
  add(files: readonly File[], strings: Strings): string[] {
    const { attachments } = this.host.options().composer;
    const refusals: string[] = [];
    for (const file of files) {
      if (this.#tasks.length >= attachments.maxCount) {
        refusals.push(filled(strings.tooManyFiles, { count: attachments.maxCount }));
        break;
      }
      const refusal = refusalOf(file, attachments, strings);
      if (refusal) refusals.push(refusal);
      else this.#tasks.push(taskFor(file));
    }
    this.#sendNext();
    this.host.changed();
    return refusals;
  }

  /** Show attachments that the page has already, in place of those that are here. */
  replace(attachments: readonly Attachment[]): void {
    for (const task of this.#tasks) this.#drop(task);
    this.#tasks = attachments.map((attachment) => ({
      file: null,
      abort: new AbortController(),
      upload: {
        key: ++lastKey,
        name: attachment.name,
        mimeType: attachment.mime_type,
        preview: attachment.preview_url ?? undefined,
        state: 'done',
        progress: 1,
        attachment,
        isGiven: true,
      },
    }));
    this.host.changed();
  }

  /** Take one out; what the server has of it is deleted there. */
  remove(key: number): void {
    const task = this.#tasks.find((other) => other.upload.key === key);
    if (!task) return;
    this.#tasks = this.#tasks.filter((other) => other !== task);
    this.#drop(task);
    this.#sendNext();
    this.host.changed();
  }

  #drop({ upload, abort }: Task): void {
    abort.abort();
    forget(upload);
    if (upload.attachment && !upload.isGiven) this.#delete(upload.attachment);
  }

  #delete({ id }: Attachment): void {
    this.host
      .client()
      .ask('attachments.delete', { attachment_id: id })
      .catch((error: unknown) => this.host.failed(error));
  }

  retry(key: number): void {
    const task = this.#tasks.find((other) => other.upload.key === key);
    if (task?.upload.state !== 'failed') return;
    task.upload.state = 'waiting';
    this.#sendNext();
    this.host.changed();
  }

  /** Forget all, as a message does that takes them along: nothing is deleted. */
  clear(): void {
    for (const { upload, abort } of this.#tasks) {
      abort.abort();
      forget(upload);
    }
    this.#tasks = [];
    this.host.changed();
  }

  /** Let go of the previews, which browsers keep with the document, while nobody can see them. */
  hidePreviews(): void {
    for (const { upload } of this.#tasks) {
      forget(upload);
      if (!upload.isGiven) upload.preview = undefined;
    }
  }

  showPreviews(): void {
    for (const { upload, file } of this.#tasks) {
      if (file) upload.preview ??= previewOf(file);
    }
    this.host.changed();
  }

  #sendNext(): void {
    const sending = this.#tasks.filter((task) => task.upload.state === 'sending').length;
    const next = this.#tasks.filter((task) => task.upload.state === 'waiting');
    for (const task of next.slice(0, Math.max(0, AT_ONCE - sending))) void this.#send(task);
  }

  async #send(task: Task): Promise<void> {
    const { upload, file, abort } = task;
    if (!file) return;
    upload.state = 'sending';
    upload.progress = null;
    try {
      await this.#sent(task, file);
      upload.state = 'done';
    } catch (error) {
      if (abort.signal.aborted) return;
      upload.state = 'failed';
      this.host.failed(asError(error));
    }
    this.host.log('upload', { state: upload.state, size: file.size });
    this.#sendNext();
    this.host.changed();
  }

  async #sent({ upload, abort }: Task, file: File): Promise<void> {
    const strategy = this.host.options().api.uploadStrategy;
    const client = this.host.client();
    if (strategy?.type === 'direct') {
      upload.attachment = named(await client.uploadDirect(strategy.uploadUrl, file, abort.signal));
      return;
    }
    // Of the attempt before, whose address may have expired.
    if (upload.attachment) this.#delete(upload.attachment);
    upload.attachment = null;
    const created = await client.ask('attachments.create', describe(file), abort.signal);
    // A page's own `fetch` may answer though the upload was cancelled meanwhile.
    if (abort.signal.aborted) {
      this.#delete(named(created));
      abort.signal.throwIfAborted();
    }
    upload.attachment = named(created);
    const descriptor = created.upload_descriptor ?? legacyDescriptor(created);
    if (!descriptor) return;
    await sendBytes(descriptor, file, abort.signal, (part) => {
      upload.progress = part;
      this.host.changed();
    });
  }
}

/** @throws RequestFailure - The answer is no attachment: a message could not name it. */
function named(answer: Attachment | null): Attachment {
  if (typeof answer?.id === 'string') return answer;
  throw new RequestFailure('The answer to the upload has no id.', 'protocol');
}

function describe(file: File): { name: string; size: number; mime_type: string } {
  return { name: file.name, size: file.size, mime_type: mediaType(file) };
}

function previewOf(file: File): string | undefined {
  const isPicture = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type);
  return isPicture ? URL.createObjectURL(file) : undefined;
}

function taskFor(file: File): Task {
  return {
    file,
    abort: new AbortController(),
    upload: {
      key: ++lastKey,
      name: file.name,
      mimeType: mediaType(file),
      preview: previewOf(file),
      state: 'waiting',
      progress: null,
      attachment: null,
      isGiven: false,
    },
  };
}

function forget({ preview, isGiven }: Upload): void {
  if (preview && !isGiven) URL.revokeObjectURL(preview);
}

/** Of servers from before upload descriptors. */
function legacyDescriptor(attachment: Attachment): UploadDescriptor | null {
  return attachment.upload_url ? { url: attachment.upload_url, method: 'POST' } : null;
}
