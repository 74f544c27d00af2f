import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { json } from '../tests/scripted-server';
import { drawn, uiUnderTest, type UiUnderTest } from '../tests/ui-under-test';
import type { Attachment } from './protocol';
import { Uploads } from './uploads';

/** In the place of the browser's, whose progress happy-dom does not know. The e2e suite has the real one. */
class FakeRequest {
  static all: FakeRequest[] = [];
  method = '';
  url = '';
  headers: Record<string, string> = {};
  body: unknown;
  status = 0;
  isAborted = false;
  upload: { onprogress?: (event: object) => void } = {};
  onload?: () => void;
  onerror?: () => void;
  onabort?: () => void;

  constructor() {
    FakeRequest.all.push(this);
  }

  open(method: string, url: string): void {
    Object.assign(this, { method, url });
  }

  setRequestHeader(name: string, value: string): void {
    this.headers[name] = value;
  }

  send(body: unknown): void {
    this.body = body;
  }

  abort(): void {
    this.isAborted = true;
    this.onabort?.();
  }

  async end(status = 200): Promise<void> {
    this.status = status;
    this.onload?.();
    await drawn();
  }
}

const file = (name = 'a.png', type = 'image/png'): File => new File(['bytes'], name, { type });
const created = (id: string, more: object = {}): object => ({ id, type: 'file', name: 'a', mime_type: 'image/png', ...more });
const putTo = (url: string, headers?: object): object => ({ upload_descriptor: { url, method: 'PUT', headers } });

interface Test extends UiUnderTest {
  uploads: Uploads;
  add: (...files: File[]) => Promise<string[]>;
  states: () => string[];
}

function uploadsUnderTest(strategy: object = { type: 'two_phase' }, composer: object = {}): Test {
  const test = uiUnderTest({
    api: { url: 'https://chat.test/api', uploadStrategy: strategy as never },
    composer: { attachments: { enabled: true, ...composer } },
  });
  const { ui } = test;
  const uploads = new Uploads({
    client: () => ui.client,
    options: () => ui.options,
    changed: () => undefined,
    failed: (error) => ui.failed(error),
    log: (name, data) => ui.log(name, data),
  });
  return {
    ...test,
    uploads,
    async add(...files) {
      const refusals = uploads.add(files, ui.strings);
      await drawn();
      return refusals;
    },
    states: () => uploads.list.map(({ state }) => state),
  };
}

beforeEach(() => {
  FakeRequest.all = [];
  vi.stubGlobal('XMLHttpRequest', FakeRequest);
});
afterEach(() => vi.unstubAllGlobals());

