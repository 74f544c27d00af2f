/** A site that has the chat in its pages: a web server of another origin than the chat's. */

import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';

/** As route handlers of web frameworks are. */
export type Route = (request: Request) => Promise<Response> | Response;

export class HostSite {
  url = '';
  readonly #routes = new Map<string, Route>();
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((incoming, outgoing) => void this.#answer(incoming, outgoing));
  }

  static async start(port: number): Promise<HostSite> {
    const site = new HostSite();
    site.#server.listen(port, '127.0.0.1');
    await once(site.#server, 'listening');
    site.url = `http://127.0.0.1:${(site.#server.address() as AddressInfo).port}`;
    return site;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    this.#server.close();
    await once(this.#server, 'close');
  }

  /** @param path - One that ends in a slash stands for all that is under it. */
  route(path: string, route: Route): void {
    this.#routes.set(path, route);
  }

  page(path: string, html: string, headers: Record<string, string> = {}): void {
    this.#file(path, html, 'text/html; charset=utf-8', headers);
  }

  script(path: string, code: string): void {
    this.#file(path, code, 'text/javascript; charset=utf-8');
  }

  #file(path: string, text: string, type: string, headers: Record<string, string> = {}): void {
    this.route(path, () => new Response(text, { headers: { 'Content-Type': type, ...headers } }));
  }

  async #answer(incoming: IncomingMessage, outgoing: ServerResponse): Promise<void> {
    const url = new URL(incoming.url ?? '/', this.url);
    const answer = await this.#answerOf(url, incoming, outgoing);
    outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
    if (answer.body) Readable.fromWeb(answer.body as ReadableStream).on('error', () => outgoing.destroy()).pipe(outgoing);
    else outgoing.end();
  }

  async #answerOf(url: URL, incoming: IncomingMessage, outgoing: ServerResponse): Promise<Response> {
    const folders = [...this.#routes.keys()].filter((path) => path.endsWith('/') && path !== '/');
    const folder = folders.find((path) => url.pathname.startsWith(path));
    const route = this.#routes.get(url.pathname) ?? this.#routes.get(folder ?? '');
    if (!route) return new Response(null, { status: url.pathname === '/favicon.ico' ? 204 : 404 });
    const leaving = new AbortController();
    outgoing.on('close', () => leaving.abort());
    const body: Buffer[] = [];
    for await (const chunk of incoming) body.push(chunk as Buffer);
    return route(
      new Request(url, {
        method: incoming.method ?? 'GET',
        headers: Object.entries(incoming.headers).map(([name, value]): [string, string] => [name, String(value)]),
        signal: leaving.signal,
        ...(body.length > 0 ? { body: Buffer.concat(body) } : {}),
      }),
    );
  }
}
