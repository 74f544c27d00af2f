/** What asks the server for a response: a message, a retry, an answer, an action. */

import {
  isUnsent,
  lastUserMessage,
  upserted,
  without,
  withoutUnsent,
  type Conversation,
} from './conversation';
import { IntegrationError } from './errors';
import { inputOf, shownUntilEchoed, type OutgoingMessage } from './outgoing-message';
import type {
  Action,
  StreamingOperation,
  StructuredAnswers,
  StructuredInputItem,
  ThreadItem,
} from './protocol';
import { Response, type ResponseHost, type Slot } from './response';

export interface ResponsesHost extends ResponseHost {
  began(): void;
  over(slot: Slot): void;
}

export class Responses {
  readonly #running = new Set<Slot>();
  /** Ids of questions whose answers are on their way. */
  readonly #answering = new Set<string>();

  constructor(private readonly host: ResponsesHost) {}

  /** Whether the answer to a question is on its way. */
  isAnswering(item: ThreadItem): boolean {
    return this.#answering.has(item.id);
  }

  /** Settles when the server has the message. */
  send(slot: Slot, message: OutgoingMessage): Promise<void> {
    const { thread } = slot.conversation;
    const input = inputOf(message);
    const optimistic = shownUntilEchoed(message, thread?.id ?? '');
    slot.conversation = upserted(cleanedUp(slot.conversation), optimistic, false);
    const operation: StreamingOperation = thread
      ? { type: 'threads.add_user_message', params: { input, thread_id: thread.id } }
      : { type: 'threads.create', params: { input } };
    const again = (): void => {
      if (slot.response) return;
      const left = withoutUnsent(slot.conversation, ({ id }) => id === optimistic.id);
      slot.conversation = without(left, (item) => item.id === optimistic.id);
      void this.send(slot, message).catch(() => undefined);
    };
    return this.#begin(slot, operation, { optimistic, again }).accepted;
  }

  /** Another answer to a message of the user, by default the last; settles when it begins. */
  async retry(slot: Slot, userMessageId?: string): Promise<void> {
    if (slot.response) return;
    const before = cleanedUp(slot.conversation);
    const { thread, items } = before;
    const id = userMessageId ?? lastUserMessage(before)?.id;
    const index = items.findIndex((item) => item.id === id);
    if (!thread || !id || index < 0) return;
    const removed = items.slice(index + 1);
    // What did not reach the server stays, but not between the message and its answer.
    const unsent = removed.filter((item) => isUnsent(before, item.id));
    slot.conversation = { ...before, items: [...items.slice(0, index), ...unsent, items[index]!] };
    const undo = (): void => {
      const left = slot.conversation.items.filter((item) => !unsent.includes(item));
      slot.conversation = { ...slot.conversation, items: [...left, ...removed] };
    };
    const params = { thread_id: thread.id, item_id: id };
    await this.#begin(slot, { type: 'threads.retry_after_item', params }, { undo }).accepted;
  }

  /** Settles when the server has the answers. */
  async answer(slot: Slot, item: StructuredInputItem, input: StructuredAnswers): Promise<void> {
    const params = { thread_id: item.thread_id, item_id: item.id, input };
    slot.conversation = cleanedUp(slot.conversation);
    this.#answering.add(item.id);
    const response = this.#begin(slot, { type: 'threads.add_structured_input', params }, {});
    const over = (): void => {
      this.#answering.delete(item.id);
      this.host.changed(slot);
    };
    response.finished.then(over, over);
    await response.accepted;
  }

  /**
   * Settles when the response to the action is over.
   *
   * @throws IntegrationError - There is no thread yet.
   */
  act(slot: Slot, action: Action, itemId?: string): Promise<void> {
    const params = actionParams(slot, action, itemId);
    slot.conversation = cleanedUp(slot.conversation);
    const again = (): void => {
      if (!slot.response) void this.act(slot, action, itemId).catch(() => undefined);
    };
    return this.#begin(slot, { type: 'threads.custom_action', params }, { again }).finished;
  }

  stopAll(): void {
    for (const slot of this.#running) slot.response?.stop();
  }

  #begin(
    slot: Slot,
    operation: StreamingOperation,
    options: { optimistic?: ThreadItem; undo?: () => void; again?: () => void },
  ): Response {
    const retryLast = (): void => void this.retry(slot).catch(() => undefined);
    this.#running.add(slot);
    const response = new Response(this.host, slot, { operation, retryLast, ...options });
    this.host.began();
    const over = (): void => {
      this.#running.delete(slot);
      this.host.over(slot);
    };
    response.finished.then(over, over);
    return response;
  }
}

/** @throws IntegrationError - There is no thread yet. */
export function actionParams(
  slot: Slot,
  action: Action,
  itemId?: string,
): { item_id?: string; action: Action; thread_id: string } {
  const thread_id = slot.conversation.thread?.id;
  if (!thread_id) throw new IntegrationError('There is no thread to act on yet.', 'no_thread');
  const sent: Action = { type: action.type };
  if (action.payload !== undefined && action.payload !== null) sent.payload = action.payload;
  return itemId ? { item_id: itemId, action: sent, thread_id } : { action: sent, thread_id };
}

/** Without what told of the last attempt, and without what is in the composer again. */
function cleanedUp(conversation: Conversation): Conversation {
  const left = withoutUnsent(conversation, ({ isRestored }) => isRestored === true);
  return { ...left, notices: [], failure: null, progress: null };
}
