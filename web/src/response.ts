/**
 * One response of the server: a stream of events, and those that follow it when the assistant asks
 * the page to run a tool. It ends exactly once, whatever comes in between.
 */

import type { Client } from './client';
import { after, lastUserMessage, settled, type Conversation } from './conversation';
import { asError, IntegrationError, isAbort, RequestFailure } from './errors';
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
  client: Client;
  /** Looked up at each call; undefined where the page runs no tools. */
  clientTool(): ClientTool | undefined;
  /** The conversation of `slot` changed. */
  changed(slot: Slot): void;
  /** An event came that concerns more than the conversation. */
  heard(slot: Slot, event: StreamEvent): void;
  failed(error: Error): void;
}

export interface ResponseRequest {
  operation: StreamingOperation;
  /** The message that is shown until the server's own comes. */
  optimistic?: ThreadItem;
  /** Puts back what was taken away before the server has accepted the operation. */
  undo?: () => void;
  /** What a click on Retry does where nothing of the answer is there; else the last is retried. */
  again?: () => void;
  /** Asks for another answer to the last message of the user. */
  retryLast: () => void;
}

export class Response {
  /** Whether Stop is offered. */
  allowCancel = false;
  /** Settles when the server has taken the operation: with a message, when it has echoed it. */
  readonly accepted: Promise<void>;
  /** Settles when the response is over; rejected where it failed. */
  readonly finished: Promise<void>;

  readonly #abort = new AbortController();
  #accept!: () => void;
  #refuse!: (error: Error) => void;
  #isAccepted = false;
  #isStopped = false;
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
    this.#isStopped = true;
    this.#abort.abort();
  }

  async #run(): Promise<void> {
    try {
      let operation: StreamingOperation | null = this.request.operation;
      while (operation && !this.#isStopped) operation = await this.#streamed(operation);
    } catch (error) {
      if (!this.#isStopped && !isAbort(error)) this.#fail(asError(error));
    }
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
    const onOpen = (): void => {
      if (!this.request.optimistic) this.#accepts();
    };
    for await (const event of this.host.client.stream(operation, this.#abort.signal, onOpen)) {
      if (this.#isStopped) return null;
      this.#take(event);
      call = pendingCall(event) ?? call;
      isFailed ||= event.type === 'error';
    }
    // A server that echoes nothing has taken the message nevertheless.
    this.#accepts();
    return call && !isFailed && !this.#isStopped ? this.#withOutput(call) : null;
  }

  #take(event: StreamEvent): void {
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
    const { optimistic } = this.request;
    const isEcho =
      event.type === 'thread.item.done' && event.item.type === 'user_message' && optimistic;
    if (!isEcho || this.#isAccepted) return after(this.slot.conversation, event);
    this.#accepts();
    const items = this.slot.conversation.items.map((item) =>
      item.id === optimistic.id ? event.item : item,
    );
    return { ...this.slot.conversation, items };
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
    const retry = event.allow_retry ? this.request.retryLast : undefined;
    this.slot.conversation = { ...this.slot.conversation, failure: { message, retry } };
    this.host.failed(error);
  }

  #fail(error: Error): void {
    this.#failure = error;
    const { optimistic, undo, again, retryLast } = this.request;
    const message = error instanceof RequestFailure && error.told ? error.message : undefined;
    if (!this.#isAccepted) undo?.();
    const { conversation } = this.slot;
    if (!this.#isAccepted && optimistic) {
      const unsent = { id: optimistic.id, message, retry: again ?? retryLast };
      this.slot.conversation = { ...conversation, unsent };
    } else {
      const canAskAgain = again ?? (lastUserMessage(conversation) ? retryLast : undefined);
      const failure = { message, interrupted: this.#isAccepted, retry: canAskAgain };
      this.slot.conversation = { ...conversation, failure };
    }
    this.host.failed(error);
  }

  /** Runs the page's tool; the operation that tells the server what it gave. */
  async #withOutput(call: ClientToolCallItem): Promise<StreamingOperation | null> {
    const result = await this.#toolResult(call);
    if (this.#isStopped) return null;
    const done: ThreadItem = { ...call, status: 'completed', output: result };
    this.slot.conversation = after(this.slot.conversation, { type: 'thread.item.done', item: done });
    const thread_id = call.thread_id || (this.slot.conversation.thread?.id ?? '');
    return { type: 'threads.add_client_tool_output', params: { thread_id, result } };
  }

  async #toolResult(call: ClientToolCallItem): Promise<unknown> {
    try {
      const tool = this.host.clientTool();
      if (!tool) throw new Error(`The page has no onClientTool, so ${call.name} cannot run.`);
      const result = (await tool({ name: call.name, params: call.arguments })) ?? {};
      JSON.stringify(result); // fails where it cannot be sent
      return result;
    } catch (error) {
      // Told to the model, which can go on without it.
      this.host.failed(asError(error));
      return { error: asError(error).message };
    }
  }
}

function pendingCall(event: StreamEvent): ClientToolCallItem | null {
  if (event.type !== 'thread.item.done' && event.type !== 'thread.item.added') return null;
  const { item } = event;
  return item.type === 'client_tool_call' && item.status === 'pending' ? item : null;
}

function stopped(): Error {
  return new DOMException('The response was stopped.', 'AbortError');
}
