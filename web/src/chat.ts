/**
 * The state of one chat element, and everything that can be done to it. Knows no document: the
 * components show what is here, and call what is here.
 */

import type { Client } from './client';
import {
  emptyConversation,
  lastUserMessage,
  metadataOf,
  turnsOf,
  upserted,
  withOlder,
  without,
  type Conversation,
} from './conversation';
import { asError, IntegrationError } from './errors';
import { History } from './history';
import type {
  Action,
  InferenceOptions,
  StreamEvent,
  StreamingOperation,
  StructuredAnswers,
  StructuredInputItem,
  ThreadItem,
  UserContent,
  UserMessageInput,
  Attachment,
} from './protocol';
import { Response, type ClientTool, type ResponseHost, type Slot } from './response';

const OLDER_PAGE_SIZE = 40;

/** What the chat needs of the element around it. */
export interface ChatHost {
  client(): Client;
  clientTool(): ClientTool | undefined;
  /** Something that is shown has changed. */
  changed(): void;
  /** Tell the page, as `chatkit.NAME`. */
  tell(name: string, detail?: unknown): void;
  /** Show a short message for a while. */
  toast(message: string): void;
}

export interface OutgoingMessage {
  content: UserContent[];
  attachments: Attachment[];
  quotedText: string;
  inferenceOptions: InferenceOptions;
}

export type Feedback = 'positive' | 'negative';

export class Chat {
  readonly history: History;
  slot: Slot = newSlot();
  /** Id of the thread that is being loaded. */
  loading: string | null = null;
  loadFailure: { threadId: string; error: Error } | null = null;
  /** By each item of the assistant's side of a turn that was rated. */
  readonly feedback = new Map<string, Feedback>();

  /** What was last told to be the thread that is shown. */
  #toldThread: string | null = null;
  #opening: Promise<void> | null = null;
  readonly #loadingOlder = new Set<Slot>();
  /** Ids of questions whose answers are on their way. */
  readonly #answering = new Set<string>();
  /** Conversations that go on out of sight, by their thread. */
  readonly #elsewhere = new Map<string, Slot>();
  readonly #running = new Set<Slot>();
  readonly #responses: ResponseHost;

