/**
 * One response of the server: a stream of events, and those that follow it when the assistant asks
 * the page to run a tool. It ends exactly once, whatever comes in between.
 */

import { unlessAborted, type Client } from './client';
import { after, isKnownItem, lastUserMessage, settled, type Conversation } from './conversation';
import { asError, IntegrationError, RequestFailure } from './errors';
import type { ClientToolCallItem, StreamEvent, StreamingOperation, ThreadItem } from './protocol';

export type ClientTool = (call: {
  name: string;
  params: Record<string, unknown>;
}) => Promise<Record<string, unknown>> | Record<string, unknown>;

/** What a response writes to: the conversation that it belongs to, shown or not. */
export interface Slot {
  conversation: Conversation;
  response: Response | null;
}

export interface ResponseHost {
  client(): Client;
  /** Looked up at each call; undefined where the page runs no tools. */
  clientTool(): ClientTool | undefined;
  /** The conversation of `slot` changed. */
  changed(slot: Slot): void;
  /** An event came that concerns more than the conversation. */
  heard(slot: Slot, event: StreamEvent): void;
  failed(error: Error): void;
  /** Something is ignored. */
  log(name: string, data: Record<string, unknown>): void;
}

export interface ResponseRequest {
  operation: StreamingOperation;
  /** The message that is shown until the server's own comes. */
  optimistic?: ThreadItem;
  /** Puts back what was taken away before the server has accepted the operation. */
  undo?: () => void;
  /** What a click on Retry does where asking for another answer would be wrong. */
  again?: () => void;
  /** Asks for another answer to the last message of the user. */
  retryLast: () => void;
}

export class Response {
  /** Whether Stop is offered. */
  allowCancel = false;
  /** Settles at the first event of the answer: with a message, when the server has echoed it. */
  readonly accepted: Promise<void>;
  /** Settles when the response is over; rejected where it failed. */
  readonly finished: Promise<void>;

  readonly #abort = new AbortController();
  #accept!: () => void;
  #refuse!: (error: Error) => void;
  #isAccepted = false;
  /** Whether this has gone on from the operation to the output of a tool. */
  #isContinued = false;
  #failure: Error | null = null;

  constructor(
    private readonly host: ResponseHost,
    private readonly slot: Slot,
    private readonly request: ResponseRequest,
  ) {
    this.accepted = new Promise((resolve, reject) => {
      this.#accept = resolve;
      this.#refuse = reject;
    });
    slot.response = this;
    this.finished = this.#run();
    // Whoever started it may wait for neither.
    this.accepted.catch(() => undefined);
    this.finished.catch(() => undefined);
  }

  /** End it and keep what is there, as the server does. */
  stop(): void {
    this.#abort.abort(stopped());
  }

