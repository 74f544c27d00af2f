/** The list of the user's threads: read page by page, kept current while chats go on. */

import type { Client } from './client';
import { asError } from './errors';
import { metadataOf } from './conversation';
import type { Thread, ThreadMetadata } from './protocol';

const PAGE_SIZE = 50;

export class History {
  threads: readonly ThreadMetadata[] = [];
  isOpen = false;
  isLoading = false;
  failure: Error | null = null;
  #after: string | null = null;
  #hasMore = true;
  #reading = 0;
  /** What happened while a page was on its way, which the page may be too old for; null for what was deleted. */
  #meanwhile = new Map<string, ThreadMetadata | null>();
  #begun: readonly string[] = [];

  constructor(
    private readonly client: () => Client,
    private readonly changed: () => void,
    private readonly failed: (error: Error) => void,
    private readonly tell: (name: string) => void,
  ) {}

  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Show the list, and read it again. */
  open(): void {
    if (this.isOpen) return;
    this.isOpen = true;
    void this.refresh();
    this.tell('history.open');
    this.changed();
  }

  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.tell('history.close');
    this.changed();
  }

  /** Read the first page again; what is shown stays until it is there. */
  async refresh(): Promise<void> {
    await this.#read(null);
  }

  async loadMore(): Promise<void> {
    if (this.#hasMore && !this.isLoading) await this.#read(this.#after);
  }

  async #read(from: string | null): Promise<void> {
    const reading = ++this.#reading;
    this.isLoading = true;
    this.failure = null;
    this.#meanwhile.clear();
    this.#begun = [];
    this.changed();
    try {
      const page = await this.client().ask('threads.list', {
        limit: PAGE_SIZE,
        order: 'desc',
        ...(from === null ? {} : { after: from }),
      });
      if (reading !== this.#reading) return;
      const shown = from === null ? this.threads.filter(({ id }) => this.#begun.includes(id)) : this.threads;
      const known = new Set(shown.map((thread) => thread.id));
      const added = page.data.filter(({ id }) => !known.has(id) && this.#meanwhile.get(id) !== null);
      this.threads = [...shown, ...added.map((thread) => this.#meanwhile.get(thread.id) ?? metadataOf(thread))];
      this.#after = page.after ?? page.data.at(-1)?.id ?? null;
      // The same page would be asked for again and again.
      this.#hasMore = page.has_more && this.#after !== null && this.#after !== from;
    } catch (error) {
      if (reading !== this.#reading) return;
      this.failure = asError(error);
      this.failed(this.failure);
    } finally {
      if (reading === this.#reading) {
        this.isLoading = false;
        this.changed();
      }
    }
  }

  /** Put a new thread first. */
  add(thread: Thread): void {
    const others = this.threads.filter((other) => other.id !== thread.id);
    this.threads = [metadataOf(thread), ...others];
    this.#begun = [thread.id, ...this.#begun];
    this.changed();
  }

  /** Show what has changed of a thread. One that is not in the list was deleted, or is yet to be read. */
  note(thread: Thread | ThreadMetadata): void {
    const metadata = 'items' in thread ? metadataOf(thread) : thread;
    this.threads = this.threads.map((other) => (other.id === metadata.id ? metadata : other));
    this.#meanwhile.set(metadata.id, metadata);
    this.changed();
  }

  /** Change the title at once, and back where the server refuses. */
  async rename(threadId: string, title: string): Promise<ThreadMetadata> {
    const before = this.threads.find((thread) => thread.id === threadId);
    if (before) this.note({ ...before, title });
    try {
      const renamed = await this.client().ask('threads.update', { thread_id: threadId, title });
      const metadata = metadataOf(renamed);
      this.note(metadata);
      return metadata;
    } catch (error) {
      if (before) this.note(before);
      throw error;
    }
  }

  async remove(threadId: string): Promise<void> {
    const index = this.threads.findIndex((thread) => thread.id === threadId);
    const removed = this.threads.slice(index, index + 1);
    this.#drop(threadId);
    try {
      await this.client().ask('threads.delete', { thread_id: threadId });
      this.#drop(threadId); // a page that was asked for before may have brought it back
    } catch (error) {
      this.#drop(threadId);
      this.#meanwhile.delete(threadId);
      if (index >= 0) this.threads = this.threads.toSpliced(index, 0, ...removed);
      this.changed();
      throw error;
    }
  }

  #drop(threadId: string): void {
    this.threads = this.threads.filter((thread) => thread.id !== threadId);
    this.#meanwhile.set(threadId, null);
    this.changed();
  }
}
