/** Texts that are written while one looks (UI-SPEC 6: streaming text). */

import { added, assistant, created, delta, done, thread, user } from '../tests/chat-under-test';
import { type ChatPage, eventually, expect, test } from './chat-page';
import { json, type LiveStream } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];

function update(itemId: string, change: object): object {
  return { type: 'thread.item.updated', item_id: itemId, update: change };
}

function part(text: string, annotations: object[] = []): object {
  return { type: 'output_text', text, annotations };
}

function cited(url: string, index: number | null = null): object {
  return { type: 'annotation', index, source: { type: 'url', url, title: `Source ${url}` } };
}

async function begun(chat: ChatPage, ...more: object[]): Promise<LiveStream> {
  await chat.open();
  return chat.askLive('Hi', ...BEGUN, ...more);
}

test('28: text is there soon after it came, and dots before it', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')));
  await expect(chat.log.locator('.typing')).toHaveCount(1);
  await chat.page.evaluate(() => {
    const root = document.getElementById('chat')!.shadowRoot!;
    window.seen = {};
    new MutationObserver(() => {
      const text = root.querySelector('[data-item-id="a1"]')?.textContent ?? '';
      for (const [word] of text.matchAll(/Word\d/g)) window.seen[word] ??= Date.now();
    }).observe(root, { subtree: true, childList: true, characterData: true });
  });
  const took: number[] = [];
  for (const word of ['Word1', 'Word2', 'Word3', 'Word4', 'Word5']) {
    const sent = Date.now();
    live.send(delta('a1', `${word} `));
    await expect(chat.item('a1')).toContainText(word);
    took.push((await chat.page.evaluate((word) => window.seen[word] ?? Infinity, word)) - sent);
  }
  await expect(chat.log.locator('.typing')).toHaveCount(0);
  expect(Math.min(...took), `${took.join(', ')} ms`).toBeLessThan(100); // the best, for a machine may be busy
  live.end();
});

declare global {
  interface Window {
    seen: Record<string, number>;
    long: number[];
    kept?: Node | null;
  }
}

test('29: a part that comes before those ahead of it leaves room for them', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')));
  live.send(
    update('a1', { type: 'assistant_message.content_part.added', content_index: 1, content: part('') }),
    update('a1', { type: 'assistant_message.content_part.text_delta', content_index: 1, delta: 'second' }),
    update('a1', { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: 'first' }),
  );
  await expect(chat.item('a1').locator('ck-markdown')).toHaveText(['first', 'second']);
  live.end();
});

test('30: the finished text wins over the streamed one', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')), delta('a1', 'draft'));
  live.send(done(assistant('a1', 'final')));
  await expect(chat.item('a1')).toHaveText(/^\s*final\s*$/);
  live.end();
});

test('31: a marker stays while parts are finished without it, and is there once', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')), delta('a1', 'Fact.'));
  const note = cited('https://a.test/', 5);
  live.send(update('a1', { type: 'assistant_message.content_part.annotation_added', content_index: 0, annotation_index: 0, annotation: note }));
  const marker = chat.item('a1').locator('[data-citation]');
  await expect(marker).toHaveCount(1);
  live.send(update('a1', { type: 'assistant_message.content_part.done', content_index: 0, content: part('Fact.') }));
  live.send(delta('a1', ' More'));
  await expect(chat.item('a1')).toContainText('More');
  await expect(marker).toHaveCount(1);
  live.send(done({ ...assistant('a1'), content: [part('Fact. More', [note])] }));
  await expect(chat.item('a1').locator('.sources')).toHaveCount(1);
  await expect(marker).toHaveCount(1);
  live.end();
});

test('31: markers of several parts stay in their own part, and each is there once', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')));
  const [first, second, again] = [cited('https://a.test/', 3), cited('https://b.test/', 3), cited('https://a.test/', 1)];
  const noted = (content_index: number, annotation_index: number, annotation: object): object =>
    update('a1', { type: 'assistant_message.content_part.annotation_added', content_index, annotation_index, annotation });
  live.send(
    ...['One', 'Two'].map((text, content_index) => update('a1', { type: 'assistant_message.content_part.added', content_index, content: part(text) })),
    noted(1, 0, second), noted(0, 0, first), noted(1, 0, again),
  );
  const parts = chat.item('a1').locator('ck-markdown');
  await expect(parts).toHaveText(['One1', 'T1wo2']);
  live.send(...['One', 'Two'].map((text, content_index) => update('a1', { type: 'assistant_message.content_part.done', content_index, content: part(text) })));
  live.send(update('a1', { type: 'assistant_message.content_part.text_delta', content_index: 1, delta: ' more' }));
  await expect(parts).toHaveText(['One1', 'T1wo2 more']);
  live.send(done({ ...assistant('a1'), content: [part('One', [first]), part('Two more', [again, second])] }));
  await expect(chat.item('a1')).not.toHaveAttribute('data-pending');
  await expect(parts).toHaveText(['One1', 'T1wo2 more']);
  await chat.item('a1').getByRole('button', { name: 'Sources' }).click();
  await expect(chat.item('a1').locator('.sources li')).toHaveCount(2);
  live.end();
});

test('32: markers stand behind code points; one beyond the text stands at its end', async ({ chat }) => {
  await chat.open();
  const content = [part('👍 yes', [cited('https://a.test/', 1), cited('https://b.test/', 99)])];
  await chat.ask('Hi', [...BEGUN, done({ ...assistant('a1'), content })]);
  await expect(chat.item('a1').locator('p').first()).toHaveText('👍1 yes2');
});

