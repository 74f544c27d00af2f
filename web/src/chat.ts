/**
 * The state of one chat element, and everything that can be done to it. Knows no document: the
 * components show what is here, and call what is here.
 */

import type { Client } from './client';
import { isUnsent, upserted, withOlder, type Conversation } from './conversation';
import { asError, IntegrationError } from './errors';
import { History } from './history';
import type { OutgoingMessage } from './outgoing-message';
import type { Action, StreamEvent, StructuredAnswers, StructuredInputItem } from './protocol';
import { Ratings } from './ratings';
import type { ClientTool, Slot } from './response';
import { actionParams, Responses } from './responses';
import { newSlot, Slots } from './slots';
import { readOlder, readThread } from './stored-thread';

/** What the chat needs of the element around it. */
export interface ChatHost {
  client(): Client;
  clientTool(): ClientTool | undefined;
  /** Something that is shown has changed. */
  changed(): void;
  /** Tell the page, as `chatkit.NAME`. */
  tell(name: string, detail?: unknown): void;
}

export class Chat {
  readonly history: History;
  readonly ratings: Ratings;
  /** Id of the thread that is being loaded. */
  loading: string | null = null;
  loadFailure: { threadId: string; error: Error } | null = null;

  readonly #slots = new Slots();
  readonly #responses: Responses;
  /** What was last told to be the thread that is shown. */
  #toldThread: string | null = null;
  #opening: Promise<void> | null = null;
  readonly #loadingOlder = new Set<Slot>();
  readonly #olderFailed = new WeakSet<Slot>();

