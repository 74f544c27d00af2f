/** Requests to a ChatKit server, and the events that come back. Knows no document. */

import type { ClientSecret } from './client-secret';
import { asError, isAbort, RequestFailure } from './errors';
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
    try {
      return (await response.json()) as JsonOperations[Type][1];
    } catch (error) {
      if (isAbort(error)) throw error;
      throw new RequestFailure('The answer is not JSON.', 'protocol', response.status, false, {
        cause: error,
      });
    }
  }

  /**
   * The events of a streaming operation, in order. Ends when the body ends.
   *
   * @param onOpen - Called when the server has accepted the operation.
   * @throws RequestFailure - It was refused, or the connection broke; an `AbortError` where
   * `signal` ended it.
   */
  async *stream(
    operation: StreamingOperation,
    signal: AbortSignal,
    onOpen?: () => void,
  ): AsyncGenerator<StreamEvent> {
    const response = await this.#post(operation, 'text/event-stream', signal);
    if (isJson(response)) {
      await refuseTold(response);
      onOpen?.();
      return;
    }
    onOpen?.();
    if (!response.body) return;
    try {
      for await (const data of eventData(response.body)) {
        const event = this.#parsed(data);
        if (event) yield event;
      }
    } catch (error) {
      if (isAbort(error) || signal.aborted) throw error;
      throw new RequestFailure('The connection broke.', 'network', undefined, false, {
        cause: error,
      });
    }
  }

  #parsed(data: string): StreamEvent | null {
    let event: unknown;
    try {
      event = JSON.parse(data);
    } catch {
      this.connection.log?.('stream.malformed_frame');
      return null;
    }
    if (typeof (event as { type?: unknown } | null)?.type === 'string') return event as StreamEvent;
    this.connection.log?.('stream.malformed_frame');
    return null;
  }

  /** A file sent to the page's own upload endpoint, in one request. */
  async uploadDirect(uploadUrl: string, file: File, signal: AbortSignal): Promise<Attachment> {
    const form = new FormData();
    form.append('file', file, file.name);
    const headers = await this.#authorization();
    // No content type: the browser writes it, with the boundary.
    const response = await this.#fetched(absolute(uploadUrl), {
      method: 'POST',
      headers,
      body: form,
      signal,
    });
    await refuseFailed(response);
    return (await response.json()) as Attachment;
  }

  async #authorization(): Promise<Record<string, string>> {
    const { secret } = this.connection;
    return secret ? { Authorization: `Bearer ${await secret.get()}` } : {};
  }

  async #post(
    operation: { type: string; params: object },
    accept: string,
    signal?: AbortSignal,
  ): Promise<Response> {
    const { secret } = this.connection;
    const bearer = await secret?.get();
    let response = await this.#send(operation, accept, bearer, signal);
    if (response.status === 401 && secret && bearer !== undefined) {
      // Refused requests were not carried out, so this one can be sent again.
      response = await this.#send(operation, accept, await secret.replace(bearer), signal);
    }
    await refuseFailed(response);
    return response;
  }

  async #send(
    operation: { type: string; params: object },
    accept: string,
    bearer: string | undefined,
    signal?: AbortSignal,
  ): Promise<Response> {
    const { url, locale, metadata } = this.connection;
    const told = metadata?.();
    // A plain object and a string: overrides of `fetch` spread the one and parse the other.
    const headers: Record<string, string> = {
      'Content-Type': 'application/json',
      Accept: accept,
      'Accept-Language': locale(),
    };
    if (bearer !== undefined) headers['Authorization'] = `Bearer ${bearer}`;
    const init: RequestInit = {
      method: 'POST',
      headers,
      body: JSON.stringify(told ? { ...operation, metadata: told } : operation),
    };
    if (signal) init.signal = signal;
    return this.#fetched(absolute(url), init);
  }

  async #fetched(url: string, init: RequestInit): Promise<Response> {
    const own = this.connection.fetch?.();
    try {
      // Native `fetch` must be called with no `this` but the window.
      return own ? await own.call(globalThis, url, init) : await fetch(url, init);
    } catch (error) {
      if (isAbort(error) || init.signal?.aborted) throw error;
      const message = asError(error).message || 'The server cannot be reached.';
      throw new RequestFailure(message, 'network', undefined, false, { cause: error });
    }
  }
}

export function absolute(url: string): string {
  return new URL(url, typeof document === 'undefined' ? undefined : document.baseURI).href;
}

function isJson(response: Response): boolean {
  return (response.headers.get('content-type') ?? '').includes('json');
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
  const reason = shortReason(await response.text());
  if (reason !== null) throw new RequestFailure(reason, 'http', response.status, true);
}

function shortReason(body: string): string | null {
  let parsed: unknown;
  try {
    parsed = JSON.parse(body);
  } catch {
    return null;
  }
  if (typeof parsed !== 'object' || parsed === null) return null;
  const { error, detail, message } = parsed as Record<string, unknown>;
  const told = (error as { message?: unknown } | null | undefined)?.message ?? error ?? detail;
  const reason = told ?? message;
  return typeof reason === 'string' && reason.length <= SHORT_REASON && reason ? reason : null;
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
