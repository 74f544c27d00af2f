// @vitest-environment node
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  broken,
  bytes,
  events,
  held,
  json,
  LiveStream,
  ScriptedServer,
  settled,
  unreachable,
  type Answer,
} from '../tests/scripted-server';
import { absolute, Client, type Connection } from './client';
import { ClientSecret, type GetClientSecret } from './client-secret';
import { RequestFailure } from './errors';
import type { StreamEvent, StreamingOperation } from './protocol';

const CREATE: StreamingOperation = {
  type: 'threads.create',
  params: {
    input: {
      content: [{ type: 'input_text', text: 'Hello' }],
      quoted_text: '',
      attachments: [],
      inference_options: {},
    },
  },
};
const PAGE = { data: [], has_more: false };
const LIST = { limit: 50, order: 'desc' as const };

function clientOf(server: ScriptedServer, more: Partial<Connection> = {}): Client {
  return new Client({
    url: 'https://chat.test/api',
    fetch: () => server.fetch,
    locale: () => 'de-CH',
    ...more,
  });
}

function secretOf(source: GetClientSecret): ClientSecret {
  return new ClientSecret(() => source);
}

async function eventsOf(
  client: Client,
  operation = CREATE,
  signal = new AbortController().signal,
): Promise<StreamEvent[]> {
  const found = [];
  for await (const event of client.stream(operation, signal)) found.push(event);
  return found;
}

async function failureOf(promise: Promise<unknown>): Promise<RequestFailure> {
  const failure: unknown = await promise.then(
    () => null,
    (error: unknown) => error,
  );
  expect(failure).toBeInstanceOf(RequestFailure);
  return failure as RequestFailure;
}

function times(count: number, answer: Answer): Answer[] {
  return Array.from({ length: count }, () => answer);
}

afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

describe('a request', () => {
  it('of a stream has exactly the headers and the body of the protocol', async () => {
    const server = new ScriptedServer();
    server.answer('threads.create', events([]));
    await eventsOf(clientOf(server));
    const [request] = server.requests;
    expect(request?.url).toBe('https://chat.test/api');
    expect(Object.keys(request!.init).sort()).toEqual(['body', 'headers', 'method', 'signal']);
    expect(request?.init.method).toBe('POST');
    expect(request?.init.signal).toBeInstanceOf(AbortSignal);
    expect(Object.getPrototypeOf(request?.init.headers)).toBe(Object.prototype);
    expect(request?.init.headers).toEqual({
      'Content-Type': 'application/json',
      Accept: 'text/event-stream',
      'Accept-Language': 'de-CH',
    });
    expect(request?.init.body).toBeTypeOf('string');
    expect(request?.body).toEqual(CREATE);
  });

  it('that is answered with JSON accepts JSON, and has a signal too', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', json(PAGE));
    expect(await clientOf(server).ask('threads.list', { ...LIST, after: 'thr_9' })).toEqual(PAGE);
    const [request] = server.requests;
    expect(request?.headers['Accept']).toBe('application/json');
    expect(request?.init.signal).toBeInstanceOf(AbortSignal);
    expect(request?.body).toEqual({
      type: 'threads.list',
      params: { limit: 50, order: 'desc', after: 'thr_9' },
    });
  });

  it('carries metadata where the page has some', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', ...times(2, json(PAGE)));
    let metadata: Record<string, unknown> | undefined = { page: '/prices' };
    const client = clientOf(server, { metadata: () => metadata });
    await client.ask('threads.list', LIST);
    metadata = undefined;
    await client.ask('threads.list', LIST);
    expect(server.bodies[0]?.metadata).toEqual({ page: '/prices' });
    expect(server.bodies[1]).not.toHaveProperty('metadata');
  });

  it('goes through the function that the page has now', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', ...times(2, json(PAGE)));
    const first = vi.fn(server.fetch);
    const second = vi.fn(server.fetch);
    let own: typeof fetch = first;
    const client = clientOf(server, { fetch: () => own });
    await client.ask('threads.list', LIST);
    own = second;
    await client.ask('threads.list', LIST);
    expect([first.mock.calls.length, second.mock.calls.length]).toEqual([1, 1]);
  });

  it('calls fetch with no other object as this', async () => {
    const seen: unknown[] = [];
    const picky = function (this: unknown): Promise<Response> {
      seen.push(this);
      return Promise.resolve(Response.json(PAGE));
    } as typeof fetch;
    await clientOf(new ScriptedServer(), { fetch: () => picky }).ask('threads.list', LIST);
    vi.stubGlobal('fetch', picky);
    await clientOf(new ScriptedServer(), { fetch: () => undefined }).ask('threads.list', LIST);
    expect(seen.every((self) => self === undefined || self === globalThis)).toBe(true);
    expect(seen).toHaveLength(2);
  });

  it('can be changed by a wrapper that spreads the headers and rewrites the body', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', json(PAGE));
    const wrapper: typeof fetch = (url, init) => {
      const body = JSON.parse(String(init?.body)) as object;
      return server.fetch(url, {
        ...init,
        headers: { ...(init?.headers as object), 'X-Shop': '7' },
        body: JSON.stringify({ ...body, metadata: { shop: 7 } }),
      });
    };
    await clientOf(server, { fetch: () => wrapper }).ask('threads.list', LIST);
    expect(server.requests[0]?.headers).toMatchObject({ 'X-Shop': '7', 'Accept-Language': 'de-CH' });
    expect(server.bodies[0]?.metadata).toEqual({ shop: 7 });
  });

  it('to the official endpoint, and only there, says which version it speaks', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', json(PAGE));
    await clientOf(server, { url: 'https://api.openai.com/v1/chatkit' }).ask('threads.list', LIST);
    expect(server.requests[0]?.headers['OpenAI-Beta']).toBe('chatkit_beta=v1');
  });

  it('goes to a place relative to the page', () => {
    vi.stubGlobal('document', { baseURI: 'https://shop.test/help/' });
    expect(absolute('api/chatkit')).toBe('https://shop.test/help/api/chatkit');
    expect(absolute('/chatkit')).toBe('https://shop.test/chatkit');
    expect(absolute('https://other.test/a')).toBe('https://other.test/a');
  });
});

