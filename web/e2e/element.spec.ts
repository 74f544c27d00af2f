/** The element itself, and the official binding of React (UI-SPEC 6: element and binding). */

import { added, assistant, CAN_STOP, created, delta, done, toolCall, user } from '../tests/chat-under-test';
import { expect, test } from './chat-page';
import { events, held, json, LiveStream } from './scripted-server';

const ANSWER = [created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello you'))];

test('1: a classic async script defines the element; loading it twice raises nothing', async ({ chat }) => {
  await chat.goto('/bare.html');
  await chat.page.waitForFunction(() => customElements.get('openai-chatkit') !== undefined);
  expect(chat.errors).toEqual([]);
});

test('2: an element made by script renders, with options given before it is on the page', async ({ chat }) => {
  await chat.goto('/bare.html');
  await chat.page.waitForFunction(() => customElements.get('openai-chatkit'));
  await chat.page.evaluate(() => {
    const element = document.createElement('openai-chatkit');
    (element as unknown as { setOptions(options: object): void }).setOptions({ api: { url: '/api' } });
    document.body.append(element);
  });
  await expect(chat.field).toBeVisible();
});

test('2: markup that was parsed before the script renders', async ({ chat }) => {
  await chat.open();
  await expect(chat.field).toBeVisible();
  await expect(chat.page.getByRole('heading', { name: 'What can I help with today?' })).toBeVisible();
});

test('2: options that a page set before the script was there hold', async ({ chat }) => {
  await chat.page.route('**/chatkit.js', async (route) => {
    await chat.page.evaluate(() => Object.assign(document.getElementById('chat')!, { options: { api: { url: '/api' } } }));
    await route.continue();
  });
  await chat.goto();
  await expect(chat.field).toBeVisible();
  await chat.page.unroute('**/chatkit.js');
  expect(await chat.page.evaluate(() => Object.hasOwn(document.getElementById('chat')!, 'options'))).toBe(false);
});

for (const [version, page] of [[18, '/react-18.html'], [19, '/react.html']] as const) {
  test(`3: the binding of React ${version} renders in StrictMode, and all handlers are told`, async ({ chat, server }) => {
    await chat.goto(page);
    await expect(chat.page.getByRole('heading', { name: 'Hello from React' })).toBeVisible();
    expect(await chat.page.evaluate(() => window.reactVersion)).toMatch(new RegExp(`^${version}\\.`));
    await chat.page.getByRole('button', { name: 'Rendered 0' }).click(); // a new render does no harm
    await chat.button('Search').click();
    const effect = { type: 'client_effect', name: 'confetti', data: { size: 2 } };
    const link = assistant('a2', '[Deep](chatkit-link://task?id=7)');
    server.answer('threads.create', events([...ANSWER, effect, done(toolCall('t1', 'where', { a: 1 }))]));
    server.answer('threads.add_client_tool_output', events([done(link), { type: 'error', code: 'custom', message: 'Alas', allow_retry: false }]));
    await chat.send('Hi');
    await chat.page.getByRole('link', { name: 'Deep' }).click();
    await chat.button('History').click();
    await chat.page.keyboard.press('Escape');
    server.answer('threads.get_by_id', (_request, response) => {
      response.end(JSON.stringify({ id: 'thr_2', created_at: '2026-01-01T00:00:00', status: { type: 'active' }, items: { data: [], has_more: false } }));
    });
    await chat.page.evaluate(() => window.chat.setThreadId('thr_2'));
    const handled = await chat.page.evaluate(() => window.handled);
    const names = new Set(handled.map(([name]) => name));
    expect([...names].sort()).toEqual([
      'onDeeplink', 'onEffect', 'onError', 'onHistoryClose', 'onHistoryOpen', 'onLog', 'onReady', 'onResponseEnd',
      'onResponseStart', 'onThreadChange', 'onThreadLoadEnd', 'onThreadLoadStart', 'onToolChange',
    ]);
    expect(handled.filter(([name]) => name === 'onReady')).toHaveLength(1);
    expect(handled).toContainEqual(['onEffect', { name: 'confetti', data: { size: 2 } }]);
    expect(handled).toContainEqual(['onDeeplink', { name: 'task', data: { id: '7' } }]);
    expect(handled).toContainEqual(['onToolChange', { toolId: 'search' }]);
    expect(server.of('threads.add_client_tool_output')[0]?.body.params['result']).toEqual({
      name: 'where',
      params: { a: 1 },
      count: 1, // of the latest render
    });
  });
}

test('4: every method exists before options do, and returns a promise', async ({ chat }) => {
  await chat.goto();
  await chat.page.waitForFunction(() => customElements.get('openai-chatkit'));
  const kinds = await chat.page.evaluate(async () => {
    const element = document.getElementById('chat') as unknown as Record<string, (...args: unknown[]) => unknown>;
    const found: Record<string, boolean> = {};
    const calls: [string, unknown[]][] = [
      ['focusComposer', []], ['setThreadId', [null]], ['setComposerValue', [{}]], ['showHistory', []],
      ['hideHistory', []], ['fetchUpdates', []], ['sendCustomAction', [{ type: 'x' }]], ['sendUserMessage', [{ text: '' }]],
    ];
    for (const [name, args] of calls) {
      const result = element[name]?.(...args);
      found[name] = result instanceof Promise;
      (result as Promise<void> | undefined)?.catch(() => undefined);
    }
    found['setOptions'] = element['setOptions']!({ api: { url: '/api' } }) === undefined;
    return found;
  });
  expect(Object.values(kinds)).toEqual(Array(9).fill(true));
});

test('6: a whole session asks nobody but its server, under a strict policy', async ({ chat }) => {
  // What the page objects to, and whom else it asks, is looked at after every test.
  await chat.open({ composer: { models: [{ id: 'm', label: 'M' }] }, disclaimer: { text: 'Look *twice*' } });
  await chat.ask('Hi', [...ANSWER, done(assistant('a2', '# Title\n\n```js\nlet a = 1\n```\n\n$$x^2$$'))]);
  await expect(chat.log.locator('math').first()).toBeVisible();
  await expect(chat.log.locator('[class*="hljs-"]').first()).toBeVisible();
  expect(chat.foreign).toEqual([]);
});

for (const domainKey of [undefined, 'domain_pk_of_another_host']) {
  test(`7: the domain key ${String(domainKey)} changes nothing`, async ({ chat }) => {
    await chat.open({ api: { url: '/api', ...(domainKey ? { domainKey } : {}) } });
    await chat.ask('Hi', ANSWER);
    await expect(chat.item('a1')).toContainText('Hello you');
  });
}

test('8: two elements with different servers do not influence each other', async ({ chat, server }) => {
  await chat.open();
  await chat.page.evaluate(() => {
    const other = document.createElement('openai-chatkit');
    other.id = 'other';
    (other as unknown as { setOptions(options: object): void }).setOptions({ api: { url: '/api2' }, locale: 'de' });
    document.body.append(other);
  });
  const [first, other] = [chat.page.locator('#chat'), chat.page.locator('#other')];
  server.answer('/api threads.create', events(ANSWER));
  server.answer('/api2 threads.create', events([created('thr_9'), done(user('u9', 'Hi')), done(assistant('a9', 'From the other'))]));
  await first.getByRole('textbox').fill('Hi');
  await first.getByRole('textbox').press('Enter');
  await other.getByRole('textbox').fill('Hallo');
  await other.getByRole('textbox').press('Enter');
  await expect(first.locator('[data-item-id="a1"]')).toContainText('Hello you');
  await expect(other.locator('[data-item-id="a9"]')).toContainText('From the other');
  await expect(first.locator('[data-item-id="a9"]')).toHaveCount(0);
});

test('9: moving the element loses neither text nor stream; removing it ends the request', async ({ chat, server }) => {
  await chat.open();
  const live = new LiveStream();
  server.answer('threads.create', live.answer);
  await chat.send('Hi');
  live.send(created('thr_1'), done(user('u1', 'Hi')), CAN_STOP, added(assistant('a1')), delta('a1', 'One'));
  await expect(chat.item('a1')).toContainText('One');
  await chat.page.evaluate(() => {
    const box = document.createElement('div');
    document.body.append(box);
    box.append(document.getElementById('chat')!);
  });
  live.send(delta('a1', ' two'));
  await expect(chat.item('a1')).toContainText('One two');
  await chat.page.evaluate(() => document.getElementById('chat')!.remove());
  await server.until(() => live.isAborted, 'end of the request');
});

test('9: moving the element keeps the place in a long thread', async ({ chat }) => {
  const items = Array.from({ length: 400 }, (_, index) =>
    index % 2 ? assistant(`a${index}`, `${`Line of answer ${index}.\n\n`.repeat(1 + (index % 7))}`) : user(`u${index}`, 'Hi'));
  await chat.openThread(items);
  const scroller = chat.page.locator('.scroller');
  await scroller.evaluate((element) => element.scrollTo(0, element.scrollHeight / 2));
  const first = (): Promise<string> =>
    scroller.evaluate((element) => {
      const { left, top } = element.getBoundingClientRect();
      const root = element.getRootNode() as ShadowRoot;
      const item = [...root.querySelectorAll('[data-item-id]')].find((one) => one.getBoundingClientRect().bottom > top + 4);
      return `${item?.getAttribute('data-item-id')} ${left >= 0}`;
    });
  await chat.frames(6); // what is in sight gets its own height
  const before = await first();
  expect(before).not.toMatch(/^u0 /);
  await chat.page.evaluate(() => {
    const box = document.createElement('div');
    document.body.append(box);
    box.append(document.getElementById('chat')!);
  });
  await chat.frames(6);
  expect(await first()).toBe(before);
});

test('9: what is still loaded of one server is not told once there is another', async ({ chat, server }) => {
  await chat.open();
  const late = held(json({ id: 'thr_1', created_at: '2026-01-01T00:00:00', status: { type: 'active' }, items: { data: [], has_more: false } }));
  server.answer('/api threads.get_by_id', late.answer);
  const opened = chat.call('setThreadId', 'thr_1');
  await server.asked('threads.get_by_id');
  await chat.set({ api: { url: '/api2' } });
  late.release();
  await opened;
  await chat.frames();
  expect(await chat.details('thread.change')).toEqual([]);
  expect(await chat.details('thread.load.end')).toEqual([{ threadId: 'thr_1' }]);
});

test('75: a history that is switched off while it is shown goes', async ({ chat }) => {
  await chat.open();
  await chat.button('History').click();
  await expect(chat.page.getByRole('searchbox')).toBeVisible();
  await chat.set({ history: { enabled: false } });
  await expect(chat.field).toBeVisible();
});

test('10: a missing api throws; an unknown option only warns', async ({ chat }) => {
  await chat.open();
  const thrown = await chat.page.evaluate(() => {
    try {
      (document.getElementById('chat') as unknown as { setOptions(options: unknown): void }).setOptions({});
      return '';
    } catch (error) {
      return (error as Error).name;
    }
  });
  expect(thrown).toBe('TypeError');
  await chat.set({ colour: 'red' });
  await expect(chat.field).toBeVisible();
  expect(await chat.details('log')).toContainEqual({ name: 'options.unknown_key', data: { key: 'colour' } });
});

test('125: parts come from where the script came from', async ({ chat }) => {
  const asked: string[] = [];
  chat.page.on('request', (request) => asked.push(new URL(request.url()).pathname));
  await chat.open({ locale: 'de' });
  await chat.ask('Hi', [...ANSWER, done(assistant('a2', '```js\nlet a = 1\n```'))]);
  await expect(chat.log.locator('[class*="hljs-"]').first()).toBeVisible();
  const parts = asked.filter((path) => path.startsWith('/chatkit/'));
  expect(parts).toContain('/chatkit/locales/de.js');
  expect(asked.filter((path) => !/^\/(api|chatkit|page|$)/.test(path))).toEqual([]);
});