  constructor(private readonly host: ChatHost) {
    const client = (): Client => host.client();
    const changed = (): void => host.changed();
    const failed = (error: Error): void => this.#failed(error);
    this.history = new History(client, changed, failed, (name) => host.tell(name));
    this.ratings = new Ratings(client, changed, failed);
    this.#responses = new Responses({
      client,
      changed,
      failed,
      clientTool: () => host.clientTool(),
      began: () => {
        host.tell('response.start');
        host.changed();
      },
      over: (slot) => {
        this.#slots.rested(slot);
        host.tell('response.end');
        host.changed();
      },
      heard: (slot, event) => this.#heard(slot, event),
      log: (name, data) => host.tell('log', { name, data }),
    });
  }

  /** The conversation that is shown, and its response. */
  get slot(): Slot {
    return this.#slots.shown;
  }

  get conversation(): Conversation {
    return this.slot.conversation;
  }

  get threadId(): string | null {
    return this.conversation.thread?.id ?? null;
  }

  get isResponding(): boolean {
    return this.slot.response !== null;
  }

  get isBusy(): boolean {
    return this.isResponding || this.loading !== null;
  }

  get isLoadingOlder(): boolean {
    return this.#loadingOlder.has(this.slot);
  }

  /** Whether older items could not be read, and wait for somebody who wants them. */
  get hasOlderFailed(): boolean {
    return this.#olderFailed.has(this.slot);
  }

  get canStop(): boolean {
    return this.slot.response?.allowCancel ?? false;
  }

  /** Whether the thread takes messages. */
  get isOpen(): boolean {
    const status = this.conversation.thread?.status?.type;
    return status !== 'locked' && status !== 'closed';
  }

  /** The question that the assistant waits for an answer to. */
  get waitingInput(): StructuredInputItem | null {
    const pending = this.conversation.items.findLast(
      (item): item is StructuredInputItem =>
        item.type === 'structured_input' &&
        item.status === 'pending' &&
        !this.#responses.isAnswering(item),
    );
    return pending ?? null;
  }

  // Messages

  /**
   * Send a message; settles when the server has it.
   *
   * @throws IntegrationError - The chat is busy, or the thread takes none.
   */
  async send(message: OutgoingMessage, options: { newThread?: boolean } = {}): Promise<void> {
    this.#requireIdle();
    if (options.newThread) this.startNew();
    if (!this.isOpen) {
      throw new IntegrationError('This thread takes no messages.', 'not_active');
    }
    this.loadFailure = null;
    await this.#responses.send(this.slot, message);
  }

  /** A message that did not reach the server is in the composer again: what is sent next replaces it. */
  restored(message: OutgoingMessage): void {
    const { conversation } = this.slot;
    const shown = conversation.items.find(
      (item) => item.type === 'user_message' && item.content === message.content,
    );
    const unsent = conversation.unsent.map((one) => (one.id === shown?.id ? { ...one, isRestored: true } : one));
    this.slot.conversation = { ...conversation, unsent };
  }

  /** End the response that is shown; what is there stays. */
  stop(): void {
    this.slot.response?.stop();
  }

  /** Ask for another answer to a message of the user, by default the last. */
  async retry(userMessageId?: string): Promise<void> {
    this.#requireIdle();
    await this.#responses.retry(this.slot, userMessageId);
  }

  /** Answer the assistant's questions. */
  async answer(item: StructuredInputItem, input: StructuredAnswers): Promise<void> {
    this.#requireIdle();
    await this.#responses.answer(this.slot, item, input);
  }

  /**
   * Run an action on the server, with a whole response; settles when that is over.
   *
   * @throws IntegrationError - The chat is busy, or has no thread yet.
   */
  async act(action: Action, itemId?: string): Promise<void> {
    this.#requireIdle();
    await this.#responses.act(this.slot, action, itemId);
  }

  /** Run an action on the server that answers with at most one changed item. */
  async actQuietly(action: Action, itemId?: string): Promise<void> {
    const { slot } = this;
    const params = actionParams(slot, action, itemId);
    try {
      const { updated_item: item } = await this.host.client().ask('threads.sync_custom_action', params);
      if (item) {
        slot.conversation = upserted(slot.conversation, item, slot.conversation.pending.has(item.id));
      }
    } catch (error) {
      this.#failed(asError(error));
      throw error;
    } finally {
      this.host.changed();
    }
  }

  #heard(slot: Slot, event: StreamEvent): void {
    switch (event.type) {
      case 'thread.created':
        this.history.add(event.thread);
        this.#slots.began(event.thread.id, slot);
        if (slot === this.slot) this.#tellThread(event.thread.id);
        break;
      case 'thread.updated':
        this.history.note(event.thread);
        break;
      case 'client_effect':
        this.host.tell('effect', { name: event.name, data: event.data ?? {} });
        break;
      default:
        break;
    }
  }

  // Threads

  /** Begin a conversation that has no thread yet. */
  startNew(): void {
    this.#show(newSlot());
    this.#tellThread(null);
    this.host.changed();
  }

  /**
   * Show a thread.
   *
   * @throws Error - It cannot be loaded. The last one that is asked for wins.
   */
  async open(threadId: string): Promise<void> {
    if (threadId === this.threadId) return;
    if (threadId === this.loading && this.#opening) return this.#opening;
    const known = this.#slots.elsewhere(threadId);
    if (known) {
      this.#show(known);
      this.#tellThread(threadId);
      this.host.changed();
      return;
    }
    this.#opening = this.#opened(threadId);
    await this.#opening;
  }

  async #opened(threadId: string): Promise<void> {
    const slot = newSlot();
    this.#show(slot);
    this.loading = threadId;
    this.host.tell('thread.load.start', { threadId });
    this.host.changed();
    try {
      const conversation = await readThread(this.host.client(), threadId);
      if (this.slot !== slot) return;
      slot.conversation = conversation;
      this.#tellThread(threadId);
    } catch (error) {
      if (this.slot !== slot) return;
      this.loadFailure = { threadId, error: asError(error) };
      this.#failed(asError(error));
      throw error;
    } finally {
      if (this.slot === slot) {
        this.loading = null;
        this.host.tell('thread.load.end', { threadId });
        this.host.changed();
      }
    }
  }

  /** Read the items before those that are there. */
  async loadOlder(): Promise<void> {
    const { slot, threadId } = this;
    const from = slot.conversation.olderAfter;
    if (from === null || threadId === null || this.isLoadingOlder) return;
    this.#loadingOlder.add(slot);
    this.#olderFailed.delete(slot);
    this.host.changed();
    try {
      const page = await readOlder(this.host.client(), threadId, from);
      // The thread can have been read again meanwhile, so that these are not what comes before it.
      if (slot.conversation.olderAfter !== from) return;
      slot.conversation = withOlder(slot.conversation, page.items, page.after);
    } catch (error) {
      this.#olderFailed.add(slot);
      this.#failed(asError(error));
    } finally {
      this.#loadingOlder.delete(slot);
      this.host.changed();
    }
  }

  /** Read the thread again, and show what has changed. */
  async fetchUpdates(): Promise<void> {
    this.#requireIdle();
    const { slot, threadId } = this;
    if (threadId === null) return;
    const newest = slot.conversation.items.at(-1);
    const fresh = await this.#orTold(readThread(this.host.client(), threadId));
    const { items } = slot.conversation;
    // A response that came in between has told more than was read.
    if (slot.response || items.at(-1) !== newest) return;
    const first = fresh.olderAfter === null ? undefined : fresh.items[0];
    const reach = items.findIndex((item) => item.id === first?.id);
    const older = items.slice(0, Math.max(reach, 0));
    slot.conversation = {
      ...slot.conversation,
      thread: fresh.thread,
      items: [...older, ...fresh.items, ...items.filter((item) => isUnsent(slot.conversation, item.id))],
      olderAfter: older.length > 0 ? slot.conversation.olderAfter : fresh.olderAfter,
    };
    if (fresh.thread) this.history.note(fresh.thread);
    this.host.changed();
  }

  async rename(threadId: string, title: string): Promise<void> {
    const renamed = await this.#orTold(this.history.rename(threadId, title));
    for (const slot of this.#slots.of(threadId)) {
      slot.conversation = { ...slot.conversation, thread: renamed };
    }
    this.host.changed();
  }

  async remove(threadId: string): Promise<void> {
    await this.#orTold(this.history.remove(threadId));
    for (const slot of this.#slots.of(threadId)) slot.response?.stop();
    if (this.threadId === threadId) this.startNew();
    this.#slots.forget(threadId);
  }

  dismissNotice(key: number): void {
    const notices = this.conversation.notices.filter((notice) => notice.key !== key);
    this.slot.conversation = { ...this.conversation, notices };
    this.host.changed();
  }

  /** End every stream: the element is gone, or talks to another server now. */
  abandon(): void {
    this.#responses.stopAll();
    this.#slots.forgetElsewhere();
  }

  #show(slot: Slot): void {
    this.#slots.show(slot);
    this.loadFailure = null;
    // The thread that is not waited for any longer.
    const superseded = this.loading;
    this.loading = null;
    if (superseded !== null) this.host.tell('thread.load.end', { threadId: superseded });
  }

  #tellThread(threadId: string | null): void {
    if (threadId === this.#toldThread) return;
    this.#toldThread = threadId;
    this.host.tell('thread.change', { threadId });
  }

  #requireIdle(): void {
    if (this.isResponding) throw new IntegrationError('A response is running.', 'busy');
    if (this.loading !== null) throw new IntegrationError('A thread is being loaded.', 'busy');
  }

  #failed(error: Error): void {
    this.host.tell('error', { error });
  }

  async #orTold<T>(done: Promise<T>): Promise<T> {
    try {
      return await done;
    } catch (error) {
      this.#failed(asError(error));
      throw error;
    }
  }
}
