/** A ChatKit server over HTTP that answers as a test tells it, and a web server of test pages. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { readFile } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const PAGES = path.join(path.dirname(fileURLToPath(import.meta.url)), 'page');
const TYPES: Record<string, string> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
};
// Images may come from anywhere, so that a test sees which are asked for.
const POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; " +
  "img-src * data: blob:; font-src 'self' data:; media-src 'self' blob:; base-uri 'none'";
const WAIT_MS = 15_000;

export interface RecordedRequest {
  path: string;
  method: string;
  headers: Record<string, string>;
  /** Of the wire, as it came. */
  bytes: Buffer;
  /** `{type, params}`; undefined for what is no operation. */
  body: { type: string; params: Record<string, unknown>; metadata?: unknown };
  /** Whether the client went away before the answer was complete. */
  isAborted: boolean;
}

export type Answer = (request: RecordedRequest, response: ServerResponse) => void | Promise<void>;

export class ScriptedServer {
  requests: RecordedRequest[] = [];
  /** What was asked for and stands in no script. */
  unscripted: string[] = [];
  url = '';

  readonly #server: Server;
  readonly #folders: string[];
  #answers = new Map<string, Answer[]>();
  #waiting = new Set<() => void>();

  private constructor(folders: string[]) {
    this.#folders = folders;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  /** @param folders - Where files are looked for, beside the test pages. */
  static async start(...folders: string[]): Promise<ScriptedServer> {
    const server = new ScriptedServer([PAGES, ...folders]);
    server.#server.listen(0, '127.0.0.1');
    await once(server.#server, 'listening');
    server.url = `http://127.0.0.1:${(server.#server.address() as AddressInfo).port}`;
    return server;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** Forget all that was asked and scripted. */
  reset(): void {
    this.requests = [];
    this.unscripted = [];
    this.#answers = new Map();
  }

  /** The next requests for an operation or a path get these answers, one each. */
  answer(what: string, ...answers: Answer[]): void {
    this.#answers.set(what, [...(this.#answers.get(what) ?? []), ...answers]);
  }

  /** The bodies of the operations so far, without those that only list threads. */
  get bodies(): RecordedRequest['body'][] {
    return this.operations.map((request) => request.body);
  }

  get operations(): RecordedRequest[] {
    return this.requests.filter(({ body }) => body && body.type !== 'threads.list');
  }

  of(what: string): RecordedRequest[] {
    return this.requests.filter((request) => request.body?.type === what || request.path === what);
  }

  /** The request for an operation or a path, the `count`-th, as soon as it is there. */
  async asked(what: string, count = 1): Promise<RecordedRequest> {
    await this.until(() => this.of(what).length >= count, `request ${count} for ${what}`);
    return this.of(what)[count - 1]!;
  }

  async until(condition: () => boolean, what: string): Promise<void> {
    const deadline = Date.now() + WAIT_MS;
    while (!condition()) {
      const left = deadline - Date.now();
      if (left <= 0) throw new Error(`There was no ${what}.`);
      await new Promise<void>((resolve) => {
        const done = (): void => {
          this.#waiting.delete(done);
          clearTimeout(late);
          resolve();
        };
        const late = setTimeout(done, left);
        this.#waiting.add(done);
      });
    }
  }

  #happened(): void {
    for (const done of [...this.#waiting]) done();
  }

  async #answer(incoming: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(incoming.url ?? '/', this.url);
    const isOperation = /^\/api\d?$/.test(pathname) && incoming.method === 'POST';
    if (!isOperation && !this.#answers.get(pathname)?.length) {
      await this.#file(pathname, response);
      return;
    }
    const chunks: Buffer[] = [];
    for await (const chunk of incoming) chunks.push(chunk as Buffer);
    const bytes = Buffer.concat(chunks);
    const request: RecordedRequest = {
      path: pathname,
      method: incoming.method ?? '',
      headers: incoming.headers as Record<string, string>,
      bytes,
      body: (isOperation ? JSON.parse(bytes.toString()) : undefined) as RecordedRequest['body'],
      isAborted: false,
    };
    response.on('close', () => {
      request.isAborted = !response.writableFinished;
      this.#happened();
    });
    this.requests.push(request);
    this.#happened(); // its answer may wait for the test that waits for it
    const what = isOperation ? request.body.type : pathname;
    const next = this.#next(pathname, what);
    if (!next) {
      this.unscripted.push(what);
      json({ error: { message: `No answer is scripted for ${what}.` } }, 501)(request, response);
    } else {
      await next(request, response);
    }
    this.#happened();
  }

  #next(pathname: string, what: string): Answer | undefined {
    // One server can play two: scripts for a path of its own come first. `message` stands for a
    // message in whatever thread.
    const isMessage = what === 'threads.create' || what === 'threads.add_user_message';
    for (const key of [`${pathname} ${what}`, what, ...(isMessage ? ['message'] : [])]) {
      const next = this.#answers.get(key)?.shift();
      if (next) return next;
    }
    return USUAL[what];
  }

  async #file(pathname: string, response: ServerResponse): Promise<void> {
    const name = pathname === '/' ? '/index.html' : pathname;
    for (const folder of this.#folders) {
      const file = path.join(folder, path.normalize(name));
      try {
        const content = await readFile(file);
        response.writeHead(200, {
          'Content-Type': TYPES[path.extname(file)] ?? 'application/octet-stream',
          'Content-Security-Policy': POLICY,
          'Cache-Control': name.startsWith('/chatkit/') ? 'max-age=3600' : 'no-cache',
        });
        response.end(content);
        return;
      } catch {
        // Perhaps in the next.
      }
    }
    response.writeHead(404).end();
  }
}

export function json(value: unknown, status = 200): Answer {
  return (_request, response) => {
    response.writeHead(status, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(value));
  };
}

/** What is answered where a test says nothing. */
const USUAL: Record<string, Answer> = {
  'threads.list': json({ data: [], has_more: false }),
  'items.feedback': json({}),
  'threads.delete': json({}),
  'attachments.delete': json({}),
};

/** A whole stream, in one chunk, or cut at each `size` bytes. */
export function events(list: readonly unknown[], size?: number): Answer {
  return bytes(framed(list), size);
}

export function bytes(text: string, size?: number): Answer {
  return async (_request, response) => {
    startStream(response);
    const all = Buffer.from(text);
    for (let start = 0; start < all.length; start += size ?? all.length) {
      response.write(all.subarray(start, start + (size ?? all.length)));
      // Else Node puts them into one packet.
      if (size !== undefined) await new Promise((resolve) => setImmediate(resolve));
    }
    response.end();
  };
}

/** A stream whose connection breaks after these events; the browser may drop what it had not read. */
export function broken(list: readonly unknown[]): Answer {
  return (_request, response) => {
    startStream(response);
    // Ended without the last chunk, and not reset: what was written must arrive.
    response.write(framed(list), () => response.socket?.end());
  };
}

/** A stream that the test writes to while it is open. */
export class LiveStream {
  #response: ServerResponse | null = null;
  #early: string[] = [];
  isAborted = false;
  /** As `Date.now()` tells it; 0 while it goes on. */
  abortedAt = 0;

  readonly answer: Answer = (_request, response) => {
    this.#response = response;
    startStream(response);
    response.on('close', () => {
      this.isAborted = !response.writableFinished;
      this.abortedAt = this.isAborted ? Date.now() : 0;
    });
    for (const text of this.#early) response.write(text);
  };

  send(...list: readonly unknown[]): void {
    if (this.#response) this.#response.write(framed(list));
    else this.#early.push(framed(list));
  }

  end(): void {
    this.#response?.end();
  }

  break(): void {
    this.#response?.destroy();
  }
}

/** An answer that waits until the test lets it go. */
export function held(answer: Answer): { answer: Answer; release: () => void } {
  let release!: () => void;
  const released = new Promise<void>((resolve) => (release = resolve));
  return {
    answer: async (request, response) => {
      await released;
      await answer(request, response);
    },
    release,
  };
}

export function framed(list: readonly unknown[]): string {
  return list.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
}

function startStream(response: ServerResponse): void {
  response.writeHead(200, { 'Content-Type': 'text/event-stream', 'Cache-Control': 'no-store' });
  response.flushHeaders();
}
