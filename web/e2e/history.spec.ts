/** Threads and the list of them (UI-SPEC 6: threads and history). */

import { added, assistant, created, delta, done, other, thread, user } from '../tests/chat-under-test';
import { type ChatPage, eventually, expect, test } from './chat-page';
import { events, held, json, type Answer, type ScriptedServer } from './scripted-server';

const LOADED = json({ ...thread('thr_1', { title: 'One' }), items: { data: [user('u1', 'Hi'), assistant('a1', 'Hello')], has_more: false } });

function list(...ids: string[]): Answer {
  return json({ data: ids.map((id) => thread(id, { title: `Title ${id}` })), has_more: false });
}

async function opened(chat: ChatPage, server: ScriptedServer, ...ids: string[]): Promise<void> {
  server.answer('threads.list', list(...ids));
  await chat.button('History').click();
  await expect(chat.button(`Title ${ids[0]}`)).toBeVisible();
}

test('68: the first thread is loaded, in this order; a later other one is not', async ({ chat, server }) => {
  server.answer('threads.get_by_id', LOADED);
  await chat.open({ initialThread: 'thr_1' });
  await expect(chat.item('a1')).toBeVisible();
  await chat.set({ initialThread: 'thr_2' });
  await chat.call('hideHistory');
  expect((await chat.names()).filter((name) => name !== 'ready')).toEqual(['thread.load.start', 'thread.change', 'thread.load.end']);
  expect(server.of('threads.get_by_id')).toHaveLength(1);
});

/** A server that keeps 95 items, and hands them out as the SDK does. */
function long(server: ScriptedServer, count = 95): Answer {
  const all = Array.from({ length: count }, (_, index) =>
    index % 2 ? assistant(`i${index}`, `Answer ${index}\n\n${'with more paragraphs\n\n'.repeat(1 + (index % 13))}`) : user(`i${index}`, `Question ${index}`),
  ) as { id: string }[];
  server.answer('threads.get_by_id', json({ ...thread('thr_1'), items: { data: all.slice(0, 20), has_more: true, after: 'i19' } }));
  const page: Answer = (request, response) => {
    const { after, limit } = request.body.params as { after?: string; limit: number };
    const newest = all.toReversed();
    const from = after ? newest.findIndex(({ id }) => id === after) + 1 : 0;
    const data = newest.slice(from, from + limit);
    const has_more = from + limit < newest.length;
    return json({ data, has_more, ...(has_more ? { after: data.at(-1)!.id } : {}) })(request, response);
  };
  return page;
}

for (const kept of ['by the browser', 'by the element alone']) {
  test(`69: a long thread opens at its newest item, and the rest comes on scrolling, kept in place ${kept}`, async ({ chat, server }) => {
    const page = long(server);
    server.answer('items.list', page);
    await chat.open({ initialThread: 'thr_1' });
    await expect(chat.item('i94')).toBeInViewport();
    if (kept === 'by the element alone') {
      await chat.page.locator('.scroller').evaluate((element) => (element as HTMLElement).style.setProperty('overflow-anchor', 'none'));
    }
    // Where it was painted: turns that come near have other heights between two frames, which nobody sees.
    const placeOf = (id: string): Promise<number> =>
      chat.item(id).evaluate((item) => new Promise((resolve) => {
        const observer = new IntersectionObserver(([entry]) => {
          observer.disconnect();
          resolve(entry!.boundingClientRect.top);
        });
        observer.observe(item);
      }));
    for (let round = 0; round < 6 && !(await chat.itemIds).includes('i0'); round++) {
      const first = (await chat.itemIds)[0]!;
      const next = held(page);
      server.answer('items.list', next.answer);
      const count = server.of('items.list').length;
      await chat.page.locator('.scroller').evaluate((element) => element.scrollTo({ top: 0, behavior: 'instant' }));
      await server.asked('items.list', count + 1);
      await expect(chat.log.locator('.spinner')).toBeVisible();
      const before = await placeOf(first);
      next.release();
      await eventually(async () => (await chat.itemIds)[0]).not.toBe(first);
      await expect(chat.log.locator('.spinner')).toHaveCount(0);
      expect(Math.abs((await placeOf(first)) - before), `jump of page ${round}`).toBeLessThan(2);
    }
    expect(await chat.itemIds).toEqual(Array.from({ length: 95 }, (_, index) => `i${index}`));
  });
}

