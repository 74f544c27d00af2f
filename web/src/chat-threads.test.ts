// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  assistant,
  CAN_STOP,
  chatUnderTest,
  chatWithThread,
  created,
  delta,
  added,
  done,
  ids,
  message,
  thread,
  user,
  type ChatUnderTest,
} from '../tests/chat-under-test';
import { events, held, json, LiveStream, settled, type Answer, type RecordedRequest } from '../tests/scripted-server';

function told(test: ChatUnderTest): string[] {
  return test.told
    .filter(({ name }) => name.startsWith('thread.'))
    .map(({ name, detail }) => `${name} ${(detail as { threadId: string | null }).threadId}`);
}

function loaded(id: string, ...items: object[]): Answer {
  return json(thread(id, { items: { data: items, has_more: false } }));
}

/** A thread of many items: `m1` is the oldest. */
function longThread(count: number): { oldest: Answer; page: (request: RecordedRequest) => Response } {
  const all = Array.from({ length: count }, (_, index) => user(`m${index + 1}`, 'x') as { id: string });
  const oldest = { data: all.slice(0, 20), has_more: count > 20, after: all[19]?.id };
  return {
    oldest: json(thread('thr_9', { items: oldest })),
    page: ({ body }) => {
      const { after, limit, order } = body.params as { after?: string; limit: number; order: string };
      expect([limit, order]).toEqual([40, 'desc']);
      const newestFirst = all.toReversed();
      const start = after === undefined ? 0 : newestFirst.findIndex(({ id }) => id === after) + 1;
      const data = newestFirst.slice(start, start + limit);
      return Response.json({ data, has_more: start + limit < count, after: data.at(-1)?.id });
    },
  };
}

