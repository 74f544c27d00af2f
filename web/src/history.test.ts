// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { thread } from '../tests/chat-under-test';
import { held, json, ScriptedServer, settled } from '../tests/scripted-server';
import { Client } from './client';
import { History } from './history';
import type { Thread } from './protocol';

function historyOf(server: ScriptedServer): { history: History; errors: Error[] } {
  const client = new Client({ url: 'https://chat.test/api', fetch: () => server.fetch, locale: () => 'en' });
  const errors: Error[] = [];
  const history = new History(() => client, () => undefined, (error) => errors.push(error), () => undefined);
  return { history, errors };
}

function page(names: string[], more: object = { has_more: false }): ReturnType<typeof json> {
  return json({ data: names.map((id) => thread(id, { title: `Title ${id}` })), ...more });
}

function ids(history: History): string[] {
  return history.threads.map(({ id }) => id);
}

function titles(history: History): unknown[] {
  return history.threads.map(({ title }) => title);
}

async function filled(): Promise<{ history: History; server: ScriptedServer; errors: Error[] }> {
  const server = new ScriptedServer();
  server.answer('threads.list', page(['a', 'b', 'c']));
  const { history, errors } = historyOf(server);
  await history.refresh();
  server.requests.length = 0;
  return { history, server, errors };
}

describe('the list of threads', () => {
  it('is read page by page, in the order of the server, until there is no more', async () => {
    const server = new ScriptedServer();
    server.answer(
      'threads.list',
      page(['d', 'b'], { has_more: true, after: 'cursor' }),
      page(['c', 'b'], { has_more: true, after: null }),
      page(['a'], { has_more: false }),
    );
    const { history } = historyOf(server);
    const reading = history.refresh();
    expect(history.isLoading).toBe(true);
    await reading;
    expect(history).toMatchObject({ isLoading: false, hasMore: true });
    await Promise.all([history.loadMore(), history.loadMore()]);
    await history.loadMore();
    await history.loadMore();
    expect(ids(history)).toEqual(['d', 'b', 'c', 'a']);
    expect(history.hasMore).toBe(false);
    expect(server.bodies).toEqual([
      { type: 'threads.list', params: { limit: 50, order: 'desc' } },
      { type: 'threads.list', params: { limit: 50, order: 'desc', after: 'cursor' } },
      { type: 'threads.list', params: { limit: 50, order: 'desc', after: 'b' } },
    ]);
  });

  it('goes on after a page of threads that are shown already, but not after the same page', async () => {
    const server = new ScriptedServer();
    const same = { has_more: true, after: 'a' };
    server.answer('threads.list', page(['b'], { has_more: true, after: 'b' }), page(['b'], same), page(['b'], same));
    const { history } = historyOf(server);
    await history.refresh();
    await history.loadMore();
    expect(history.hasMore).toBe(true);
    await history.loadMore();
    expect(history.hasMore).toBe(false);
  });

  it('stays while it is read again', async () => {
    const { history, server } = await filled();
    const again = held(page(['z']));
    server.answer('threads.list', again.answer);
    const reading = history.refresh();
    expect(ids(history)).toEqual(['a', 'b', 'c']);
    again.release();
    await reading;
    expect(ids(history)).toEqual(['z']);
  });

  it('that fails is told, stays, and can be read again', async () => {
    const { history, server, errors } = await filled();
    server.answer('threads.list', json({}, 500), page(['a']));
    await history.refresh();
    expect(history.failure).toBe(errors[0]);
    expect(history.failure).toMatchObject({ status: 500 });
    expect(ids(history)).toEqual(['a', 'b', 'c']);
    expect(history.isLoading).toBe(false);
    await history.refresh();
    expect(history.failure).toBeNull();
    expect(ids(history)).toEqual(['a']);
  });

  it('goes on where it was after a page that failed', async () => {
    const server = new ScriptedServer();
    const first = page(['b'], { has_more: true, after: 'b' });
    server.answer('threads.list', first, json({}, 500), json({}, 500), page(['a']));
    const { history } = historyOf(server);
    await history.refresh();
    await history.loadMore();
    await history.refresh();
    await history.loadMore();
    expect(server.bodies[3]?.params['after']).toBe('b');
    expect(ids(history)).toEqual(['b', 'a']);
  });

  it('is that of the last reading, whichever ends first', async () => {
    const server = new ScriptedServer();
    const slow = held(page(['old']));
    server.answer('threads.list', slow.answer, page(['new']));
    const { history } = historyOf(server);
    const readings = Promise.all([history.refresh(), history.refresh()]);
    await settled();
    slow.release();
    await readings;
    expect(ids(history)).toEqual(['new']);
    expect(history.isLoading).toBe(false);
  });

  it('has a new thread first, and an old one in its place', async () => {
    const { history } = await filled();
    history.add(thread('n', { title: 'New' }) as Thread);
    history.note(thread('b', { title: 'Changed' }) as Thread);
    expect(ids(history)).toEqual(['n', 'a', 'b', 'c']);
    expect(titles(history)[2]).toBe('Changed');
    expect(history.threads[0]).not.toHaveProperty('items');
  });

  it('keeps what was told while an older page was on its way', async () => {
    const { history, server } = await filled();
    const older = held(page(['a', 'b', 'c']));
    server.answer('threads.list', older.answer, page(['a']));
    const reading = history.refresh();
    history.add(thread('n', { title: 'New' }) as Thread);
    history.note(thread('b', { title: 'Changed' }) as Thread);
    older.release();
    await reading;
    expect(titles(history)).toEqual(['New', 'Title a', 'Changed', 'Title c']);
    await history.refresh();
    expect(ids(history), 'what a later page says').toEqual(['a']);
  });

  it('does not take back in what is not in it', async () => {
    const { history } = await filled();
    history.note(thread('x') as Thread);
    expect(ids(history)).toEqual(['a', 'b', 'c']);
  });
});