describe('a file in two phases', () => {
  it('is announced, and its bytes are put where the server says, with its headers and no others', async () => {
    const { server, uploads, add, states } = uploadsUnderTest();
    server.answer('attachments.create', json(created('atc_1', putTo('https://store.test/x', { 'x-key': '1' }))));
    const picture = file();
    await add(picture);
    expect(server.bodies).toEqual([
      { type: 'attachments.create', params: { name: 'a.png', size: 5, mime_type: 'image/png' } },
    ]);
    const [request] = FakeRequest.all;
    expect(request).toMatchObject({ method: 'PUT', url: 'https://store.test/x', body: picture });
    expect(request?.headers).toEqual({ 'x-key': '1', 'Content-Type': 'image/png' });
    expect(states()).toEqual(['sending']);
    expect(uploads.isSettled).toBe(false);
    expect(uploads.attachments).toEqual([]);
    request?.upload.onprogress?.({ lengthComputable: true, loaded: 2, total: 8 });
    expect(uploads.list[0]?.progress).toBe(0.25);
    await request?.end();
    expect(states()).toEqual(['done']);
    expect(uploads.isSettled).toBe(true);
    expect(uploads.attachments.map(({ id }) => id)).toEqual(['atc_1']);
  });

  it('is put with the type that the descriptor names', async () => {
    const { server, add } = uploadsUnderTest();
    server.answer('attachments.create', json(created('atc_1', putTo('/x', { 'content-type': 'text/x' }))));
    await add(file());
    expect(FakeRequest.all[0]?.headers).toEqual({ 'content-type': 'text/x' });
    expect(FakeRequest.all[0]?.url).toBe(new URL('/x', document.baseURI).href);
  });

  it('is posted as a form, also to the address of an older server', async () => {
    const { server, add } = uploadsUnderTest();
    server.answer(
      'attachments.create',
      json(created('atc_1', { upload_descriptor: { url: 'https://store.test/1', method: 'post' } })),
      json(created('atc_2', { upload_url: 'https://store.test/2', upload_descriptor: null })),
    );
    await add(file('one.png'), file('two', ''));
    expect(FakeRequest.all.map(({ method, url }) => `${method} ${url}`)).toEqual([
      'POST https://store.test/1',
      'POST https://store.test/2',
    ]);
    for (const { body, headers } of FakeRequest.all) {
      expect([...(body as FormData).keys()]).toEqual(['file']);
      expect(headers).toEqual({});
    }
    expect(server.bodies[1]?.params).toEqual({ name: 'two', size: 5, mime_type: 'application/octet-stream' });
  });

  it('that fails is tried again as a new one, and what the server has of it is deleted', async () => {
    const { server, uploads, add, states, details } = uploadsUnderTest();
    server.answer('attachments.create', json(created('atc_1', putTo('/x'))), json(created('atc_2', putTo('/y'))));
    server.answer('attachments.delete', json({}));
    await add(file());
    await FakeRequest.all[0]?.end(403);
    expect(states()).toEqual(['failed']);
    expect(uploads.isSettled).toBe(false);
    expect(uploads.attachments).toEqual([]);
    expect(details('error')).toHaveLength(1);
    uploads.retry(uploads.list[0]!.key);
    await drawn();
    expect(server.operations).toEqual(['attachments.create', 'attachments.delete', 'attachments.create']);
    expect(server.bodies[1]?.params).toEqual({ attachment_id: 'atc_1' });
    await FakeRequest.all[1]?.end();
    expect(uploads.attachments.map(({ id }) => id)).toEqual(['atc_2']);
  });

  it('that is removed on its way is aborted, deleted on the server, and no error', async () => {
    const { server, uploads, add, details } = uploadsUnderTest();
    server.answer('attachments.create', json(created('atc_1', putTo('/x'))));
    server.answer('attachments.delete', json({}));
    await add(file());
    uploads.remove(uploads.list[0]!.key);
    await drawn();
    expect(FakeRequest.all[0]?.isAborted).toBe(true);
    expect(server.bodies[1]).toEqual({ type: 'attachments.delete', params: { attachment_id: 'atc_1' } });
    expect(uploads.list).toEqual([]);
    expect(details('error')).toEqual([]);
  });

  it('that is removed while a fetch that knows no cancelling is told of it is deleted, and not sent', async () => {
    const { ui, uploads, add } = uploadsUnderTest();
    const asked: string[] = [];
    let tell = (_answer: string): void => undefined;
    const answer = new Promise<string>((resolve) => (tell = resolve));
    ui.options.api.fetch = async (_url, init) => {
      const { type } = JSON.parse(String(init?.body)) as { type: string };
      asked.push(type);
      const text = type === 'attachments.create' ? answer : Promise.resolve('{}');
      return { ok: true, status: 200, text: () => text } as Response;
    };
    await add(file());
    uploads.remove(uploads.list[0]!.key);
    tell(JSON.stringify(created('atc_1', putTo('https://up.test/1'))));
    await drawn();
    expect(FakeRequest.all).toEqual([]);
    expect(asked).toEqual(['attachments.create', 'attachments.delete']);
  });

  it('waits while three others are sent', async () => {
    const { server, uploads, add, states } = uploadsUnderTest();
    for (const id of ['1', '2', '3', '4', '5']) server.answer('attachments.create', json(created(id, putTo(`/${id}`))));
    await add(file('1'), file('2'), file('3'), file('4'), file('5'));
    expect(states()).toEqual(['sending', 'sending', 'sending', 'waiting', 'waiting']);
    await FakeRequest.all[1]?.end();
    expect(states()).toEqual(['sending', 'done', 'sending', 'sending', 'waiting']);
    await FakeRequest.all[0]?.end(500);
    expect(states()).toEqual(['failed', 'done', 'sending', 'sending', 'sending']);
    server.answer('attachments.delete', json({}));
    uploads.remove(uploads.list[1]!.key); // one that is done frees no place
    await drawn();
    expect(FakeRequest.all).toHaveLength(5);
  });
});