describe('opening a thread', () => {
  it('tells that it begins, which thread is shown, and that it ends', async () => {
    const test = chatUnderTest();
    test.server.answer('threads.get_by_id', loaded('thr_1', user('u1', 'Hi'), assistant('a1', 'Hello')));
    const opened = test.chat.open('thr_1');
    expect(test.chat.loading).toBe('thr_1');
    await opened;
    expect(test.server.bodies).toEqual([{ type: 'threads.get_by_id', params: { thread_id: 'thr_1' } }]);
    expect(told(test)).toEqual(['thread.load.start thr_1', 'thread.change thr_1', 'thread.load.end thr_1']);
    expect(ids(test.chat)).toEqual(['u1', 'a1']);
    expect(test.chat.conversation.pending.size).toBe(0);
    expect(test.chat.loading).toBeNull();
  });

  it('that is shown already does nothing', async () => {
    const test = await chatWithThread();
    await test.chat.open('thr_1');
    expect(test.server.requests).toEqual([]);
    expect(told(test)).toEqual([]);
  });

  it('shows the newest of 95 items, and reads the others once each', async () => {
    const { chat, server } = chatUnderTest();
    const { oldest, page } = longThread(95);
    server.answer('threads.get_by_id', oldest);
    server.answer('items.list', page, page, page);
    await chat.open('thr_9');
    expect(ids(chat)).toEqual(Array.from({ length: 40 }, (_, index) => `m${index + 56}`));
    expect(server.bodies[1]).toEqual({
      type: 'items.list',
      params: { thread_id: 'thr_9', limit: 40, order: 'desc' },
    });
    const older = chat.loadOlder();
    expect(chat.isLoadingOlder).toBe(true);
    await Promise.all([older, chat.loadOlder()]);
    expect(chat.isLoadingOlder).toBe(false);
    expect(server.bodies[2]?.params['after']).toBe('m56');
    await chat.loadOlder();
    await chat.loadOlder();
    expect(server.operations.filter((type) => type === 'items.list')).toHaveLength(3);
    expect(ids(chat)).toEqual(Array.from({ length: 95 }, (_, index) => `m${index + 1}`));
    expect(chat.conversation.olderAfter).toBeNull();
  });

  it('knows that older items could not be read, until they are', async () => {
    const { chat, server } = chatUnderTest();
    const { oldest, page } = longThread(95);
    server.answer('threads.get_by_id', oldest);
    server.answer('items.list', page, json({}, 429), page);
    await chat.open('thr_9');
    await chat.loadOlder();
    expect(chat.hasOlderFailed).toBe(true);
    await chat.loadOlder();
    expect(chat.hasOlderFailed).toBe(false);
    expect(ids(chat)).toHaveLength(80);
  });

  it('reads past pages that are empty, or that say nothing of where they end', async () => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.get_by_id', longThread(60).oldest);
    server.answer(
      'items.list',
      json({ data: [], has_more: true, after: 'c1' }),
      json({ data: [user('m3', 'x'), user('m2', 'x')], has_more: true }),
      json({ data: [], has_more: true, after: 'c2' }),
      json({ data: [user('m1', 'x')], has_more: false }),
    );
    await chat.open('thr_9');
    expect(ids(chat)).toEqual(['m2', 'm3']);
    await chat.loadOlder();
    expect(ids(chat)).toEqual(['m1', 'm2', 'm3']);
    const afters = server.bodies.slice(1).map(({ params }) => params['after']);
    expect(afters).toEqual([undefined, 'c1', 'm2', 'c2']);
  });

  it('ends where a server gives the same page again and again', async () => {
    const { chat, server } = chatUnderTest();
    const same = json({ data: [user('m2', 'x')], has_more: true, after: 'm2' });
    const empty = json({ data: [], has_more: true, after: 'm2' });
    server.answer('threads.get_by_id', longThread(60).oldest);
    server.answer('items.list', same, same);
    await chat.open('thr_9');
    await chat.loadOlder();
    await chat.loadOlder();
    expect(ids(chat)).toEqual(['m2']);
    expect(server.requests).toHaveLength(3);
    server.answer('threads.get_by_id', longThread(60).oldest);
    server.answer('items.list', empty, empty);
    chat.startNew();
    await chat.open('thr_9');
    expect(server.requests).toHaveLength(6);
  });

  it('that fails is told, and can be tried again', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.get_by_id', json({}, 404), loaded('thr_2', user('u9', 'x')));
    await expect(test.chat.open('thr_2')).rejects.toMatchObject({ status: 404 });
    expect(test.names()).toEqual(['thread.load.start', 'error', 'thread.load.end']);
    expect(test.chat.loadFailure).toMatchObject({ threadId: 'thr_2', error: { status: 404 } });
    expect(test.chat.isBusy).toBe(false);
    await test.chat.open('thr_2');
    expect(test.chat.loadFailure).toBeNull();
    expect(ids(test.chat)).toEqual(['u9']);
  });

  it('that failed gives way to a new chat, and to a message', async () => {
    for (const leave of ['startNew', 'send'] as const) {
      const test = await chatWithThread();
      test.server.answer('threads.get_by_id', json({}, 404));
      test.server.answer('threads.create', events([created('thr_3'), done(user('u9', 'x'))]));
      await test.chat.open('thr_2').catch(() => undefined);
      if (leave === 'send') await test.chat.send(message('x'));
      else test.chat.startNew();
      expect(test.chat.loadFailure, leave).toBeNull();
      expect(told(test).at(-1)).toBe(`thread.change ${leave === 'send' ? 'thr_3' : 'null'}`);
    }
  });
});

describe('of two threads that are opened at once', () => {
  it('the second is shown, and each load ends', async () => {
    const test = chatUnderTest();
    const first = held(loaded('thr_1', user('u1', 'x')));
    const second = held(loaded('thr_2', user('u2', 'x')));
    test.server.answer('threads.get_by_id', first.answer, second.answer);
    const opened = Promise.all([test.chat.open('thr_1'), test.chat.open('thr_2')]);
    second.release();
    await settled();
    first.release();
    await opened;
    expect(ids(test.chat)).toEqual(['u2']);
    expect(told(test)).toEqual([
      'thread.load.start thr_1',
      'thread.load.end thr_1',
      'thread.load.start thr_2',
      'thread.change thr_2',
      'thread.load.end thr_2',
    ]);
  });

  it('a failure of the first is not told', async () => {
    const test = chatUnderTest();
    const first = held(json({}, 404));
    test.server.answer('threads.get_by_id', first.answer, loaded('thr_2'));
    const opened = Promise.all([test.chat.open('thr_1'), test.chat.open('thr_2')]);
    first.release();
    await opened;
    expect(test.errors()).toEqual([]);
    expect(test.chat.loadFailure).toBeNull();
  });

  it('the same is read once', async () => {
    const test = chatUnderTest();
    test.server.answer('threads.get_by_id', loaded('thr_1', user('u1', 'x')));
    await Promise.all([test.chat.open('thr_1'), test.chat.open('thr_1')]);
    expect(test.server.requests).toHaveLength(1);
    expect(ids(test.chat)).toEqual(['u1']);
  });
});

