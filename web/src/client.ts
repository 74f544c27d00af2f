/** Requests to a ChatKit server, and the events that come back. Knows no document. */

import type { ClientSecret } from './client-secret';
import { asError, RequestFailure } from './errors';
import type {
  Attachment,
  JsonOperations,
  JsonOperationType,
  StreamEvent,
  StreamingOperation,
} from './protocol';
import { eventData } from './sse';

export interface Connection {
  /** Absolute, or relative to the page. */
  url: string;
  /** The page's own `fetch`, looked up at each request; undefined for the browser's. */
  fetch?: (() => typeof fetch | undefined) | undefined;
  /** For `Authorization`; undefined where cookies or the page's own fetch say who asks. */
  secret?: ClientSecret | undefined;
  /** One language tag, for `Accept-Language`. */
  locale: () => string;
  /** Sent as `metadata` of each operation; undefined sends no such key. */
  metadata?: (() => Record<string, unknown> | undefined) | undefined;
  /** Tells of an event or frame that is skipped. */
  log?: (name: string, data?: Record<string, unknown>) => void;
}

// Only these may be sent again by themselves: they change nothing.
const REPEATABLE: ReadonlySet<string> = new Set(['threads.list', 'threads.get_by_id', 'items.list']);
const REPEAT_DELAYS_MS = [400, 1_600];
const SHORT_REASON = 300;
const OPENAI_HOST = 'api.openai.com';

/** The events that are known, with what each cannot do without. */
const NEEDS: Readonly<Record<StreamEvent['type'], string>> = {
  'thread.created': 'thread',
  'thread.updated': 'thread',
  'thread.item.added': 'item',
  'thread.item.done': 'item',
  'thread.item.replaced': 'item',
  'thread.item.updated': 'update',
  'thread.item.removed': 'item_id',
  stream_options: 'stream_options',
  progress_update: 'text',
  client_effect: 'name',
  notice: 'message',
  error: 'type',
};

export class Client {
  constructor(private readonly connection: Connection) {}

  /** The JSON answer of an operation that does not stream. */
  async ask<Type extends JsonOperationType>(
    type: Type,
    params: JsonOperations[Type][0],
    signal?: AbortSignal,
  ): Promise<JsonOperations[Type][1]> {
    const delays = REPEATABLE.has(type) ? REPEAT_DELAYS_MS : [];
    for (const delay of delays) {
      try {
        return await this.#askOnce(type, params, signal);
      } catch (error) {
        if (!(error instanceof RequestFailure) || !error.isPassing || signal?.aborted) throw error;
        await pause(delay, signal);
      }
    }
    return this.#askOnce(type, params, signal);
  }

  async #askOnce<Type extends JsonOperationType>(
    type: Type,
    params: JsonOperations[Type][0],
    signal?: AbortSignal,
  ): Promise<JsonOperations[Type][1]> {
    const response = await this.#post({ type, params }, 'application/json', signal);
    let text: string;
    try {
      text = await response.text();
    } catch (error) {
      throw broken(error, signal);
    }
    try {
      return JSON.parse(text) as JsonOperations[Type][1];
    } catch (error) {
      throw new RequestFailure('The answer is not JSON.', 'protocol', response.status, false, {
        cause: error,
      });
    }
  }

  /**
   * The events of a streaming operation, in order. Ends when the body ends.
   *
   * @throws RequestFailure - It was refused, or the connection broke; the reason of `signal` where
   * that ended it.
   */
  async *stream(operation: StreamingOperation, signal: AbortSignal): AsyncGenerator<StreamEvent> {
    const response = await this.#post(operation, 'text/event-stream', signal);
    if (isJson(response)) return refuseTold(response);
    if (!response.body) return;
    let isEmpty = true;
    try {
      for await (const data of eventData(response.body, signal)) {
        isEmpty = false;
        const event = this.#parsed(data);
        if (event) yield event;
      }
    } catch (error) {
      throw broken(error, signal);
    }
    signal.throwIfAborted();
    // Such as the page to sign in at, which a proxy gives in the place of the server's answer.
    if (isEmpty && isSomethingElse(response)) {
      throw new RequestFailure('The answer is no event stream.', 'protocol', response.status);
    }
  }

  #parsed(data: string): StreamEvent | null {
    let event: Record<string, unknown> | null = null;
    try {
      event = JSON.parse(data) as Record<string, unknown> | null;
    } catch {
      // told below
    }
    const type = event?.['type'];
    if (typeof type !== 'string') {
      this.connection.log?.('stream.malformed_frame');
      return null;
    }
    const needed = Object.hasOwn(NEEDS, type) ? NEEDS[type as StreamEvent['type']] : null;
    if (needed === null || (event?.[needed] ?? null) === null) {
      this.connection.log?.(needed === null ? 'stream.unknown_event' : 'stream.malformed_event', { type });
      return null;
    }
    return event as unknown as StreamEvent;
  }

  /** A file sent to the page's own upload endpoint, in one request. */
  async uploadDirect(uploadUrl: string, file: File, signal: AbortSignal): Promise<Attachment> {
    const form = new FormData();
    form.append('file', file, file.name);
    const response = await this.#authorized(signal, (bearer) =>
      this.#fetched(absolute(uploadUrl), {
        method: 'POST',
        // No content type: the browser writes it, with the boundary.
        headers: authorization(bearer),
        body: form,
        signal,
      }),
    );
    await refuseFailed(response);
    return (await response.json()) as Attachment;
  }

  async #post(
    operation: { type: string; params: object },
    accept: string,
    signal?: AbortSignal,
  ): Promise<Response> {
    const response = await this.#authorized(signal, (bearer) =>
      this.#send(operation, accept, bearer, signal),
    );
    await refuseFailed(response);
    return response;
  }

  async #authorized(
    signal: AbortSignal | undefined,
    send: (bearer: string | undefined) => Promise<Response>,
  ): Promise<Response> {
    const { secret } = this.connection;
    if (!secret) return send(undefined);
    const bearer = await unlessAborted(secret.get(), signal);
    const response = await send(bearer);
    if (response.status !== 401) return response;
    // Refused requests were not carried out, so this one can be sent again.
    return send(await unlessAborted(secret.replace(bearer), signal));
  }

  async #send(
    operation: { type: string; params: object },
    accept: string,
    bearer: string | undefined,
    signal?: AbortSignal,
  ): Promise<Response> {
    const { locale, metadata, log } = this.connection;
    const url = absolute(this.connection.url);
    const told = metadata?.();
    // A plain object and a string: overrides of `fetch` spread the one and parse the other.
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      Accept: accept,
      'Accept-Language': locale(),
      ...authorization(bearer),
    };
    if (new URL(url).host === OPENAI_HOST) headers['OpenAI-Beta'] = 'chatkit_beta=v1';
    const body = JSON.stringify(told ? { ...operation, metadata: told } : operation);
    const op = operation.type;
    const start = performance.now();
    log?.('request', { op });
    const response = await this.#fetched(url, {
      method: 'POST',
      headers,
      body,
      // Overrides of `fetch` may count on one.
      signal: signal ?? new AbortController().signal,
    });
    log?.('response', { op, status: response.status, ms: Math.round(performance.now() - start) });
    return response;
  }

  async #fetched(url: string, init: RequestInit & { signal: AbortSignal }): Promise<Response> {
    init.signal.throwIfAborted();
    const own = this.connection.fetch?.();
    try {
      // Native `fetch` must be called with no `this` but the window.
      const response = own ? own.call(globalThis, url, init) : fetch(url, init);
      return await unlessAborted(response, init.signal);
    } catch (error) {
      if (init.signal.aborted) throw error;
      const message = asError(error).message || 'The server cannot be reached.';
      throw new RequestFailure(message, 'network', undefined, false, { cause: error });
    }
  }
}