test('69: a thread of a thousand messages lays out what is near only, and blocks nothing while it scrolls and streams', async ({ chat }) => {
  const many = Array.from({ length: 500 }, (_, index) => [user(`u${index}`, `Question ${index}`), assistant(`a${index}`, `Answer ${index}\n\n- some\n- more\n\n\`code\``)]).flat();
  await chat.openThread(many);
  await expect(chat.item('a499')).toBeInViewport();
  const laidOut = (): Promise<number> => chat.log.locator('.message.user').evaluateAll((all) => all.filter((one) => one.checkVisibility({ contentVisibilityAuto: true })).length);
  expect(await laidOut()).toBeLessThan(50);
  const long = await chat.page.evaluateHandle(() => {
    const durations: number[] = [];
    new PerformanceObserver((list) => durations.push(...list.getEntries().map(({ duration }) => duration))).observe({ type: 'longtask' });
    return durations;
  });
  await chat.page.locator('.scroller').evaluate(async (scroller) => {
    for (let step = 0; step < 100; step++) {
      scroller.scrollBy({ top: -400, behavior: 'instant' });
      await new Promise(requestAnimationFrame);
    }
  });
  await expect(chat.item('a499')).not.toBeInViewport();
  expect(await laidOut()).toBeLessThan(50);
  const live = await chat.askLive('And now?', done(user('u500', 'And now?')), added(assistant('a500')));
  for (let round = 0; round < 30; round++) {
    live.send(delta('a500', ` word ${round}`));
    await chat.frames(1);
  }
  await expect(chat.item('a500')).toContainText('word 29');
  live.end();
  const blocked = (await long.jsonValue()).filter((duration) => duration > 200);
  // Work that grows with the thread would make most of the steps long; a busy machine, a few.
  expect(blocked.length, `${blocked.join(', ')} ms`).toBeLessThan(5);
});

test('70: empty pages that are not the last stall nothing', async ({ chat, server }) => {
  const items = [user('u1', 'Old'), assistant('a1', 'Older')];
  server.answer('threads.get_by_id', json({ ...thread('thr_1'), items: { data: items, has_more: true, after: 'a1' } }));
  server.answer(
    'items.list',
    json({ data: [], has_more: true, after: 'h1' }),
    json({ data: [assistant('a2', 'New'), user('u2', 'Newer')], has_more: true, after: 'u2' }),
    json({ data: [], has_more: true, after: 'h2' }),
    json({ data: [assistant('a1', 'Older'), user('u1', 'Old')], has_more: false }),
  );
  await chat.open({ initialThread: 'thr_1' });
  await expect(chat.item('a2')).toBeVisible();
  await chat.page.locator('.scroller').dispatchEvent('scroll');
  await eventually(() => chat.itemIds).toEqual(['u1', 'a1', 'u2', 'a2']);
});