describe('a new chat', () => {
  it('is told once, and not where nothing changes', async () => {
    const test = await chatWithThread();
    test.chat.startNew();
    test.chat.startNew();
    expect(told(test)).toEqual(['thread.change null']);
    expect(test.chat.threadId).toBeNull();
  });

  it('ends the loading of a thread', async () => {
    const test = chatUnderTest();
    const loading = held(loaded('thr_1', user('u1', 'x')));
    test.server.answer('threads.get_by_id', loading.answer);
    const opened = test.chat.open('thr_1');
    test.chat.startNew();
    expect(test.chat.isBusy).toBe(false);
    loading.release();
    await opened;
    expect(told(test)).toEqual(['thread.load.start thr_1', 'thread.load.end thr_1']);
    expect(ids(test.chat)).toEqual([]);
  });
});

describe('a response of a thread that is left', () => {
  async function left(): Promise<ChatUnderTest & { live: LiveStream }> {
    const test = await chatWithThread();
    const live = new LiveStream();
    test.server.answer('threads.add_user_message', live.answer);
    void test.chat.send(message('More'));
    await settled();
    live.send(done(user('u2', 'More')), CAN_STOP, { type: 'notice', level: 'info', message: 'n' }, added(assistant('a2')));
    await settled();
    test.server.answer('threads.get_by_id', loaded('thr_2', user('u9', 'x')));
    await test.chat.open('thr_2');
    test.told.length = 0;
    return { ...test, live };
  }

  it('keeps a message that did not reach the server while another thread was shown', async () => {
    const { chat, server } = await chatWithThread();
    const failing = held(json({}, 500));
    server.answer('threads.add_user_message', failing.answer, events([done(user('u2', 'Lost'))]));
    server.answer('threads.get_by_id', loaded('thr_2', user('u9', 'x')), loaded('thr_1', user('u1', 'Hi')));
    const sent = chat.send(message('Lost'));
    await chat.open('thr_2');
    failing.release();
    await expect(sent).rejects.toThrow();
    expect(chat.conversation.unsent).toEqual([]);
    await chat.open('thr_1');
    expect(ids(chat)).toEqual(['u1', 'a1', chat.conversation.unsent[0]?.id]);
    chat.conversation.unsent[0]?.retry();
    await settled();
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2']);
    server.answer('threads.get_by_id', loaded('thr_2', user('u9', 'x')));
    await chat.open('thr_2');
    await chat.open('thr_1'); // which is read again, for it waits for nothing
    expect(ids(chat)).toEqual(['u1']);
  });

  it('goes on out of sight, and is there when one comes back', async () => {
    const test = await left();
    const { chat, live } = test;
    expect(chat.isBusy).toBe(false);
    live.send(delta('a2', 'Still '));
    await settled();
    expect(ids(chat)).toEqual(['u9']);
    await chat.open('thr_1');
    expect(told(test)).toEqual(['thread.change thr_1']);
    expect(chat).toMatchObject({ isResponding: true, canStop: true });
    expect(chat.conversation.notices).toEqual([]);
    live.send(delta('a2', 'here'));
    live.end();
    await settled();
    expect(chat.conversation.items.at(-1)).toMatchObject(assistant('a2', 'Still here'));
    expect(test.names().at(-1)).toBe('response.end');
  });

  it('lets the thread that is shown take messages', async () => {
    const test = await left();
    test.server.answer('threads.add_user_message', events([done(user('u10', 'y')), done(assistant('a10', 'z'))]));
    await test.chat.send(message('y'));
    await settled();
    expect(ids(test.chat)).toEqual(['u9', 'u10', 'a10']);
    expect(test.names()).toEqual(['response.start', 'response.end']);
    test.live.end();
    await settled();
    expect(test.names()).toEqual(['response.start', 'response.end', 'response.end']);
  });

  it('is not stopped by Stop', async () => {
    const { chat, live } = await left();
    chat.stop();
    expect(live.isAborted).toBe(false);
    live.end();
  });

  it('is read from the server once it is over', async () => {
    for (const comeBackFirst of [false, true]) {
      const { chat, live, server } = await left();
      if (comeBackFirst) await chat.open('thr_1');
      live.end();
      await settled();
      server.answer('threads.get_by_id', loaded('thr_3'), loaded('thr_1', user('fresh', 'x')));
      await chat.open('thr_3');
      await chat.open('thr_1');
      expect(ids(chat)).toEqual(['fresh']);
    }
  });

  it('can be come back to while another thread is loading', async () => {
    const test = await left();
    const loading = held(loaded('thr_3', user('u3', 'x')));
    test.server.answer('threads.get_by_id', loading.answer);
    const opened = test.chat.open('thr_3');
    await test.chat.open('thr_1');
    expect(told(test)).toEqual(['thread.load.start thr_3', 'thread.load.end thr_3', 'thread.change thr_1']);
    expect(test.chat.loading).toBeNull();
    loading.release();
    await opened;
    expect(test.chat.threadId).toBe('thr_1');
    test.live.end();
  });

  it('shows its new thread in the history, and not in the place of another', async () => {
    const test = chatUnderTest();
    const live = new LiveStream();
    test.server.answer('threads.create', live.answer);
    void test.chat.send(message('Hi'));
    await settled();
    test.chat.startNew();
    live.send(created('thr_5'), done(user('u1', 'Hi')));
    await settled();
    expect(told(test)).toEqual([]);
    expect(test.chat.threadId).toBeNull();
    expect(test.chat.history.threads.map(({ id }) => id)).toEqual(['thr_5']);
    await test.chat.open('thr_5');
    expect(ids(test.chat)).toEqual(['u1']);
    expect(test.server.requests).toHaveLength(1);
    live.end();
  });

  it('ends when its thread is deleted', async () => {
    const test = await left();
    test.server.answer('threads.delete', json({}));
    await test.chat.remove('thr_1');
    expect(test.live.isAborted).toBe(true);
    expect(test.chat.threadId).toBe('thr_2');
  });

  it('ends when the chat is abandoned', async () => {
    const test = await left();
    const shown = new LiveStream();
    test.server.answer('threads.add_user_message', shown.answer);
    void test.chat.send(message('y')).catch(() => undefined);
    await settled();
    test.chat.abandon();
    expect([test.live.isAborted, shown.isAborted]).toEqual([true, true]);
    await settled();
    expect(test.errors()).toEqual([]);
    expect(test.names().filter((name) => name === 'response.end')).toHaveLength(2);
  });
});