  constructor(private readonly host: ChatHost) {
    this.history = new History(
      () => host.client(),
      () => host.changed(),
      (error) => this.#failed(error),
    );
    this.#responses = {
      get client(): Client {
        return host.client();
      },
      clientTool: () => host.clientTool(),
      changed: () => host.changed(),
      heard: (slot, event) => this.#heard(slot, event),
      failed: (error) => this.#failed(error),
      log: (name, data) => host.tell('log', { name, data }),
    };
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
        !this.#answering.has(item.id),
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
    await this.#sent(this.slot, message);
  }

  #sent(slot: Slot, message: OutgoingMessage): Promise<void> {
    const { thread } = slot.conversation;
    const input: UserMessageInput = {
      content: message.content,
      quoted_text: message.quotedText,
      attachments: message.attachments.map((attachment) => attachment.id),
      inference_options: message.inferenceOptions,
    };
    const optimistic = shownUntilEchoed(message, thread?.id ?? '');
    slot.conversation = upserted(cleanedUp(slot.conversation), optimistic, false);
    const operation: StreamingOperation = thread
      ? { type: 'threads.add_user_message', params: { input, thread_id: thread.id } }
      : { type: 'threads.create', params: { input } };
    const again = (): void => {
      if (slot.response) return;
      slot.conversation = without(slot.conversation, (item) => item.id === optimistic.id);
      void this.#sent(slot, message).catch(() => undefined);
    };
    return this.#respond(slot, operation, { optimistic, again }).accepted;
  }

  /** End the response that is shown; what is there stays. */
  stop(): void {
    this.slot.response?.stop();
  }

  /** Ask for another answer to a message of the user, by default the last. */
  async retry(userMessageId?: string): Promise<void> {
    this.#requireIdle();
    await this.#retried(this.slot, userMessageId);
  }

  async #retried(slot: Slot, userMessageId?: string): Promise<void> {
    if (slot.response) return;
    const before = cleanedUp(slot.conversation);
    const { thread, items } = before;
    const id = userMessageId ?? lastUserMessage(before)?.id;
    const index = items.findIndex((item) => item.id === id);
    if (!thread || !id || index < 0) return;
    slot.conversation = { ...before, items: items.slice(0, index + 1) };
    const undo = (): void => {
      const { conversation } = slot;
      const removed = items.slice(index + 1);
      slot.conversation = { ...conversation, items: [...conversation.items, ...removed] };
    };
    const params = { thread_id: thread.id, item_id: id };
    await this.#respond(slot, { type: 'threads.retry_after_item', params }, { undo }).accepted;
  }

  /** Answer the assistant's questions. */
  async answer(item: StructuredInputItem, input: StructuredAnswers): Promise<void> {
    this.#requireIdle();
    const params = { thread_id: item.thread_id, item_id: item.id, input };
    const { slot } = this;
    slot.conversation = cleanedUp(slot.conversation);
    this.#answering.add(item.id);
    const response = this.#respond(slot, { type: 'threads.add_structured_input', params }, {});
    const over = (): void => {
      this.#answering.delete(item.id);
      this.host.changed();
    };
    response.finished.then(over, over);
    await response.accepted;
  }

  /**
   * Run an action on the server, with a whole response; settles when that is over.
   *
   * @throws IntegrationError - The chat is busy, or has no thread yet.
   */
  async act(action: Action, itemId?: string): Promise<void> {
    this.#requireIdle();
    await this.#acted(this.slot, action, itemId);
  }

  #acted(slot: Slot, action: Action, itemId?: string): Promise<void> {
    const params = this.#actionParams(slot, action, itemId);
    slot.conversation = cleanedUp(slot.conversation);
    const again = (): void => {
      if (!slot.response) void this.#acted(slot, action, itemId).catch(() => undefined);
    };
    return this.#respond(slot, { type: 'threads.custom_action', params }, { again }).finished;
  }

  /** Run an action on the server that answers with at most one changed item. */
  async actQuietly(action: Action, itemId?: string): Promise<void> {
    const { slot } = this;
    const params = this.#actionParams(slot, action, itemId);
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

  #actionParams(
    slot: Slot,
    action: Action,
    itemId?: string,
  ): { item_id?: string; action: Action; thread_id: string } {
    const thread_id = slot.conversation.thread?.id;
    if (!thread_id) throw new IntegrationError('There is no thread to act on yet.', 'no_thread');
    const sent: Action = { type: action.type };
    if (action.payload) sent.payload = action.payload;
    return itemId ? { item_id: itemId, action: sent, thread_id } : { action: sent, thread_id };
  }

  #respond(
    slot: Slot,
    operation: StreamingOperation,
    options: { optimistic?: ThreadItem; undo?: () => void; again?: () => void },
  ): Response {
    const retryLast = (): void => void this.#retried(slot).catch(() => undefined);
    this.#running.add(slot);
    const response = new Response(this.#responses, slot, { operation, retryLast, ...options });
    this.host.tell('response.start');
    this.host.changed();
    const over = (): void => {
      this.#running.delete(slot);
      const id = slot.conversation.thread?.id;
      if (id && this.#elsewhere.get(id) === slot) this.#elsewhere.delete(id);
      this.host.tell('response.end');
      this.host.changed();
    };
    response.finished.then(over, over);
    return response;
  }

  #heard(slot: Slot, event: StreamEvent): void {
    switch (event.type) {
      case 'thread.created':
        this.history.add(event.thread);
        if (slot === this.slot) this.#tellThread(event.thread.id);
        else this.#elsewhere.set(event.thread.id, slot);
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
    const known = this.#elsewhere.get(threadId);
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
      const conversation = await this.#loaded(threadId);
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

  /** The newest items of a thread. What comes with the thread itself are its oldest. */
  async #loaded(threadId: string): Promise<Conversation> {
    const thread = await this.host.client().ask('threads.get_by_id', { thread_id: threadId });
    const whole = { ...emptyConversation(metadataOf(thread)), items: thread.items.data };
    if (!thread.items.has_more) return whole;
    const newest = await this.#olderPage(threadId, null);
    return { ...whole, items: newest.items, olderAfter: newest.after };
  }

  /** Read the items before those that are there. */
  async loadOlder(): Promise<void> {
    const { slot, threadId } = this;
    const from = slot.conversation.olderAfter;
    if (from === null || threadId === null || this.isLoadingOlder) return;
    this.#loadingOlder.add(slot);
    this.host.changed();
    try {
      const page = await this.#olderPage(threadId, from);
      slot.conversation = withOlder(slot.conversation, page.items, page.after);
    } catch (error) {
      this.#failed(asError(error));
    } finally {
      this.#loadingOlder.delete(slot);
      this.host.changed();
    }
  }

  async #olderPage(
    threadId: string,
    after: string | null,
  ): Promise<{ items: ThreadItem[]; after: string | null }> {
    let cursor = after;
    while (true) {
      const page = await this.host.client().ask('items.list', {
        thread_id: threadId,
        limit: OLDER_PAGE_SIZE,
        order: 'desc',
        ...(cursor === null ? {} : { after: cursor }),
      });
      const last = page.has_more ? (page.after ?? page.data.at(-1)?.id ?? null) : null;
      // The same cursor again would bring the same page again.
      const next = last === cursor ? null : last;
      // Hidden items are left out of a page, so it can be empty though there are more.
      if (page.data.length > 0 || next === null) {
        return { items: page.data.toReversed(), after: next };
      }
      cursor = next;
    }
  }

  /** Read the thread again, and show what has changed. */
  async fetchUpdates(): Promise<void> {
    this.#requireIdle();
    const { slot, threadId } = this;
    if (threadId === null) return;
    const newest = slot.conversation.items.at(-1);
    const fresh = await this.#orTold(this.#loaded(threadId));
    const { items, unsent } = slot.conversation;
    // A response that came in between has told more than was read.
    if (slot.response || items.at(-1) !== newest) return;
    const first = fresh.olderAfter === null ? undefined : fresh.items[0];
    const reach = items.findIndex((item) => item.id === first?.id);
    const older = items.slice(0, Math.max(reach, 0));
    slot.conversation = {
      ...slot.conversation,
      thread: fresh.thread,
      items: [...older, ...fresh.items, ...items.filter((item) => item.id === unsent?.id)],
      olderAfter: older.length > 0 ? slot.conversation.olderAfter : fresh.olderAfter,
    };
    if (fresh.thread) this.history.note(fresh.thread);
    this.host.changed();
  }

  async rename(threadId: string, title: string): Promise<void> {
    const renamed = await this.#orTold(this.history.rename(threadId, title));
    for (const slot of [this.slot, ...this.#elsewhere.values()]) {
      if (slot.conversation.thread?.id === threadId) {
        slot.conversation = { ...slot.conversation, thread: renamed };
      }
    }
    this.host.changed();
  }

  async remove(threadId: string): Promise<void> {
    await this.#orTold(this.history.remove(threadId));
    this.#elsewhere.get(threadId)?.response?.stop();
    if (this.threadId !== threadId) return;
    this.slot.response?.stop();
    this.startNew();
  }

  // Items

  /** Rate the assistant's side of a turn; the same again changes nothing. */
  async rate(items: readonly ThreadItem[], kind: Feedback): Promise<void> {
    const threadId = this.threadId;
    const before = this.ratingOf(items);
    if (items.length === 0 || !threadId || before === kind) return;
    this.#setRating(items, kind);
    this.host.changed();
    try {
      const item_ids = items.filter((item) => item.type !== 'end_of_turn').map((item) => item.id);
      await this.host.client().ask('items.feedback', { thread_id: threadId, item_ids, kind });
    } catch (error) {
      if (this.ratingOf(items) === kind) this.#setRating(items, before);
      this.#failed(asError(error));
      this.host.changed();
      throw error;
    }
  }

  /** How a turn was rated; what came to it later changes nothing. */
  ratingOf(items: readonly ThreadItem[]): Feedback | undefined {
    const rated = items.find((item) => this.feedback.has(item.id));
    return rated && this.feedback.get(rated.id);
  }

  #setRating(items: readonly ThreadItem[], kind: Feedback | undefined): void {
    for (const { id } of items) {
      if (kind) this.feedback.set(id, kind);
      else this.feedback.delete(id);
    }
  }

  /** The text of a turn, as Markdown. */
  textOf(items: readonly ThreadItem[]): string {
    const texts = items.flatMap((item) => {
      if (item.type === 'assistant_message') return item.content.map((part) => part.text);
      return item.type === 'widget' && item.copy_text ? [item.copy_text] : [];
    });
    return texts.filter((text) => text.trim()).join('\n\n');
  }

  turns(): ReturnType<typeof turnsOf> {
    return turnsOf(this.conversation.items);
  }

  dismissNotice(key: number): void {
    const notices = this.conversation.notices.filter((notice) => notice.key !== key);
    this.slot.conversation = { ...this.conversation, notices };
    this.host.changed();
  }

  /** End every stream: the element is gone, or talks to another server now. */
  abandon(): void {
    for (const slot of this.#running) slot.response?.stop();
    this.#elsewhere.clear();
  }

  #show(slot: Slot): void {
    const { thread, ...left } = this.slot.conversation;
    if (this.slot.response && thread) this.#elsewhere.set(thread.id, this.slot);
    this.slot.conversation = { ...left, thread, notices: [] };
    this.slot = slot;
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

function newSlot(): Slot {
  return { conversation: emptyConversation(), response: null };
}

/** Without what told of the last attempt, and what was left of it. */
function cleanedUp(conversation: Conversation): Conversation {
  const { unsent } = conversation;
  const left = without(conversation, (item) => item.id === unsent?.id);
  return { ...left, notices: [], failure: null, unsent: null, progress: null };
}

let lastLocalId = 0;

function shownUntilEchoed(message: OutgoingMessage, threadId: string): ThreadItem {
  return {
    type: 'user_message',
    id: `local-${++lastLocalId}`,
    thread_id: threadId,
    created_at: new Date().toISOString(),
    content: message.content,
    attachments: message.attachments,
    quoted_text: message.quotedText,
    inference_options: message.inferenceOptions,
  };
}
