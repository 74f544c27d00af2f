/** The conversations that are here: the one that is shown, and those that go on or wait out of sight. */

import { emptyConversation } from './conversation';
import type { Slot } from './response';

export class Slots {
  shown: Slot = newSlot();
  /** By the ids of their threads. */
  readonly #elsewhere = new Map<string, Slot>();

  /** Show a conversation in the place of another, which is kept if it has more than the server. */
  show(slot: Slot): void {
    const before = this.shown;
    const { thread, unsent } = before.conversation;
    if (thread && (before.response || unsent.length > 0)) this.#elsewhere.set(thread.id, before);
    before.conversation = { ...before.conversation, notices: [] };
    this.shown = slot;
  }

  /** A conversation has got its thread. */
  began(threadId: string, slot: Slot): void {
    if (slot !== this.shown) this.#elsewhere.set(threadId, slot);
  }

  /** The response of a conversation is over. */
  rested(slot: Slot): void {
    const id = slot.conversation.thread?.id;
    // The server has nothing of a message that did not reach it.
    if (slot.conversation.unsent.length > 0) return;
    if (id && this.#elsewhere.get(id) === slot) this.#elsewhere.delete(id);
  }

  /** The conversation of a thread that is kept out of sight. */
  elsewhere(threadId: string): Slot | undefined {
    return this.#elsewhere.get(threadId);
  }

  /** The thread is no more. */
  forget(threadId: string): void {
    this.#elsewhere.delete(threadId);
  }

  forgetElsewhere(): void {
    this.#elsewhere.clear();
  }

  /** All that show a thread, in sight or not. */
  of(threadId: string): Slot[] {
    const all = [this.shown, ...this.#elsewhere.values()];
    return all.filter((slot) => slot.conversation.thread?.id === threadId);
  }
}

export function newSlot(): Slot {
  return { conversation: emptyConversation(), response: null };
}
