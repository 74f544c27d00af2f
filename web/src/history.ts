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

  constructor(
    private readonly client: () => Client,
    private readonly changed: () => void,
    private readonly failed: (error: Error) => void,
  ) {}

  get hasMore(): boolean {
    return this.#hasMore;
  }

  /** Read the first page again; what is shown stays until it is there. */
  async refresh(): Promise<void> {
    this.#after = null;
    this.#hasMore = true;
    await this.#read([]);
  }

  async loadMore(): Promise<void> {
    if (this.#hasMore && !this.isLoading) await this.#read(this.threads);
  }

  async #read(before: readonly ThreadMetadata[]): Promise<void> {
    const reading = ++this.#reading;
    this.isLoading = true;
    this.failure = null;
    this.changed();
    try {
      const after = this.#after === null ? {} : { after: this.#after };
      const page = await this.client().ask('threads.list', {
        limit: PAGE_SIZE,
        order: 'desc',
        ...after,
      });
      if (reading !== this.#reading) return;
      const known = new Set(before.map((thread) => thread.id));
      const added = page.data.filter((thread) => !known.has(thread.id)).map(metadataOf);
      this.threads = [...before, ...added];
      this.#after = page.after ?? page.data.at(-1)?.id ?? null;
      // A page that brings nothing new would be asked for again and again.
      this.#hasMore = page.has_more && added.length > 0;
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

  /** Put a thread where it was, or first where it is new. */
  note(thread: Thread | ThreadMetadata): void {
    const metadata = 'items' in thread ? metadataOf(thread) : thread;
    const index = this.threads.findIndex((other) => other.id === metadata.id);
    this.threads =
      index < 0 ? [metadata, ...this.threads] : this.threads.with(index, metadata);
    this.changed();
  }

  /** Change the title at once, and back where the server refuses. */
  async rename(threadId: string, title: string): Promise<ThreadMetadata> {
    const before = this.threads;
    this.threads = before.map((thread) => (thread.id === threadId ? { ...thread, title } : thread));
    this.changed();
    try {
      const renamed = await this.client().ask('threads.update', { thread_id: threadId, title });
      const metadata = metadataOf(renamed);
      this.note(metadata);
      return metadata;
    } catch (error) {
      this.threads = before;
      this.changed();
      throw error;
    }
  }

  async remove(threadId: string): Promise<void> {
    const before = this.threads;
    this.threads = before.filter((thread) => thread.id !== threadId);
    this.changed();
    try {
      await this.client().ask('threads.delete', { thread_id: threadId });
    } catch (error) {
      this.threads = before;
      this.changed();
      throw error;
    }
  }
}