test('33: one place has one marker a source; Sources has each source once', async ({ chat }) => {
  await chat.open();
  const content = [part('One two', [cited('https://a.test/', 3), cited('https://b.test/', 3), cited('https://a.test/', 7)])];
  await chat.ask('Hi', [...BEGUN, done({ ...assistant('a1'), content })]);
  const item = chat.item('a1');
  await expect(item.locator('p').first()).toHaveText(/One1,?\s?2 two1/);
  await item.getByRole('button', { name: /^Sources/ }).click();
  await expect(item.locator('.sources li')).toHaveCount(2);
  await expect(item.locator('.sources a').first()).toHaveAttribute('rel', 'noopener noreferrer');
});

test('33: two sources of one place form one group', async ({ chat }) => {
  await chat.open();
  const content = [part('One two', [cited('https://a.test/', 3), cited('https://b.test/', 3)])];
  await chat.ask('Hi', [...BEGUN, done({ ...assistant('a1'), content })]);
  const sup = chat.item('a1').locator('p').first().locator('sup, .citations');
  await expect(sup).toHaveCount(1);
});

test('34: finished blocks stay the same nodes, and thousands of deltas block nothing', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')), delta('a1', 'First block.\n\nSecond'));
  await expect(chat.item('a1').locator('p')).toHaveCount(2);
  await chat.page.evaluate(() => {
    window.kept = document.getElementById('chat')!.shadowRoot!.querySelector('[data-item-id="a1"] p');
    window.long = [];
    new PerformanceObserver((list) => {
      window.long.push(...list.getEntries().map(({ duration }) => duration));
    }).observe({ type: 'longtask' });
  });
  for (let round = 0; round < 40; round++) {
    live.send(...Array.from({ length: 50 }, (_, index) => delta('a1', index === 49 ? '\n\nNext' : ' word')));
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  await expect(chat.item('a1').locator('p')).toHaveCount(42);
  const { isKept, long } = await chat.page.evaluate(() => ({
    isKept: window.kept === document.getElementById('chat')!.shadowRoot!.querySelector('[data-item-id="a1"] p'),
    long: window.long,
  }));
  expect(isKept).toBe(true);
  // Work that grows with the text would make many of the forty rounds long; a busy machine, one or two.
  expect(long.filter((duration) => duration > 200).length, `${long.join(', ')} ms`).toBeLessThan(3);
  live.end();
});

test('35: a turn whose items are removed leaves the message of the user', async ({ chat }) => {
  const live = await begun(chat, added(assistant('a1')), delta('a1', 'Secret'), done(assistant('a2', 'Also')));
  await expect(chat.item('a2')).toBeVisible();
  live.send({ type: 'thread.item.removed', item_id: 'a1' }, { type: 'thread.item.removed', item_id: 'a2' }, { type: 'thread.item.removed', item_id: 'never' });
  live.end();
  await eventually(() => chat.itemIds).toEqual(['u1']);
  await expect(chat.log).not.toContainText('Secret');
});

test('36: a replaced item keeps its place, and the view its own', async ({ chat, server }) => {
  const many = Array.from({ length: 20 }, (_, index) => [user(`u${index}`, `Q ${index}`), assistant(`a${index}`, `A ${index}\n\nmore\n\nmore`)]).flat();
  await chat.openThread(many);
  await chat.item('u8').evaluate((item) => item.scrollIntoView({ block: 'start', behavior: 'instant' }));
  await expect(chat.item('u8')).toBeInViewport();
  // What comes near is laid out with the next frames.
  await chat.frames();
  const before = (await chat.item('u8').boundingBox())!.y;
  server.answer('threads.custom_action', (_request, response) => {
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(`data: ${JSON.stringify({ type: 'thread.item.replaced', item: assistant('a2', 'Replaced\n\nwith\n\na\n\nlonger\n\ntext') })}\n\n`);
  });
  expect(await chat.call('sendCustomAction', { type: 'x' })).toEqual({ ok: true });
  await expect(chat.item('a2')).toContainText('Replaced');
  const order = await chat.itemIds;
  expect(order.indexOf('a2')).toBe(5);
  expect(Math.abs((await chat.item('u8').boundingBox())!.y - before)).toBeLessThan(2);
});

test('37: an item that is done without having been added is shown; an update of none is not', async ({ chat }) => {
  const live = await begun(chat, delta('ghost', 'Boo'), done(assistant('a1', 'Here')));
  await expect(chat.item('a1')).toContainText('Here');
  await expect(chat.item('ghost')).toHaveCount(0);
  live.end();
});

test('38: an updated thread changes titles and leaves the transcript', async ({ chat, server }) => {
  const live = await begun(chat, done(assistant('a1', 'Here')));
  live.send({ type: 'thread.updated', thread: thread('thr_1', { title: 'Greetings' }) });
  live.end();
  await expect(chat.page.getByRole('heading', { name: 'Greetings' })).toBeVisible();
  await expect(chat.item('a1')).toBeVisible();
  server.answer('threads.list', json({ data: [thread('thr_1', { title: 'Greetings' })], has_more: false }));
  await chat.button('History').click();
  await expect(chat.page.getByRole('list', { name: 'Conversations' })).toContainText('Greetings');
});