describe('a direct upload', () => {
  it('is one form to the page’s own address through its fetch, and nothing else', async () => {
    const asked: { url: string; init: RequestInit }[] = [];
    const { ui, uploads, add, server } = uploadsUnderTest({ type: 'direct', uploadUrl: '/upload' });
    ui.options.api.fetch = (async (url: string, init: RequestInit) => {
      asked.push({ url, init });
      return Response.json(created('atc_9', { upload_descriptor: null, thread_id: null, metadata: null }));
    }) as typeof fetch;
    await add(file());
    expect(asked).toHaveLength(1);
    expect(asked[0]?.url).toBe(new URL('/upload', document.baseURI).href);
    expect(asked[0]?.init.method).toBe('POST');
    expect(Object.keys(asked[0]?.init.headers ?? {})).toEqual([]);
    expect([...(asked[0]?.init.body as FormData).keys()]).toEqual(['file']);
    expect(uploads.attachments.map(({ id }) => id)).toEqual(['atc_9']);
    expect(server.requests).toEqual([]);
    expect(FakeRequest.all).toEqual([]);
  });

  it('fails where the answer names no attachment', async () => {
    const { ui, add, states } = uploadsUnderTest({ type: 'direct', uploadUrl: '/upload' });
    ui.options.api.fetch = (async () => Response.json({ ok: true })) as typeof fetch;
    await add(file());
    expect(states()).toEqual(['failed']);
  });
});

describe('files', () => {
  it('beyond the number that a message may have are refused, and cause no request', async () => {
    const { server, uploads, add } = uploadsUnderTest({ type: 'two_phase' }, { maxCount: 1, accept: { 'image/*': [] } });
    server.answer('attachments.create', json(created('atc_1', putTo('/x'))));
    expect(await add(file('no.txt', 'text/plain'), file('a.png'), file('b.png'), file('c.png'))).toEqual([
      'no.txt is of a type that is not accepted here.',
      'At most 1 files can be attached.',
    ]);
    expect(uploads.list.map(({ name }) => name)).toEqual(['a.png']);
    expect(server.requests).toHaveLength(1);
  });

  it('that the page gave are removed without a request, those in their place before are deleted', async () => {
    const { server, uploads, add } = uploadsUnderTest();
    server.answer('attachments.create', json(created('atc_1')));
    server.answer('attachments.delete', json({}));
    await add(file());
    uploads.replace([created('given') as Attachment]);
    await drawn();
    expect(server.operations).toEqual(['attachments.create', 'attachments.delete']);
    expect(uploads.attachments.map(({ id }) => id)).toEqual(['given']);
    uploads.remove(uploads.list[0]!.key);
    await drawn();
    expect(uploads.list).toEqual([]);
    expect(server.requests).toHaveLength(2);
  });

  it('that go with a message are not deleted', async () => {
    const { server, uploads, add } = uploadsUnderTest();
    server.answer('attachments.create', json(created('atc_1')));
    await add(file());
    uploads.clear();
    await drawn();
    expect(uploads.list).toEqual([]);
    expect(server.operations).toEqual(['attachments.create']);
  });

  it('let go of their pictures while nobody can see them, and show them again', async () => {
    const { uploads, add } = uploadsUnderTest();
    const made = vi.spyOn(URL, 'createObjectURL');
    const freed = vi.spyOn(URL, 'revokeObjectURL');
    await add(file());
    uploads.hidePreviews();
    expect(freed.mock.calls).toEqual([[made.mock.results[0]?.value]]);
    expect(uploads.list[0]?.preview).toBeUndefined();
    uploads.showPreviews();
    uploads.showPreviews();
    expect(made).toHaveBeenCalledTimes(2);
    expect(uploads.list[0]?.preview).toBe(made.mock.results[1]?.value);
    vi.restoreAllMocks();
  });

  it('show a picture at once, and let go of its address', async () => {
    const revoke = vi.spyOn(URL, 'revokeObjectURL');
    const { server, uploads, add } = uploadsUnderTest();
    server.answer('attachments.create', json(created('1')), json(created('2')));
    await add(file(), file('a.svg', 'image/svg+xml'));
    const [picture, drawing] = uploads.list;
    expect(picture?.preview).toMatch(/^blob:/);
    expect(drawing?.preview).toBeUndefined();
    uploads.clear();
    expect(revoke.mock.calls).toEqual([[picture?.preview]]);
  });
});
