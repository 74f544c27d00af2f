/** Methods, and when they are refused (UI-SPEC 6: methods and busy). */

import { assistant, created, done, thread, user, widget } from '../tests/chat-under-test';
import { eventually, expect, test } from './chat-page';
import { events, held, json, LiveStream } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];
const ANSWER = [...BEGUN, done(assistant('a1', 'Hello'))];

const TOOLS = {
  composer: {
    tools: [{ id: 'search', label: 'Search', icon: 'search' }, { id: 'draw', label: 'Draw', icon: 'images' }],
    models: [{ id: 'fast', label: 'Fast' }, { id: 'good', label: 'Good' }],
    attachments: { enabled: true },
  },
  api: { url: '/api', uploadStrategy: { type: 'direct', uploadUrl: '/upload' } },
};

test('80: what would disturb a response is refused, and asks for nothing', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...BEGUN);
  const count = server.requests.length;
  for (const [method, ...args] of [['sendUserMessage', { text: 'x' }], ['setThreadId', 'thr_2'], ['sendCustomAction', { type: 'x' }]] as const) {
    expect(await chat.call(method, ...args)).toMatchObject({ ok: false, name: 'IntegrationError', code: 'busy' });
  }
  expect(server.requests).toHaveLength(count);
  live.end();
});

test('80: and so it is while a thread is loaded', async ({ chat, server }) => {
  await chat.open();
  const slow = held(json(thread('thr_1')));
  server.answer('threads.get_by_id', slow.answer);
  const loading = chat.call('setThreadId', 'thr_1');
  await server.asked('threads.get_by_id');
  for (const [method, ...args] of [['sendUserMessage', { text: 'x' }], ['setThreadId', 'thr_2'], ['sendCustomAction', { type: 'x' }], ['focusComposer']] as const) {
    expect(await chat.call(method, ...args)).toMatchObject({ ok: false, code: 'busy' });
  }
  slow.release();
  expect(await loading).toEqual({ ok: true });
});

test('81: an action needs a thread, names its item, and settles with its response', async ({ chat, server }) => {
  await chat.open();
  expect(await chat.call('sendCustomAction', { type: 'x' })).toMatchObject({ ok: false, code: 'no_thread' });
  await chat.ask('Hi', [...ANSWER, done(widget('w1'))]);
  const live = new LiveStream();
  server.answer('threads.custom_action', live.answer, events([{ type: 'error', code: 'custom', message: 'No', allow_retry: false }]));
  let isSettled = false;
  const acting = chat.call('sendCustomAction', { type: 'go', payload: { id: 7 } }, 'w1').then((result) => {
    isSettled = true;
    return result;
  });
  const { body } = await server.asked('threads.custom_action');
  expect(body.params).toEqual({ item_id: 'w1', action: { type: 'go', payload: { id: 7 } }, thread_id: 'thr_1' });
  live.send(done(assistant('a2', 'Acted')));
  await expect(chat.item('a2')).toBeVisible();
  expect(isSettled).toBe(false);
  live.end();
  expect(await acting).toEqual({ ok: true });
  expect(await chat.call('sendCustomAction', { type: 'go' })).toMatchObject({ ok: false });
});

test('82: a message of a method has all that it is given, and leaves the composer alone', async ({ chat, server }) => {
  await chat.open(TOOLS);
  await chat.write('A draft');
  server.answer('threads.create', events(ANSWER), events([created('thr_2'), done(user('u2', 'Hi'))]));
  const files = [{ type: 'file', id: 'atc_1', name: 'a.pdf', mime_type: 'application/pdf' }];
  await chat.call('sendUserMessage', { text: 'First' });
  await eventually(() => chat.names()).toContain('response.end');
  const all = { text: 'Second', newThread: true, reply: 'quoted', attachments: files, toolChoice: { id: 'draw' }, model: 'good' };
  expect(await chat.call('sendUserMessage', all)).toEqual({ ok: true });
  expect(server.bodies[1]).toEqual({
    type: 'threads.create',
    params: {
      input: {
        content: [{ type: 'input_text', text: 'Second' }], quoted_text: 'quoted', attachments: ['atc_1'],
        inference_options: { tool_choice: { id: 'draw' }, model: 'good' },
      },
    },
  });
  await expect(chat.field).toHaveText('A draft');
  await expect(chat.button('Model: Fast')).toBeVisible();
  expect(await chat.details('tool.change')).toEqual([]);
});

test('83: tags of content get their data', async ({ chat, server }) => {
  await chat.open();
  chat.answerNext(events(ANSWER));
  const content = [{ type: 'input_text', text: 'About ' }, { type: 'input_tag', id: 'e1', text: 'Rome' }];
  await chat.call('sendUserMessage', { content });
  const input = server.bodies[0]!.params['input'] as { content: unknown };
  expect(input.content).toEqual([{ type: 'input_text', text: 'About ' }, { type: 'input_tag', id: 'e1', text: 'Rome', data: {} }]);
});

test('84: only the parts that are given are set', async ({ chat, server }) => {
  await chat.open(TOOLS);
  await chat.call('setComposerValue', { text: 'Draft', selectedToolId: 'search', selectedModelId: 'good' });
  await expect(chat.field).toHaveText('Draft');
  await expect(chat.button('Model: Good')).toBeVisible();
  await chat.call('setComposerValue', { reply: 'Said before' });
  await expect(chat.page.locator('.quote-chip')).toContainText('Said before');
  await expect(chat.field).toHaveText('Draft');
  await chat.call('setComposerValue', { selectedToolId: null });
  expect(await chat.details('tool.change')).toEqual([{ toolId: 'search' }, { toolId: null }]);
  server.answer('/upload', json({ id: 'atc_1', type: 'file', name: 'a.txt', mime_type: 'text/plain' }));
  await chat.page.evaluate(() => {
    const chat = document.getElementById('chat') as unknown as { setComposerValue(value: object): Promise<void> };
    return chat.setComposerValue({ files: [new File(['text'], 'a.txt', { type: 'text/plain' })] });
  });
  await expect(chat.page.locator('.uploads')).toContainText('a.txt');
  await server.asked('/upload');
  await chat.call('setComposerValue', { reply: '' });
  await expect(chat.page.locator('.quote-chip')).toHaveCount(0);
});

test('85: methods called before there are options run afterwards', async ({ chat }) => {
  await chat.goto();
  await chat.page.waitForFunction(() => customElements.get('openai-chatkit'));
  const setting = chat.call('setComposerValue', { text: 'Early' });
  await chat.set({});
  expect(await setting).toEqual({ ok: true });
  await expect(chat.field).toHaveText('Early');
});

test('86: the text field gets the focus', async ({ chat }) => {
  await chat.open();
  await chat.call('focusComposer');
  await expect(chat.field).toBeFocused();
});
