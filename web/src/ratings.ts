/** How the user rates the assistant's side of a turn. */

import type { Client } from './client';
import { asError } from './errors';
import type { ThreadItem } from './protocol';

export type Feedback = 'positive' | 'negative';

export class Ratings {
  /** By each item of a turn that was rated. */
  readonly #kinds = new Map<string, Feedback>();

  constructor(
    private readonly client: () => Client,
    private readonly changed: () => void,
    private readonly failed: (error: Error) => void,
  ) {}

  /** How a turn was rated; what came to it later changes nothing. */
  of(items: readonly ThreadItem[]): Feedback | undefined {
    const rated = items.find((item) => this.#kinds.has(item.id));
    return rated && this.#kinds.get(rated.id);
  }

  /** Rate a turn of a thread; the same again changes nothing. */
  async rate(threadId: string, items: readonly ThreadItem[], kind: Feedback): Promise<void> {
    const before = this.of(items);
    if (items.length === 0 || before === kind) return;
    this.#set(items, kind);
    this.changed();
    try {
      const item_ids = items.filter((item) => item.type !== 'end_of_turn').map((item) => item.id);
      await this.client().ask('items.feedback', { thread_id: threadId, item_ids, kind });
    } catch (error) {
      if (this.of(items) === kind) this.#set(items, before);
      this.failed(asError(error));
      this.changed();
      throw error;
    }
  }

  #set(items: readonly ThreadItem[], kind: Feedback | undefined): void {
    for (const { id } of items) {
      if (kind) this.#kinds.set(id, kind);
      else this.#kinds.delete(id);
    }
  }
}