function authorization(bearer: string | undefined): Record<string, string> {
  return bearer === undefined ? {} : { Authorization: `Bearer ${bearer}` };
}

export function absolute(url: string): string {
  return new URL(url, typeof document === 'undefined' ? undefined : document.baseURI).href;
}

function contentType(response: Response): string {
  return response.headers.get('content-type') ?? '';
}

function isJson(response: Response): boolean {
  return contentType(response).includes('json');
}

function isSomethingElse(response: Response): boolean {
  const type = contentType(response);
  return type !== '' && !type.includes('event-stream');
}

async function refuseFailed(response: Response): Promise<void> {
  if (response.ok) return;
  const reason = shortReason(await response.text().catch(() => ''));
  const code = response.status === 401 ? 'unauthorized' : 'http';
  const message = reason ?? `The server answered with status ${response.status}.`;
  throw new RequestFailure(message, code, response.status, reason !== null);
}

/** A streaming operation that is answered with JSON has failed, if the JSON says so. */
async function refuseTold(response: Response): Promise<void> {
  const body = await response.text().catch(() => '');
  const { error, detail } = membersOf(body);
  if (!error && !detail) return;
  const reason = shortReason(body);
  const message = reason ?? 'The server answered with an error.';
  throw new RequestFailure(message, 'http', response.status, reason !== null);
}

function broken(error: unknown, signal?: AbortSignal): unknown {
  if (signal?.aborted) return error;
  return new RequestFailure('The connection broke.', 'network', undefined, false, { cause: error });
}

function shortReason(body: string): string | null {
  const { error, detail, message } = membersOf(body);
  const told = [(error as { message?: unknown } | null | undefined)?.message, error, detail, message];
  const isShort = (reason: unknown): reason is string =>
    typeof reason === 'string' && reason !== '' && reason.length <= SHORT_REASON;
  return told.find(isShort) ?? null;
}

function membersOf(body: string): Record<string, unknown> {
  try {
    const parsed: unknown = JSON.parse(body);
    return typeof parsed === 'object' && parsed !== null ? { ...parsed } : {};
  } catch {
    return {};
  }
}

/** What is waited for, or the reason of the signal, whichever is first. */
export function unlessAborted<T>(waited: Promise<T>, signal?: AbortSignal): Promise<T> {
  if (!signal) return waited;
  return new Promise((resolve, reject) => {
    const stop = (): void => reject(signal.reason);
    if (signal.aborted) stop();
    signal.addEventListener('abort', stop, { once: true });
    const settle = (): void => signal.removeEventListener('abort', stop);
    Promise.resolve(waited).then(resolve, reject).finally(settle);
  });
}

function pause(milliseconds: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(done, milliseconds);
    function done(): void {
      signal?.removeEventListener('abort', stop);
      resolve();
    }
    function stop(): void {
      clearTimeout(timer);
      reject(signal?.reason);
    }
    signal?.addEventListener('abort', stop, { once: true });
  });
}
