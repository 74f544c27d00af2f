/** The names by which a page reaches what is in the element: `openai-chatkit::part(…)`. */

import { assistant, created, done, user, widget } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';

async function has(chat: ChatPage, ...names: string[]): Promise<void> {
  for (const name of names) await expect(chat.page.locator(`[part="${name}"]`).first(), name).toBeVisible();
}

const OPTIONS = {
  startScreen: { greeting: 'Hello', prompts: [{ label: 'Say it', prompt: 'It' }] },
  header: { title: { text: 'Shop' } },
  composer: {
    tools: [{ id: 'search', label: 'Search', icon: 'search', pinned: true }],
    attachments: { enabled: true, accept: { 'image/png': ['.png'] } },
  },
  api: { uploadStrategy: { type: 'direct', uploadUrl: '/upload' } },
  disclaimer: { text: 'It can be wrong.' },
};

test('the start has parts, which a page can style', async ({ chat }) => {
  await chat.open(OPTIONS);
  await has(chat, 'frame', 'header', 'title', 'start-screen', 'greeting', 'prompt', 'composer', 'text-input', 'send', 'tool', 'disclaimer');
  await chat.button('Tools').click();
  await has(chat, 'menu');
  await chat.page.locator('input[type="file"]').setInputFiles({ name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('x') });
  await has(chat, 'toast');
  await chat.page.evaluate(() => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('openai-chatkit::part(greeting) { color: rgb(1, 2, 3) }');
    document.adoptedStyleSheets.push(sheet);
  });
  await expect(chat.page.locator('[part="greeting"]')).toHaveCSS('color', 'rgb(1, 2, 3)');
});

test('a conversation and the history have parts', async ({ chat, server }) => {
  const card = { ...(widget('w1') as object), widget: { type: 'Card', children: [{ type: 'Text', value: 'Card' }] } };
  await chat.open(OPTIONS);
  await chat.ask('Hi', [
    created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello')), done(card),
    { type: 'notice', level: 'info', message: 'Slow today' },
  ]);
  await has(chat, 'transcript', 'user-message', 'bubble', 'assistant-message', 'card', 'notice');
  const thread = { id: 'thr_1', created_at: '2026-01-02T03:04:05', status: { type: 'active' }, items: { data: [], has_more: false } };
  server.answer('threads.list', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify({ data: [thread], has_more: false }));
  });
  await chat.button('History').click();
  await has(chat, 'history', 'thread');
});

test('after New chat one can write at once', async ({ chat }) => {
  await chat.open();
  await chat.ask('Hi', [created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello'))]);
  await chat.button('New chat').click();
  await expect(chat.field).toBeFocused();
});

test('a divider in a row is upright', async ({ chat }) => {
  const row = { type: 'Row', children: [{ type: 'Text', value: 'One' }, { type: 'Divider', size: 2 }, { type: 'Text', value: 'Two' }] };
  const card = { ...(widget('w1') as object), widget: { type: 'Card', children: [row, { type: 'Divider' }] } };
  await chat.open();
  await chat.ask('Hi', [created('thr_1'), done(user('u1', 'Hi')), done(card)]);
  const [upright, flat] = await chat.page.locator('hr').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON() as DOMRect));
  expect(upright).toMatchObject({ width: 2 });
  expect(upright!.height).toBeGreaterThan(10);
  expect(flat).toMatchObject({ height: 1 });
  expect(flat!.width).toBeGreaterThan(100);
});