describe('updates of a thread', () => {
  it('bring what is new, changed and gone', async () => {
    const { chat, server } = chatUnderTest();
    server.answer(
      'threads.get_by_id',
      loaded('thr_1', user('u1', 'x'), assistant('a1', 'y'), assistant('a2', 'z')),
      json(thread('thr_1', { title: 'New', items: { data: [assistant('a1', 'changed'), user('u3', 'n')], has_more: false } })),
    );
    await chat.open('thr_1');
    await chat.fetchUpdates();
    expect(chat.conversation.items).toMatchObject([assistant('a1', 'changed'), user('u3', 'n')]);
    expect(chat.conversation.thread?.title).toBe('New');
  });

  it('keep the older items that were read before', async () => {
    const { chat, server } = chatUnderTest();
    const { oldest, page } = longThread(95);
    const longer = longThread(96);
    server.answer('threads.get_by_id', oldest, longer.oldest);
    server.answer('items.list', page, page, longer.page, longer.page);
    await chat.open('thr_9');
    await chat.loadOlder();
    await chat.fetchUpdates();
    expect(ids(chat)).toEqual(Array.from({ length: 81 }, (_, index) => `m${index + 16}`));
    await chat.loadOlder();
    expect(ids(chat)).toEqual(Array.from({ length: 96 }, (_, index) => `m${index + 1}`));
  });

  it('leave no gap where an older page comes after them', async () => {
    const { chat, server } = chatUnderTest();
    const { oldest, page } = longThread(95);
    const longer = longThread(180);
    const late: { release?: () => void } = {};
    const waiting = new Promise<void>((resolve) => (late.release = resolve));
    server.answer('threads.get_by_id', oldest, longer.oldest);
    server.answer('items.list', page, async (request) => {
      await waiting;
      return page(request);
    }, longer.page, longer.page);
    await chat.open('thr_9');
    const older = chat.loadOlder();
    await chat.fetchUpdates();
    late.release?.();
    await older;
    expect(ids(chat)).toEqual(Array.from({ length: 40 }, (_, index) => `m${index + 141}`));
    await chat.loadOlder();
    expect(ids(chat)).toEqual(Array.from({ length: 80 }, (_, index) => `m${index + 101}`));
  });

  it('do not undo a response that came in between', async () => {
    const { chat, server } = await chatWithThread();
    const reading = held(loaded('thr_1', user('u1', 'Hi'), assistant('a1', 'Hello')));
    server.answer('threads.get_by_id', reading.answer);
    server.answer('threads.add_user_message', events([done(user('u2', 'x')), done(assistant('a2', 'y'))]));
    const updated = chat.fetchUpdates();
    await chat.send(message('x'));
    await settled();
    reading.release();
    await updated;
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2', 'a2']);
  });

  it('keep a message that was not sent', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.add_user_message', json({}, 500));
    await expect(chat.send(message('Lost'))).rejects.toThrow();
    server.answer('threads.get_by_id', loaded('thr_1', user('u1', 'Hi')));
    await chat.fetchUpdates();
    expect(ids(chat)).toEqual(['u1', chat.conversation.unsent[0]?.id]);
  });

  it('that fail are told', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.get_by_id', json({}, 404));
    await expect(test.chat.fetchUpdates()).rejects.toThrow();
    expect(test.names()).toEqual(['error']);
    expect(ids(test.chat)).toEqual(['u1', 'a1']);
  });

  it('of no thread are none', async () => {
    const { chat, server } = chatUnderTest();
    await chat.fetchUpdates();
    expect(server.requests).toEqual([]);
  });
});