  get #isStopped(): boolean {
    return this.#abort.signal.aborted;
  }

  async #run(): Promise<void> {
    try {
      let operation: StreamingOperation | null = this.request.operation;
      while (operation) operation = await this.#streamed(operation);
    } catch (error) {
      // Of two failures the first tells more: the server's own words.
      if (!this.#isStopped && !this.#failure) this.#fail(asError(error));
    }
    if (this.#isStopped && !this.#isAccepted) this.#markUnsent();
    this.slot.response = null;
    this.slot.conversation = settled(this.slot.conversation);
    this.host.changed(this.slot);
    if (!this.#isAccepted) this.#refuse(this.#failure ?? stopped());
    if (this.#failure) throw this.#failure;
  }

  /** Takes one stream in; what has to be sent next. */
  async #streamed(operation: StreamingOperation): Promise<StreamingOperation | null> {
    let call: ClientToolCallItem | null = null;
    let isFailed = false;
    for await (const event of this.host.client().stream(operation, this.#abort.signal)) {
      if (this.#isStopped) return null;
      this.#take(event);
      call = pendingCall(event) ?? call;
      isFailed ||= event.type === 'error';
    }
    if (isFailed) return null;
    // A server that echoes nothing has taken the message nevertheless.
    this.#accepts();
    // What is not there any more was taken back.
    return call && this.slot.conversation.items.includes(call) ? this.#withOutput(call) : null;
  }

  #take(event: StreamEvent): void {
    if (!this.request.optimistic) this.#accepts();
    if (event.type === 'stream_options') {
      this.allowCancel = event.stream_options.allow_cancel;
    } else if (event.type === 'error') {
      this.#told(event);
    } else {
      this.slot.conversation = this.#withEvent(event);
    }
    this.host.heard(this.slot, event);
    this.host.changed(this.slot);
  }

  #withEvent(event: StreamEvent): Conversation {
    const { conversation } = this.slot;
    const { optimistic } = this.request;
    if (optimistic && !this.#isAccepted && isUserMessage(event)) {
      this.#accepts();
      const items = conversation.items.map((item) => (item.id === optimistic.id ? event.item : item));
      return { ...conversation, items };
    }
    const next = after(conversation, event);
    if (event.type === 'thread.item.updated' && next === conversation) {
      this.host.log('stream.ignored_update', { type: event.update.type });
    } else if ('item' in event && !isKnownItem(event.item)) {
      this.host.log('stream.unknown_item', { type: event.item.type });
    }
    return next;
  }

  #accepts(): void {
    if (this.#isAccepted) return;
    this.#isAccepted = true;
    this.#accept();
  }

  #told(event: Extract<StreamEvent, { type: 'error' }>): void {
    const message = event.message ?? undefined;
    const error = new IntegrationError(message ?? `The server failed: ${event.code}.`, 'response_failed');
    this.#failure = error;
    const retry = event.allow_retry ? this.#retry() : undefined;
    this.slot.conversation = { ...this.slot.conversation, failure: { message, retry } };
    this.host.failed(error);
  }

  /** What a click on Retry does. A message that the server has would be there twice if sent again. */
  #retry(): (() => void) | undefined {
    const { optimistic, again, retryLast } = this.request;
    const isPast = this.#isContinued || (optimistic && this.#isAccepted);
    if (again && !isPast) return again;
    return lastUserMessage(this.slot.conversation) ? retryLast : undefined;
  }

  #fail(error: Error): void {
    this.#failure = error;
    const message = error instanceof RequestFailure && error.told ? error.message : undefined;
    if (!this.#isAccepted) this.request.undo?.();
    if (this.#isAccepted || !this.request.optimistic) {
      const failure = { message, interrupted: this.#isAccepted, retry: this.#retry() };
      this.slot.conversation = { ...this.slot.conversation, failure };
    } else {
      this.#markUnsent(message);
    }
    this.host.failed(error);
  }

  #markUnsent(message?: string): void {
    const { optimistic, again, retryLast } = this.request;
    if (!optimistic) return;
    const { conversation } = this.slot;
    const failed = { id: optimistic.id, message, retry: again ?? retryLast };
    this.slot.conversation = { ...conversation, unsent: [...conversation.unsent, failed] };
  }

  /** Runs the page's tool; the operation that tells the server what it gave. */
  async #withOutput(call: ClientToolCallItem): Promise<StreamingOperation | null> {
    // A tool that is still running must not keep Stop from ending this.
    const result = await unlessAborted(this.#toolResult(call), this.#abort.signal);
    this.#isContinued = true;
    const done: ThreadItem = { ...call, status: 'completed', output: result };
    this.slot.conversation = after(this.slot.conversation, { type: 'thread.item.done', item: done });
    const thread_id = call.thread_id || (this.slot.conversation.thread?.id ?? '');
    return { type: 'threads.add_client_tool_output', params: { thread_id, result } };
  }

  async #toolResult(call: ClientToolCallItem): Promise<unknown> {
    try {
      const tool = this.host.clientTool();
      if (!tool) throw new Error(`The page has no onClientTool, so ${call.name} cannot run.`);
      const result = (await tool({ name: call.name, params: call.arguments ?? {} })) ?? {};
      if (JSON.stringify(result) === undefined) throw new TypeError(`${call.name} gave no JSON.`);
      return result;
    } catch (error) {
      // Told to the model, which can go on without it.
      if (!this.#isStopped) this.host.failed(asError(error));
      return { error: asError(error).message };
    }
  }
}

function pendingCall(event: StreamEvent): ClientToolCallItem | null {
  if (event.type !== 'thread.item.done' && event.type !== 'thread.item.added') return null;
  const { item } = event;
  return item.type === 'client_tool_call' && item.status === 'pending' ? item : null;
}

type ItemEvent = Extract<StreamEvent, { item: ThreadItem }>;

function isUserMessage(event: StreamEvent): event is ItemEvent {
  return 'item' in event && event.item.type === 'user_message';
}

function stopped(): Error {
  return new DOMException('The response was stopped.', 'AbortError');
}