test('71: a thread that is missing says so, and a new chat works', async ({ chat, server }) => {
  server.answer('threads.get_by_id', json({}, 404), json({}, 404));
  await chat.open({ initialThread: 'thr_gone' });
  const failure = chat.log.getByRole('alert');
  await expect(failure).toContainText('could not be loaded');
  await failure.getByRole('button', { name: 'Try again' }).click();
  await server.asked('threads.get_by_id', 2);
  await failure.getByRole('button', { name: 'New chat' }).click();
  await chat.ask('Hi', [created('thr_2'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello'))]);
  await expect(chat.item('a1')).toBeVisible();
  expect(await chat.details('error')).toHaveLength(2);
});

test('72: of two threads chosen fast the second is shown, and both loads end', async ({ chat, server }) => {
  await chat.open();
  const slow = held(json({ ...thread('thr_a'), items: { data: [user('ua', 'A')], has_more: false } }));
  server.answer('threads.get_by_id', slow.answer, json({ ...thread('thr_b'), items: { data: [user('ub', 'B')], has_more: false } }));
  await opened(chat, server, 'thr_a', 'thr_b');
  await chat.button('Title thr_a').click();
  await server.asked('threads.get_by_id');
  await opened(chat, server, 'thr_a', 'thr_b');
  await chat.button('Title thr_b').click();
  await expect(chat.item('ub')).toBeVisible();
  slow.release();
  await eventually(() => chat.details('thread.load.end')).toHaveLength(2);
  await expect(chat.item('ua')).toHaveCount(0);
  expect(await chat.details('thread.change')).toEqual([{ threadId: 'thr_b' }]);
});

test('73: the list is paged in the order of the server, and names what has no title', async ({ chat, server }) => {
  await chat.open();
  const page = (from: number, has_more: boolean): Answer =>
    json({ data: Array.from({ length: 50 }, (_, index) => thread(`t${from + index}`, from + index === 1 ? {} : { title: `T${from + index}` })), has_more, after: `t${from + 49}` });
  server.answer('threads.list', page(0, true), page(50, false));
  await chat.call('showHistory');
  const rows = chat.page.locator('.thread .open');
  await expect(rows).toHaveCount(50);
  await expect(rows.nth(1)).toContainText('New chat');
  await expect(rows.nth(1)).toContainText('2026');
  await chat.page.locator('.history').evaluate((element) => element.scrollTo({ top: element.scrollHeight, behavior: 'instant' }));
  await expect(rows).toHaveCount(100);
  await expect(rows.nth(99)).toHaveText('T99');
  expect(server.of('threads.list').map(({ body }) => body.params)).toEqual([
    { limit: 50, order: 'desc' },
    { limit: 50, order: 'desc', after: 't49' },
  ]);
});

test('74: a thread is renamed; Escape leaves it; a failure gives the title back', async ({ chat, server }) => {
  await chat.open();
  await opened(chat, server, 'thr_1');
  const field = chat.page.getByRole('textbox', { name: 'Rename' });
  await chat.button('Rename: Title thr_1').click();
  await field.fill('Never');
  await chat.page.keyboard.press('Escape');
  await expect(chat.button('Title thr_1')).toBeVisible();
  expect(server.of('threads.update')).toHaveLength(0);

  server.answer('threads.update', json(thread('thr_1', { title: 'Bills' })), json({}, 500));
  await chat.button('Rename: Title thr_1').click();
  await field.fill('Bills');
  await chat.page.keyboard.press('Enter');
  await expect(chat.button('Bills')).toBeVisible();
  expect((await server.asked('threads.update')).body.params).toEqual({ thread_id: 'thr_1', title: 'Bills' });

  await chat.button('Rename: Bills').click();
  await field.fill('Else');
  await chat.page.keyboard.press('Enter');
  await expect(chat.page.locator('.toast')).toBeVisible();
  await expect(chat.button('Bills')).toBeVisible();
  expect(await chat.details('error')).toHaveLength(1);
});

test('74: deleting asks first, and leads from the thread that is shown to a new chat', async ({ chat, server }) => {
  server.answer('threads.get_by_id', LOADED);
  await chat.open({ initialThread: 'thr_1' });
  await expect(chat.item('a1')).toBeVisible();
  await opened(chat, server, 'thr_1');
  await chat.button('Delete: Title thr_1').click();
  const question = chat.page.getByRole('alertdialog');
  await question.getByRole('button', { name: 'Cancel' }).click();
  expect(server.of('threads.delete')).toHaveLength(0);
  await chat.button('Delete: Title thr_1').click();
  await question.getByRole('button', { name: 'Delete' }).click();
  await expect(chat.button('Title thr_1')).toHaveCount(0);
  expect((await server.asked('threads.delete')).body.params).toEqual({ thread_id: 'thr_1' });
  await eventually(() => chat.details('thread.change')).toEqual([{ threadId: 'thr_1' }, { threadId: null }]);
  await chat.call('hideHistory');
  await expect(chat.page.getByRole('heading', { name: 'What can I help with today?' })).toBeVisible();
});

test('75: actions and the list itself can be switched off', async ({ chat, server }) => {
  await chat.open({ history: { showDelete: false, showRename: false } });
  await opened(chat, server, 'thr_1');
  await expect(chat.page.getByRole('button', { name: /^(Rename|Delete):/ })).toHaveCount(0);
  await chat.call('hideHistory');
  await chat.set({ history: { enabled: false } });
  await expect(chat.button('History')).toHaveCount(0);
  expect(await chat.call('showHistory')).toMatchObject({ ok: false, name: 'IntegrationError', code: 'history_disabled' });
});

test('76: opening and closing is told for every way, and only when something changes', async ({ chat, server }) => {
  server.answer('threads.get_by_id', LOADED);
  await chat.open();
  const turns = async (): Promise<string[]> => (await chat.names()).filter((name) => name.startsWith('history.'));
  await opened(chat, server, 'thr_1');
  await chat.call('showHistory');
  expect(await turns()).toEqual(['history.open']);
  await chat.page.keyboard.press('Escape');
  await eventually(turns).toEqual(['history.open', 'history.close']);
  await chat.call('hideHistory');
  await chat.call('showHistory');
  await server.asked('threads.list', 2); // else it may take the answer that is for the next
  await chat.call('hideHistory');
  expect(await turns()).toHaveLength(4);
  await opened(chat, server, 'thr_1');
  await chat.button('Title thr_1').click();
  await expect(chat.item('a1')).toBeVisible();
  expect(await turns()).toHaveLength(6);
});

test('77: a thread that is begun is in the list, and its title comes live', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', created('thr_9'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello')));
  await expect(chat.item('a1')).toBeVisible();
  server.answer('threads.list', json({ data: [thread('thr_9')], has_more: false }));
  await chat.button('History').click();
  const row = chat.page.locator('.thread .open');
  await expect(row).toContainText('New chat');
  live.send({ type: 'thread.updated', thread: thread('thr_9', { title: 'Generated' }) });
  await expect(row).toHaveText('Generated');
  live.end();
});