describe('renaming', () => {
  it('is shown at once, and then as the server has it', async () => {
    const { history, server } = await filled();
    server.answer('threads.update', json(thread('b', { title: 'Kept' })));
    const renamed = history.rename('b', 'Wanted');
    expect(titles(history)).toEqual(['Title a', 'Wanted', 'Title c']);
    expect(await renamed).toMatchObject({ title: 'Kept' });
    expect(titles(history)).toEqual(['Title a', 'Kept', 'Title c']);
  });

  it('that is refused is undone, and nothing else', async () => {
    const { history, server } = await filled();
    const refusing = held(json({}, 500));
    server.answer('threads.update', refusing.answer);
    const renamed = history.rename('b', 'Wanted');
    history.add(thread('n', { title: 'New' }) as Thread);
    refusing.release();
    await expect(renamed).rejects.toThrow();
    expect(titles(history)).toEqual(['New', 'Title a', 'Title b', 'Title c']);
  });
});

describe('deleting', () => {
  it('is shown at once, and stays so if the list is read before the server has done it', async () => {
    const { history, server } = await filled();
    const deleting = held(json({}));
    server.answer('threads.delete', deleting.answer);
    server.answer('threads.list', page(['a', 'b', 'c']));
    const removed = history.remove('b');
    expect(ids(history)).toEqual(['a', 'c']);
    await history.refresh();
    deleting.release();
    await removed;
    expect(ids(history)).toEqual(['a', 'c']);
  });

  it('stays so if a page comes afterwards that was asked for before', async () => {
    const { history, server } = await filled();
    const older = held(page(['a', 'b', 'c']));
    server.answer('threads.list', older.answer);
    server.answer('threads.delete', json({}));
    const reading = history.refresh();
    await history.remove('b');
    older.release();
    await reading;
    expect(ids(history)).toEqual(['a', 'c']);
  });

  it('that is refused is undone, and nothing else', async () => {
    const { history, server } = await filled();
    const refusing = held(json({}, 500));
    server.answer('threads.delete', refusing.answer);
    const removed = history.remove('b');
    history.note(thread('c', { title: 'Changed' }) as Thread);
    refusing.release();
    await expect(removed).rejects.toThrow();
    expect(titles(history)).toEqual(['Title a', 'Title b', 'Changed']);
  });
});