describe('a title', () => {
  it('that is generated is shown in the thread and in the history', async () => {
    const test = chatUnderTest();
    const updated = { type: 'thread.updated', thread: thread('thr_1', { title: 'Greeting' }) };
    test.server.answer('threads.create', events([created('thr_1'), done(user('u1', 'Hi')), updated]));
    await test.chat.send(message('Hi'));
    await settled();
    expect(test.chat.conversation.thread?.title).toBe('Greeting');
    expect(test.chat.history.threads).toMatchObject([{ id: 'thr_1', title: 'Greeting' }]);
  });

  it('that is changed is that of the thread, and of one that goes on elsewhere', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.update', json(thread('thr_1', { title: 'Invoices' })));
    await chat.rename('thr_1', 'Invoices');
    expect(server.bodies).toEqual([
      { type: 'threads.update', params: { thread_id: 'thr_1', title: 'Invoices' } },
    ]);
    expect(chat.conversation.thread?.title).toBe('Invoices');
    expect(ids(chat)).toEqual(['u1', 'a1']);
  });

  it('that the server refuses is told', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.update', json({}, 503));
    await expect(test.chat.rename('thr_1', 'No')).rejects.toThrow();
    expect(test.names()).toEqual(['error']);
    expect(test.server.requests).toHaveLength(1);
  });
});

describe('deleting', () => {
  it('the thread that is shown leads to a new chat', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.delete', json({}));
    await test.chat.remove('thr_1');
    expect(test.server.bodies).toEqual([{ type: 'threads.delete', params: { thread_id: 'thr_1' } }]);
    expect(told(test)).toEqual(['thread.change null']);
    expect(test.chat.threadId).toBeNull();
  });

  it('that fails leaves the thread, and is told', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.delete', json({}, 500));
    await expect(test.chat.remove('thr_1')).rejects.toThrow();
    expect(test.chat.threadId).toBe('thr_1');
    expect(test.chat.history.threads.map(({ id }) => id)).toEqual(['thr_1']);
    expect(test.names()).toEqual(['error']);
  });
});