test('78: a locked thread shows why, a closed one says so, and an active one is as before', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello')));
  const status = (type: string, reason?: string): object => ({ type: 'thread.updated', thread: thread('thr_1', { status: { type, reason } }) });
  live.send(status('locked', 'Waiting for a colleague'));
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'Waiting for a colleague');
  await expect(chat.field).toHaveAttribute('aria-disabled', 'true');
  live.send(status('closed', 'Case solved'));
  await expect(chat.field).toBeHidden();
  await expect(chat.page.locator('.closed')).toContainText('Case solved');
  live.send(status('active'));
  await expect(chat.field).toHaveAttribute('aria-disabled', 'false');
  live.send(status('locked'));
  live.end();
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'This chat is locked.');
  expect(await chat.call('sendUserMessage', { text: 'Hello?' })).toMatchObject({ ok: false });
  server.answer('threads.get_by_id', json({ ...thread('thr_2', { status: { type: 'closed' } }) }));
  await chat.call('setThreadId', 'thr_2');
  await expect(chat.page.locator('.closed')).toContainText('This chat is closed.');
});

test('78: a thread that is loaded as locked takes no message until it is active', async ({ chat, server }) => {
  const status = { type: 'locked', reason: 'Waiting for a colleague' };
  const shown = { type: 'Card', children: [{ type: 'Button', label: 'Approve', onClickAction: { type: 'approve' } }] };
  const items = [user('u1', 'Hi'), other('w1', 'widget', { widget: shown })];
  await chat.openThread(items, { status }, { composer: { tools: [{ id: 't', label: 'Tool', icon: 'bolt', pinned: true }] } });
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'Waiting for a colleague');
  await expect(chat.field).toHaveAttribute('aria-disabled', 'true');
  await expect(chat.sendButton).toBeDisabled();
  await expect(chat.button('Tool')).toBeDisabled();
  expect(await chat.call('sendUserMessage', { text: 'Hello?' })).toMatchObject({ ok: false });
  expect(server.bodies.map(({ type }) => type)).toEqual(['threads.get_by_id']);
  // Only the composer is locked.
  server.answer('threads.custom_action', events([done(assistant('a1', 'Approved'))]));
  await chat.button('Approve').click();
  await expect(chat.item('a1')).toContainText('Approved');
  server.answer('threads.get_by_id', json({ ...thread('thr_1'), items: { data: items, has_more: false } }));
  expect(await chat.call('fetchUpdates')).toEqual({ ok: true });
  await expect(chat.field).toHaveAttribute('aria-disabled', 'false');
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'Message the AI');
  await chat.ask('Thanks', [done(user('u2', 'Thanks'))]);
  await expect(chat.item('u2')).toBeVisible();
});

test('79: fetchUpdates shows what changed on the server', async ({ chat, server }) => {
  await chat.openThread([user('u1', 'Hi'), assistant('a1', 'Old'), assistant('a2', 'Goes')]);
  server.answer('threads.get_by_id', json({ ...thread('thr_1', { title: 'New title' }), items: { data: [user('u1', 'Hi'), assistant('a1', 'Changed'), assistant('a3', 'Comes')], has_more: false } }));
  expect(await chat.call('fetchUpdates')).toEqual({ ok: true });
  await expect(chat.item('a1')).toContainText('Changed');
  expect(await chat.itemIds).toEqual(['u1', 'a1', 'a3']);
  await expect(chat.page.getByRole('heading', { name: 'New title' })).toBeVisible();
});

test('80: an answer that goes on out of sight is there when one comes back', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'First')));
  await expect(chat.item('a1')).toBeVisible();
  await chat.button('New chat').click();
  await expect(chat.item('a1')).toHaveCount(0);
  live.send(done(assistant('a2', 'Second')));
  server.answer('threads.create', events([created('thr_2'), done(user('u9', 'Other')), done(assistant('a9', 'Other answer'))]));
  await chat.send('Other');
  await expect(chat.item('a9')).toBeVisible();
  await opened(chat, server, 'thr_1');
  await chat.button('Title thr_1').click();
  await expect(chat.item('a2')).toBeVisible();
  live.end();
});
