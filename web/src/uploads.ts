/** Files on their way to the server: checked, sent a few at a time, cancelled, tried again. */

import type { Client } from './client';
import { asError, RequestFailure } from './errors';
import type { AttachmentOptions, Options } from './options';
import type { Attachment, UploadDescriptor } from './protocol';
import { filled, type Strings } from './strings';

const AT_ONCE = 3;

export interface Upload {
  key: number;
  name: string;
  mimeType: string;
  /** An address of the file's own bytes, for pictures; undefined for other files. */
  preview: string | undefined;
  state: 'waiting' | 'sending' | 'done' | 'failed';
  /** From 0 to 1, while it is sent. */
  progress: number;
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
    return this.#tasks.flatMap((task) => task.upload.attachment ?? []);
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
    this.clear();
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
    task.abort.abort();
    forget(task);
    const id = task.upload.attachment?.id;
    if (id && !task.upload.isGiven) {
      this.host.client().ask('attachments.delete', { attachment_id: id }).catch(this.host.failed);
    }
    this.#sendNext();
    this.host.changed();
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
    for (const task of this.#tasks) {
      if (task.upload.state !== 'done') task.abort.abort();
      forget(task);
    }
    this.#tasks = [];
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
    upload.progress = 0;
    try {
      upload.attachment = await this.#sent(file, abort.signal, (part) => {
        upload.progress = part;
        this.host.changed();
      });
      upload.state = 'done';
    } catch (error) {
      if (abort.signal.aborted) return;
      upload.state = 'failed';
      this.host.failed(asError(error));
    }
    this.#sendNext();
    this.host.changed();
  }

  async #sent(
    file: File,
    signal: AbortSignal,
    onProgress: (part: number) => void,
  ): Promise<Attachment> {
    const strategy = this.host.options().api.uploadStrategy;
    const client = this.host.client();
    if (strategy?.type === 'direct') return client.uploadDirect(strategy.uploadUrl, file, signal);
    const created = await client.ask('attachments.create', describe(file), signal);
    const descriptor = created.upload_descriptor ?? legacyDescriptor(created);
    if (descriptor) await sendBytes(descriptor, file, signal, onProgress);
    return created;
  }
}

function describe(file: File): { name: string; size: number; mime_type: string } {
  return { name: file.name, size: file.size, mime_type: typeOf(file) };
}

function typeOf(file: File): string {
  return file.type || 'application/octet-stream';
}

function taskFor(file: File): Task {
  const isPicture = /^image\/(png|jpeg|gif|webp|avif)$/.test(file.type);
  return {
    file,
    abort: new AbortController(),
    upload: {
      key: ++lastKey,
      name: file.name,
      mimeType: typeOf(file),
      preview: isPicture ? URL.createObjectURL(file) : undefined,
      state: 'waiting',
      progress: 0,
      attachment: null,
      isGiven: false,
    },
  };
}

function forget(task: Task): void {
  const { preview, isGiven } = task.upload;
  if (preview && !isGiven) URL.revokeObjectURL(preview);
}

/** Of servers from before upload descriptors. */
function legacyDescriptor(attachment: Attachment): UploadDescriptor | null {
  return attachment.upload_url ? { url: attachment.upload_url, method: 'POST' } : null;
}

/**
 * Sends the bytes of a file to where the server says.
 *
 * Not by `fetch`, which tells of no progress; and without the headers of the API: an address that
 * is signed breaks with other credentials.
 */
function sendBytes(
  descriptor: UploadDescriptor,
  file: File,
  signal: AbortSignal,
  onProgress: (part: number) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open(descriptor.method, new URL(descriptor.url, document.baseURI).href);
    const headers = descriptor.headers ?? {};
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = (event) => {
      if (event.lengthComputable) onProgress(event.loaded / event.total);
    };
    request.onload = () => {
      if (request.status >= 200 && request.status < 300) resolve();
      else reject(new RequestFailure(`The upload was refused (${request.status}).`, 'http', request.status));
    };
    request.onerror = () => reject(new RequestFailure('The upload broke off.', 'network'));
    request.onabort = () => reject(new DOMException('The upload was cancelled.', 'AbortError'));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    if (descriptor.method === 'PUT') {
      const named = Object.keys(headers).some((name) => name.toLowerCase() === 'content-type');
      if (!named) request.setRequestHeader('Content-Type', typeOf(file));
      request.send(file);
    } else {
      const form = new FormData();
      form.append('file', file, file.name);
      request.send(form);
    }
  });
}

// What is accepted

function refusalOf(file: File, options: AttachmentOptions, strings: Strings): string | null {
  if (!isAccepted(file, options.accept)) return filled(strings.fileTypeRefused, { name: file.name });
  const limit = sizeLimit(typeOf(file), options.maxSize);
  if (file.size > limit) {
    return filled(strings.fileTooLarge, { name: file.name, size: readableSize(limit) });
  }
  return null;
}

export function isAccepted(file: File, accept: AttachmentOptions['accept']): boolean {
  if (!accept) return true;
  const name = file.name.toLowerCase();
  return Object.entries(accept).some(
    ([pattern, endings]) =>
      fits(file.type, pattern) || endings.some((ending) => name.endsWith(ending.toLowerCase())),
  );
}

const DEFAULT_MAX_BYTES = 100 * 1024 * 1024;

/** The limit for a media type, of which the most exact pattern says it. In bytes. */
export function sizeLimit(mimeType: string, limits: number | Record<string, number>): number {
  if (typeof limits === 'number') return limits;
  const family = `${mimeType.split('/')[0]}/*`;
  return limits[mimeType] ?? limits[family] ?? limits['*'] ?? limits[''] ?? DEFAULT_MAX_BYTES;
}

function fits(mimeType: string, pattern: string): boolean {
  if (pattern === '*' || pattern === '*/*') return true;
  if (pattern.endsWith('/*')) return mimeType.startsWith(pattern.slice(0, -1));
  return mimeType === pattern;
}

/** The value of a file field's `accept`. */
export function acceptAttribute(accept: AttachmentOptions['accept']): string {
  return Object.entries(accept ?? {})
    .flatMap(([pattern, endings]) => [pattern, ...endings])
    .join(',');
}

function readableSize(bytes: number): string {
  const megabytes = bytes / (1024 * 1024);
  return megabytes >= 1 ? `${Math.round(megabytes * 10) / 10} MB` : `${Math.ceil(bytes / 1024)} kB`;
}