describe('a stream', () => {
  it('gives its events in order, without what it cannot read', async () => {
    const server = new ScriptedServer();
    const logged: unknown[] = [];
    server.answer(
      'threads.create',
      bytes(
        [
          'data: {"type":"progress_update","text":"one"}',
          'data: not JSON',
          'data: null',
          'data: {"no":"type"}',
          'data: {"type":"thread.exploded","private":"text"}',
          'data: {"type":"toString"}',
          'data: {"type":"thread.item.done"}',
          'data: {"type":"progress_update","text":"two"}',
        ].join('\n\n'),
      ),
    );
    const client = clientOf(server, { log: (...entry) => logged.push(entry) });
    expect(await eventsOf(client)).toEqual([
      { type: 'progress_update', text: 'one' },
      { type: 'progress_update', text: 'two' },
    ]);
    expect(logged.slice(2)).toEqual([
      ['stream.malformed_frame'],
      ['stream.malformed_frame'],
      ['stream.malformed_frame'],
      ['stream.unknown_event', { type: 'thread.exploded' }],
      ['stream.unknown_event', { type: 'toString' }],
      ['stream.malformed_event', { type: 'thread.item.done' }],
    ]);
    expect(logged.slice(0, 2)).toEqual([
      ['request', { op: 'threads.create' }],
      ['response', { op: 'threads.create', status: 200, ms: expect.any(Number) as number }],
    ]);
  });

  it('takes an error that has neither code nor message', async () => {
    const server = new ScriptedServer();
    server.answer('threads.create', events([{ type: 'error' }]));
    expect(await eventsOf(clientOf(server))).toEqual([{ type: 'error' }]);
  });

  it('that breaks fails as the network does, after the events that came', async () => {
    const server = new ScriptedServer();
    server.answer('threads.create', broken([{ type: 'progress_update', text: 'one' }]));
    const seen: StreamEvent[] = [];
    const reading = (async () => {
      const { signal } = new AbortController();
      for await (const event of clientOf(server).stream(CREATE, signal)) seen.push(event);
    })();
    expect(await failureOf(reading)).toMatchObject({ code: 'network', told: false });
    expect(seen).toHaveLength(1);
  });

  it.each([
    [{ error: { message: 'Quota is used up', code: 'quota' } }, 'Quota is used up', true],
    [{ detail: 'Not for you' }, 'Not for you', true],
    [{ error: { code: 'no_message' } }, 'The server answered with an error.', false],
    [{ detail: [{ loc: ['body'], msg: 'wrong' }] }, 'The server answered with an error.', false],
  ])('that is answered with the JSON %j has failed', async (body, text, told) => {
    const server = new ScriptedServer();
    server.answer('threads.create', json(body));
    expect(await failureOf(eventsOf(clientOf(server)))).toMatchObject({ message: text, told });
  });

  it.each([[{}], [{ message: 'fine' }], [null], [{ error: null, detail: null }]])(
    'that is answered with the JSON %j is empty',
    async (body) => {
      const server = new ScriptedServer();
      server.answer('threads.create', json(body));
      expect(await eventsOf(clientOf(server))).toEqual([]);
    },
  );

  it.each([401, 403, 404, 429, 500, 502, 503])('is never asked for again after a %i', async (status) => {
    const server = new ScriptedServer();
    server.answer('threads.create', ...times(3, json({}, status)));
    expect((await failureOf(eventsOf(clientOf(server)))).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  it('is never asked for again when the server cannot be reached', async () => {
    const server = new ScriptedServer();
    server.answer('threads.create', ...times(3, unreachable()));
    expect((await failureOf(eventsOf(clientOf(server)))).code).toBe('network');
    expect(server.requests).toHaveLength(1);
  });

  it('that is stopped ends its request', async () => {
    const server = new ScriptedServer();
    const live = new LiveStream();
    server.answer('threads.create', live.answer);
    const stop = new AbortController();
    const reading = eventsOf(clientOf(server), CREATE, stop.signal);
    await settled();
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(live.isAborted).toBe(true);
  });

  it('that is stopped ends, even if the page has dropped the signal', async () => {
    const server = new ScriptedServer();
    server.answer('threads.create', new LiveStream().answer);
    const dropping: typeof fetch = (url, { signal: _, ...init } = {}) => server.fetch(url, init);
    const stop = new AbortController();
    const reading = eventsOf(clientOf(server, { fetch: () => dropping }), CREATE, stop.signal);
    await settled();
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('that is stopped before its headers are there ends at once', async () => {
    const never: typeof fetch = () => new Promise(() => undefined);
    const stop = new AbortController();
    const client = clientOf(new ScriptedServer(), { fetch: () => never });
    const reading = eventsOf(client, CREATE, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
  });

  it('that is stopped while the secret is awaited sends nothing', async () => {
    const server = new ScriptedServer();
    const stop = new AbortController();
    const client = clientOf(server, { secret: secretOf(() => new Promise(() => undefined)) });
    const reading = eventsOf(client, CREATE, stop.signal);
    stop.abort();
    await expect(reading).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.requests).toEqual([]);
  });

  it('that the page itself aborts has failed', async () => {
    const own: typeof fetch = () => Promise.reject(new DOMException('Too slow', 'AbortError'));
    const client = clientOf(new ScriptedServer(), { fetch: () => own });
    expect((await failureOf(eventsOf(client))).code).toBe('network');
  });
});

describe('what changes nothing is asked for again', () => {
  it('after 400 and 1,600 ms, and then no more', async () => {
    vi.useFakeTimers();
    const server = new ScriptedServer();
    server.answer('threads.list', ...times(4, json({}, 503)));
    const failed = failureOf(clientOf(server).ask('threads.list', LIST));
    await vi.advanceTimersByTimeAsync(399);
    expect(server.requests).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(1_599);
    expect(server.requests).toHaveLength(2);
    await vi.advanceTimersByTimeAsync(60_000);
    expect(server.requests).toHaveLength(3);
    expect((await failed).status).toBe(503);
  });

  it.each([
    ['502', json({}, 502)],
    ['503', json({}, 503)],
    ['504', json({}, 504)],
    ['no connection', unreachable()],
    ['a body that breaks off', broken([])],
  ])('after %s', async (_, failing) => {
    const server = new ScriptedServer();
    vi.useFakeTimers();
    server.answer('items.list', failing, json(PAGE));
    const asked = clientOf(server).ask('items.list', { ...LIST, thread_id: 'thr_1' });
    await vi.advanceTimersByTimeAsync(1_000);
    expect(await asked).toEqual(PAGE);
    expect(server.bodies[1]).toEqual(server.bodies[0]);
  });

  it.each([400, 401, 404, 429, 500])('but not after a %i', async (status) => {
    const server = new ScriptedServer();
    server.answer('threads.get_by_id', ...times(2, json({}, status)));
    const asked = clientOf(server).ask('threads.get_by_id', { thread_id: 'thr_1' });
    expect((await failureOf(asked)).status).toBe(status);
    expect(server.requests).toHaveLength(1);
  });

  it('but not where the answer is no JSON', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', () => new Response('<html>'));
    expect((await failureOf(clientOf(server).ask('threads.list', LIST))).code).toBe('protocol');
  });

  it('but not once it is stopped', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', json({}, 503));
    const stop = new AbortController();
    const asked = clientOf(server).ask('threads.list', LIST, stop.signal);
    await settled();
    stop.abort();
    await expect(asked).rejects.toMatchObject({ name: 'AbortError' });
    expect(server.requests).toHaveLength(1);
  });
});

describe('what changes something', () => {
  it.each([
    ['threads.update', { thread_id: 'thr_1', title: 'New' }],
    ['threads.delete', { thread_id: 'thr_1' }],
    ['items.feedback', { thread_id: 'thr_1', item_ids: ['a'], kind: 'positive' }],
    ['threads.sync_custom_action', { thread_id: 'thr_1', action: { type: 'go' } }],
    ['attachments.create', { name: 'a', size: 1, mime_type: 'text/plain' }],
    ['input.transcribe', { audio_base64: 'AA', mime_type: 'audio/webm' }],
  ] as const)('is not asked for again: %s', async (type, params) => {
    const server = new ScriptedServer();
    server.answer(type, ...times(2, json({}, 503)));
    const ask = clientOf(server).ask.bind(clientOf(server)) as (
      type: string,
      params: object,
    ) => Promise<unknown>;
    expect((await failureOf(ask(type, params))).status).toBe(503);
    expect(server.requests).toHaveLength(1);
  });
});

describe('what the server says of a failure', () => {
  it.each([
    ['error.message', { error: { message: 'Slow down', type: 'x', code: 'y' } }, 'Slow down'],
    ['detail', { detail: 'No such thread' }, 'No such thread'],
    ['message', { message: 'Closed on Sundays' }, 'Closed on Sundays'],
    ['an error that is text', { error: 'nope' }, 'nope'],
    ['detail beside an error without text', { error: { code: 1 }, detail: 'Text' }, 'Text'],
  ])('is told from %s', async (_, body, text) => {
    const server = new ScriptedServer();
    server.answer('threads.delete', json(body, 429));
    const failure = await failureOf(clientOf(server).ask('threads.delete', { thread_id: 't' }));
    expect(failure).toMatchObject({ message: text, told: true, status: 429, code: 'http' });
  });

  it.each([
    ['too long', { detail: 'x'.repeat(301) }],
    ['no text', { detail: [{ msg: 'wrong' }] }],
    ['empty', { message: '' }],
  ])('is not told where it is %s', async (_, body) => {
    const server = new ScriptedServer();
    server.answer('threads.delete', json(body, 500));
    const failure = await failureOf(clientOf(server).ask('threads.delete', { thread_id: 't' }));
    expect(failure).toMatchObject({ told: false, status: 500 });
  });
});

describe('with a client secret', () => {
  it('each request carries it', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', json(PAGE));
    server.answer('threads.create', events([]));
    const client = clientOf(server, { secret: secretOf(async () => 'ek_1') });
    await client.ask('threads.list', LIST);
    await eventsOf(client);
    const bearers = server.requests.map(({ headers }) => headers['Authorization']);
    expect(bearers).toEqual(['Bearer ek_1', 'Bearer ek_1']);
  });

  it('three requests that are refused together bring one new secret', async () => {
    const server = new ScriptedServer();
    const refusing = held(json({}, 401));
    server.answer('threads.list', ...times(3, refusing.answer), ...times(3, json(PAGE)));
    const source = vi.fn<GetClientSecret>(async (current) => (current === null ? 'old' : 'new'));
    const client = clientOf(server, { secret: secretOf(source) });
    const asked = Promise.all([1, 2, 3].map(() => client.ask('threads.list', LIST)));
    await settled();
    expect(server.requests).toHaveLength(3);
    refusing.release();
    expect(await asked).toEqual([PAGE, PAGE, PAGE]);
    expect(source.mock.calls).toEqual([[null], ['old']]);
    const bearers = server.requests.map(({ headers }) => headers['Authorization']);
    expect(bearers).toEqual([...Array(3).fill('Bearer old'), ...Array(3).fill('Bearer new')]);
    expect(server.bodies[3]).toEqual(server.bodies[0]);
  });

  it('a stream that is refused is asked for once more', async () => {
    const server = new ScriptedServer();
    server.answer('threads.create', json({}, 401), events([{ type: 'progress_update', text: 'in' }]));
    const source = vi.fn<GetClientSecret>(async (current) => (current === null ? 'old' : 'new'));
    const found = await eventsOf(clientOf(server, { secret: secretOf(source) }));
    expect(found).toHaveLength(1);
    expect(server.bodies[1]).toEqual(server.bodies[0]);
  });

  it('a second refusal is a failure', async () => {
    const server = new ScriptedServer();
    server.answer('threads.list', ...times(3, json({}, 401)));
    const source = vi.fn<GetClientSecret>(async () => 'same');
    const failure = await failureOf(
      clientOf(server, { secret: secretOf(source) }).ask('threads.list', LIST),
    );
    expect(failure).toMatchObject({ code: 'unauthorized', status: 401 });
    expect(server.requests).toHaveLength(2);
    expect(source).toHaveBeenCalledTimes(2);
  });

  it('nothing is sent when the page cannot give one', async () => {
    const server = new ScriptedServer();
    const failure = new Error('Signed out');
    const client = clientOf(server, { secret: secretOf(() => Promise.reject(failure)) });
    await expect(client.ask('threads.list', LIST)).rejects.toBe(failure);
    await expect(eventsOf(client)).rejects.toBe(failure);
    expect(server.requests).toEqual([]);
  });
});

describe('a direct upload', () => {
  it('is one part named file, with no content type of its own', async () => {
    const calls: [unknown, RequestInit | undefined][] = [];
    const attachment = { id: 'atc_1', type: 'image', name: 'a.png', mime_type: 'image/png' };
    const own: typeof fetch = (url, init) => {
      calls.push([url, init]);
      return Promise.resolve(Response.json(attachment));
    };
    const client = clientOf(new ScriptedServer(), { fetch: () => own });
    const file = new File(['bytes'], 'a.png', { type: 'image/png' });
    const { signal } = new AbortController();
    expect(await client.uploadDirect('https://chat.test/upload', file, signal)).toEqual(attachment);
    const [[url, init]] = calls as [[string, RequestInit]];
    expect(url).toBe('https://chat.test/upload');
    expect(init.headers).toEqual({});
    const parts = [...(init.body as FormData).entries()];
    expect(parts.map(([name]) => name)).toEqual(['file']);
    expect(parts[0]?.[1]).toMatchObject({ name: 'a.png', type: 'image/png', size: 5 });
  });

  it('that is refused for its secret is sent once more with a new one', async () => {
    const bearers: unknown[] = [];
    const own: typeof fetch = async (_url, init) => {
      bearers.push((init?.headers as Record<string, string>)['Authorization']);
      return bearers.length === 1 ? Response.json({}, { status: 401 }) : Response.json({ id: 'atc_1' });
    };
    const source: GetClientSecret = async (current) => (current === null ? 'old' : 'new');
    const client = clientOf(new ScriptedServer(), { fetch: () => own, secret: secretOf(source) });
    const sent = client.uploadDirect('https://chat.test/upload', new File(['x'], 'a'), new AbortController().signal);
    expect(await sent).toEqual({ id: 'atc_1' });
    expect(bearers).toEqual(['Bearer old', 'Bearer new']);
  });
});
