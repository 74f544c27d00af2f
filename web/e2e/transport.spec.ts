/** Requests and what comes back (UI-SPEC 6: transport). */

import { added, assistant, created, delta, done, thread, user } from '../tests/chat-under-test';
import { eventually, expect, test } from './chat-page';
import { bytes, events, framed, json } from './scripted-server';

const ANSWER = [created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello you'))];

test('11, 12: the bodies of a first and a second message are exact', async ({ chat, server }) => {
  await chat.open();
  await chat.ask('Hi', ANSWER);
  await chat.ask('And then?', [done(user('u2', 'And then?')), done(assistant('a2', 'That'))]);
  const input = { quoted_text: '', attachments: [], inference_options: {} };
  expect(server.bodies).toEqual([
    { type: 'threads.create', params: { input: { content: [{ type: 'input_text', text: 'Hi' }], ...input } } },
    {
      type: 'threads.add_user_message',
      params: { input: { content: [{ type: 'input_text', text: 'And then?' }], ...input }, thread_id: 'thr_1' },
    },
  ]);
});

test('13: only the headers that are needed are set', async ({ chat, server }) => {
  await chat.open();
  await chat.ask('Hi', ANSWER);
  const { headers } = server.operations[0]!;
  expect(headers['content-type']).toBe('application/json');
  expect(headers['accept']).toBe('text/event-stream');
  expect(headers['accept-language']).toBe('en-US');
  expect(headers['authorization']).toBeUndefined();
  const browsers = /^(host|connection|content-length|user-agent|origin|referer|sec-.*|accept-encoding|pragma|cache-control)$/;
  const own = Object.keys(headers).filter((name) => !browsers.test(name));
  expect(own.sort()).toEqual(['accept', 'accept-language', 'content-type']);
});

test('14: a custom fetch gets a string and plain values, and may change them', async ({ chat, server }) => {
  await chat.goto();
  await chat.page.evaluate(() => {
    const kinds: unknown[] = [];
    Object.assign(window, { kinds });
    const own = (url: unknown, init: RequestInit): Promise<Response> => {
      kinds.push([
        typeof url, Object.getPrototypeOf(init.headers) === Object.prototype, typeof init.body,
        init.signal instanceof AbortSignal, init.method,
      ]);
      const body = JSON.parse(init.body as string) as object;
      return fetch(url as string, {
        ...init,
        headers: { ...(init.headers as Record<string, string>), 'X-Own': 'yes' },
        body: JSON.stringify({ ...body, metadata: { page: 'Shop' } }),
      });
    };
    return window.start({ api: { url: '/api', fetch: own } });
  });
  await chat.ask('Hi', ANSWER);
  await chat.call('showHistory');
  await server.asked('threads.list');
  for (const request of server.requests) {
    expect(request.headers['x-own']).toBe('yes');
    expect(request.body.metadata).toEqual({ page: 'Shop' });
  }
  const kinds = await chat.page.evaluate(() => (window as unknown as { kinds: unknown[] }).kinds);
  expect(kinds).toEqual(Array(kinds.length).fill(['string', true, 'string', true, 'POST']));
});

test('14: the native fetch works as api.fetch', async ({ chat }) => {
  await chat.goto();
  await chat.page.evaluate(() => window.start({ api: { url: '/api', fetch: window.fetch } }));
  await chat.ask('Hi', ANSWER);
  await expect(chat.item('a1')).toContainText('Hello you');
});

test('15: a relative url is of the page', async ({ chat, server }) => {
  await chat.open({ api: { url: 'api2' } });
  await chat.ask('Hi', ANSWER);
  expect(server.operations[0]!.path).toBe('/api2');
});

test('16: however a stream is cut, the same is shown', async ({ chat }) => {
  const text = 'Grüße 👩‍👩‍👧 日本\n\n- one\n- two';
  const list = [
    created('thr_1'), done(user('u1', 'Hi')), added(assistant('a1')), ...[...text].map((one) => delta('a1', one)),
    done(assistant('a1', text)),
  ];
  const lines = framed(list).replaceAll('\n', '\r\n');
  // Several data lines make one frame; lines that begin with a colon are comments.
  const spread = `: hello\n\n${lines}`.replace('data: {"type":"thread.created",', 'data: {"type":\r\ndata: "thread.created",');
  const shown: string[] = [];
  for (const size of [undefined, 1]) {
    await chat.open();
    chat.answerNext(bytes(spread, size));
    await chat.send('Hi');
    await eventually(() => chat.names()).toContain('response.end');
    await expect(chat.item('a1').getByRole('listitem')).toHaveCount(2);
    shown.push((await chat.item('a1').innerHTML()).replace(/lit\$\d+\$/g, ''));
  }
  expect(shown[1]).toBe(shown[0]);
  expect(shown[0]).toContain('Grüße 👩‍👩‍👧 日本');
});

test('17: what is malformed or unknown is skipped, and what follows is not', async ({ chat }) => {
  await chat.open();
  chat.answerNext(
    bytes(`${framed(ANSWER.slice(0, 2))}data: {no json\n\ndata: 7\n\n${framed([{ type: 'of.tomorrow' }, done({ ...assistant('x'), type: 'hologram' }), ANSWER[2]])}`),
  );
  await chat.send('Hi');
  await expect(chat.item('a1')).toContainText('Hello you');
  await eventually(() => chat.names()).toContain('response.end');
  expect(await chat.details('error')).toEqual([]);
  expect(JSON.stringify(await chat.details('log'))).toContain('stream.unknown_event');
});

test('18: the end of the body ends the response', async ({ chat }) => {
  await chat.open();
  await chat.ask('Hi', ANSWER);
  await expect(chat.button('Send message')).toBeVisible();
  await expect(chat.log).toHaveAttribute('aria-busy', 'false');
});

test('19: null is as good as absent', async ({ chat }) => {
  await chat.open();
  const nulls = { title: null, allowed_image_domains: null, status: null };
  const message = { ...user('u1', 'Hi'), quoted_text: null, inference_options: { tool_choice: null, model: null } };
  const source = { type: 'url', url: 'https://a.test/', title: 'A', description: null, timestamp: null, group: null, attribution: null };
  const content = [{ type: 'output_text', text: 'Well', annotations: [{ type: 'annotation', source, index: null }] }];
  const workflow = { type: 'custom', tasks: [{ type: 'custom', title: 'T', icon: null, content: null }], summary: null, expanded: null };
  await chat.ask('Hi', [
    { type: 'thread.created', thread: thread('thr_1', { ...nulls, items: { data: [], has_more: false, after: null } }) },
    done(message),
    done({ ...assistant('a1'), content }),
    done({ ...assistant('w1'), type: 'workflow', workflow }),
    done({ ...assistant('i1'), type: 'generated_image', image: null }),
    done({ ...assistant('x1'), type: 'widget', copy_text: null, widget: { type: 'Card', children: null, status: null } }),
    { type: 'notice', level: 'info', message: 'Note', title: null },
    { type: 'client_effect', name: 'x', data: null },
  ]);
  await expect(chat.item('a1')).toContainText('Well');
  expect(await chat.details('effect')).toEqual([{ name: 'x', data: {} }]);
  expect(await chat.details('error')).toEqual([]);
});

for (const status of [401, 403, 404, 429, 500]) {
  test(`20: a message that is refused with ${status} is marked, and sent again unchanged`, async ({ chat, server }) => {
    await chat.open();
    chat.answerNext(json({ error: { message: 'Not today.' } }, status));
    await chat.send('Precious words');
    const failed = chat.page.locator('[data-unsent]');
    await expect(failed).toContainText('Precious words');
    await expect(failed).toContainText('Not today.');
    expect(await chat.details('error')).toHaveLength(1);
    chat.answerNext(events(ANSWER));
    await failed.getByRole('button', { name: 'Retry' }).click();
    await expect(chat.item('a1')).toBeVisible();
    await expect(failed).toHaveCount(0);
    expect(server.bodies[1]).toEqual(server.bodies[0]);
    expect(await chat.names()).not.toContain('effect');
  });
}

test('20: a text that was not sent can be written again', async ({ chat }) => {
  await chat.open();
  chat.answerNext(json({}, 500));
  await chat.send('Precious words');
  await expect(chat.page.locator('[data-unsent]')).toBeVisible();
  await expect(chat.field).toHaveText('Precious words');
  chat.answerNext(events(ANSWER));
  await chat.button('Retry').click();
  await expect(chat.item('a1')).toBeVisible();
  await expect(chat.field).toHaveText('');
});

test('21: a connection lost before an answer is as a refusal', async ({ chat, server }) => {
  await chat.open();
  let lost: unknown;
  // Of a connection that it had used before, the browser itself would try a new one.
  await chat.page.route(
    '**/api',
    async (route) => {
      lost = route.request().postDataJSON();
      await route.abort('connectionreset');
    },
    { times: 1 },
  );
  await chat.send('Hi');
  const failed = chat.page.locator('[data-unsent]');
  await expect(failed).toBeVisible();
  chat.answerNext(events(ANSWER));
  await failed.getByRole('button', { name: 'Retry' }).click();
  await expect(chat.item('a1')).toBeVisible();
  expect(server.bodies).toEqual([lost]);
});

test('21: a connection lost in the answer asks for another one', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...ANSWER.slice(0, 2), added(assistant('a1')), delta('a1', 'Half'));
  await expect(chat.item('a1')).toContainText('Half');
  live.break();
  const failure = chat.page.getByRole('alert');
  await expect(failure).toContainText('interrupted');
  await expect(chat.item('a1')).toContainText('Half');
  server.answer('threads.retry_after_item', events([done(assistant('a2', 'Whole'))]));
  await failure.getByRole('button', { name: 'Retry' }).click();
  await expect(chat.item('a2')).toContainText('Whole');
  await expect(chat.item('a1')).toHaveCount(0);
  expect(server.bodies[1]).toEqual({
    type: 'threads.retry_after_item',
    params: { thread_id: 'thr_1', item_id: 'u1' },
  });
  expect(await chat.details('error')).toHaveLength(1);
});

test('22: a list is asked for again by itself, a change is not', async ({ chat, server }) => {
  await chat.open();
  const list = { data: [thread('thr_7', { title: 'Invoices' })], has_more: false };
  server.answer('threads.list', json({}, 503), json({}, 503), json(list));
  await chat.call('showHistory');
  await expect(chat.button('Invoices')).toBeVisible();
  server.answer('threads.update', json({}, 503));
  await chat.button('Rename: Invoices').click();
  await chat.page.getByRole('textbox', { name: 'Rename' }).fill('Bills');
  await chat.page.keyboard.press('Enter');
  await expect(chat.page.locator('.toast')).toContainText('could not be renamed');
  expect(server.of('threads.update')).toHaveLength(1);
  expect(server.unscripted).toEqual([]);
});

test('23: a message is never sent twice by itself', async ({ chat, server }) => {
  await chat.open();
  chat.answerNext(json({}, 503));
  await chat.send('Hi');
  await expect(chat.page.locator('[data-unsent]')).toBeVisible();
  // By the time that a list, which failed later, is asked for again, a message would have been, too.
  server.answer('threads.list', json({}, 503));
  await chat.call('showHistory');
  await server.asked('threads.list', 2);
  expect(server.operations).toHaveLength(1);
});
