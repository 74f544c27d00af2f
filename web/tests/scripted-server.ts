/** A ChatKit server that answers as a test tells it, in the place of `fetch`. */

import type { StreamEvent } from '../src/protocol';

export interface RecordedRequest {
  url: string;
  init: RequestInit;
  headers: Record<string, string>;
  body: { type: string; params: Record<string, unknown>; metadata?: unknown };
  /** Whether the client has ended the request. */
  readonly isAborted: boolean;
}

export type Answer = (request: RecordedRequest) => Response | Promise<Response>;

export class ScriptedServer {
  readonly requests: RecordedRequest[] = [];
  readonly #answers = new Map<string, Answer[]>();

  /** The next requests for an operation get these answers, one each. */
  answer(operation: string, ...answers: Answer[]): void {
    this.#answers.set(operation, [...(this.#answers.get(operation) ?? []), ...answers]);
  }

  readonly fetch: typeof fetch = async (input, init = {}) => {
    const { signal } = init;
    signal?.throwIfAborted();
    const request: RecordedRequest = {
      url: String(input),
      init,
      headers: { ...(init.headers as Record<string, string>) },
      body: JSON.parse(String(init.body)) as RecordedRequest['body'],
      get isAborted() {
        return signal?.aborted ?? false;
      },
    };
    this.requests.push(request);
    const answer = this.#answers.get(request.body.type)?.shift();
    if (!answer) throw new Error(`No answer is scripted for ${request.body.type}.`);
    return answer(request);
  };

  /** The bodies of the requests so far. */
  get bodies(): RecordedRequest['body'][] {
    return this.requests.map((request) => request.body);
  }

  /** The operations that were asked for so far. */
  get operations(): string[] {
    return this.bodies.map((body) => body.type);
  }
}

export function json(value: unknown, status = 200): Answer {
  return () => Response.json(value, { status });
}

export function unreachable(): Answer {
  return () => {
    throw new TypeError('Failed to fetch');
  };
}

/** A whole stream, in one chunk, or cut at each `size` bytes. */
export function events(list: readonly unknown[], size?: number): Answer {
  return bytes(framed(list), size);
}

export function bytes(text: string, size?: number): Answer {
  return () => streamed(chunksOf(text, size));
}

/** A stream whose connection breaks after these events. */
export function broken(list: readonly unknown[]): Answer {
  return (request) => {
    const live = new LiveStream();
    const response = live.answer(request);
    live.send(...list);
    live.break();
    return response;
  };
}

/** A stream that the test writes to while it is open. */
export class LiveStream {
  #controller!: ReadableStreamDefaultController<Uint8Array>;
  isAborted = false;

  readonly answer = (request: RecordedRequest): Response => {
    const body = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
    });
    request.init.signal?.addEventListener('abort', () => {
      this.isAborted = true;
      this.#controller.error(request.init.signal?.reason);
    });
    return eventStream(body);
  };

  send(...list: readonly unknown[]): void {
    this.#controller.enqueue(new TextEncoder().encode(framed(list)));
  }

  end(): void {
    this.#controller.close();
  }

  break(): void {
    const controller = this.#controller;
    // Later, so that what was sent is read before.
    setTimeout(() => controller.error(new TypeError('network error')), 0);
  }
}

/** An answer that waits until the test lets it go. */
export function held(answer: Answer): { answer: Answer; release: () => void } {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    answer: async (request) => {
      await released;
      return answer(request);
    },
    release,
  };
}

export function framed(list: readonly unknown[]): string {
  return list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
}

/** The events of a recording, one a line. */
export function recorded(lines: string): StreamEvent[] {
  return lines
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as StreamEvent);
}

export function chunksOf(text: string, size?: number): Uint8Array[] {
  const all = new TextEncoder().encode(text);
  if (size === undefined) return [all];
  const chunks = [];
  for (let start = 0; start < all.length; start += size) chunks.push(all.slice(start, start + size));
  return chunks;
}

export function bodyOf(chunks: readonly Uint8Array[]): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(controller) {
      for (const chunk of chunks) controller.enqueue(chunk);
      controller.close();
    },
  });
}

function streamed(chunks: readonly Uint8Array[]): Response {
  return eventStream(bodyOf(chunks));
}

function eventStream(body: ReadableStream<Uint8Array>): Response {
  return new Response(body, { headers: { 'Content-Type': 'text/event-stream' } });
}

/** Lets everything happen that waits for nothing from outside. */
export async function settled(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setTimeout(resolve, 0));
}
