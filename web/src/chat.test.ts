// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  added,
  assistant,
  CAN_STOP,
  chatUnderTest,
  chatWithThread,
  created,
  done,
  ids,
  message,
  questions,
  thread,
  user,
  widget,
  type ChatUnderTest,
} from '../tests/chat-under-test';
import { broken, events, held, json, LiveStream, settled, unreachable } from '../tests/scripted-server';
import type { StructuredAnswers, StructuredInputItem } from './protocol';

/** A chat whose response runs until the test ends it. */
async function respondingChat(): Promise<ChatUnderTest & { live: LiveStream }> {
  const test = await chatWithThread();
  const live = new LiveStream();
  test.server.answer('threads.add_user_message', live.answer);
  const sent = test.chat.send(message('More'));
  await settled();
  live.send(done(user('u2', 'More')), CAN_STOP);
  await sent;
  return { ...test, live };
}

describe('the body of a message', () => {
  it('of a new thread is exactly that of the protocol', async () => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.create', events([created('thr_1'), done(user('u1', 'Hello'))]));
    await chat.send(message('Hello'));
    expect(server.bodies).toEqual([
      {
        type: 'threads.create',
        params: {
          input: {
            content: [{ type: 'input_text', text: 'Hello' }],
            quoted_text: '',
            attachments: [],
            inference_options: {},
          },
        },
      },
    ]);
  });

  it('of a known thread names it, and attachments by their ids alone', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.add_user_message', events([done(user('u2', ''))]));
    const tag = { type: 'input_tag' as const, id: 'a1', text: 'The Future', data: {} };
    await chat.send({
      content: [{ type: 'input_text', text: 'See ' }, tag],
      attachments: [{ id: 'atc_1', type: 'image', name: 'a.png', mime_type: 'image/png', preview_url: 'https://x.test' }],
      quotedText: 'quoted words',
      inferenceOptions: { tool_choice: { id: 'search' }, model: 'fast' },
    });
    expect(server.bodies).toEqual([
      {
        type: 'threads.add_user_message',
        params: {
          thread_id: 'thr_1',
          input: {
            content: [{ type: 'input_text', text: 'See ' }, tag],
            quoted_text: 'quoted words',
            attachments: ['atc_1'],
            inference_options: { tool_choice: { id: 'search' }, model: 'fast' },
          },
        },
      },
    ]);
  });

  it('can go to a new thread, which is then the one that is shown', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.create', events([created('thr_2'), done(user('u9', 'New'))]));
    await test.chat.send(message('New'), { newThread: true });
    expect(test.server.operations).toEqual(['threads.create']);
    expect(test.chat.threadId).toBe('thr_2');
    expect(ids(test.chat)).toEqual(['u9']);
    const changes = test.told.filter(({ name }) => name === 'thread.change');
    expect(changes.map(({ detail }) => detail)).toEqual([{ threadId: null }, { threadId: 'thr_2' }]);
  });
});

describe('while the chat is busy', () => {
  const refused = { name: 'IntegrationError', code: 'busy' };
  const answers: StructuredAnswers = { status: 'skipped', answers: {} };

  async function expectBusy({ chat, server }: ChatUnderTest): Promise<void> {
    const before = server.requests.length;
    const item = questions('q') as StructuredInputItem;
    await expect(chat.send(message('x'))).rejects.toMatchObject(refused);
    await expect(chat.send(message('x'), { newThread: true })).rejects.toMatchObject(refused);
    await expect(chat.retry()).rejects.toMatchObject(refused);
    await expect(chat.act({ type: 'go' })).rejects.toMatchObject(refused);
    await expect(chat.answer(item, answers)).rejects.toMatchObject(refused);
    await expect(chat.fetchUpdates()).rejects.toMatchObject(refused);
    expect(server.requests).toHaveLength(before);
  }

  it('with a response, it takes nothing that streams', async () => {
    const test = await respondingChat();
    await expectBusy(test);
    expect(ids(test.chat)).toEqual(['u1', 'a1', 'u2']);
    test.live.end();
    await settled();
    expect(test.chat.isBusy).toBe(false);
  });

  it('with loading a thread, it takes nothing that streams', async () => {
    const test = await chatWithThread();
    const loading = held(json(thread('thr_2')));
    test.server.answer('threads.get_by_id', loading.answer);
    const opened = test.chat.open('thr_2');
    await expectBusy(test);
    loading.release();
    await opened;
    expect(test.chat.isBusy).toBe(false);
  });
});

describe('a thread that is not active', () => {
  it.each(['locked', 'closed'])('takes no message, but a new one does: %s', async (type) => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.get_by_id', json(thread('thr_1', { status: { type } })));
    server.answer('threads.create', events([created('thr_2'), done(user('u1', 'x'))]));
    await chat.open('thr_1');
    expect(chat.isOpen).toBe(false);
    await expect(chat.send(message('x'))).rejects.toMatchObject({ code: 'not_active' });
    expect(server.operations).toEqual(['threads.get_by_id']);
    await chat.send(message('x'), { newThread: true });
    expect(chat.threadId).toBe('thr_2');
  });

  it.each([{ type: 'dozing' }, null, undefined])('is not one with the status %j', async (status) => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.get_by_id', json(thread('thr_1', { status })));
    await chat.open('thr_1');
    expect(chat.isOpen).toBe(true);
  });

  it('becomes one, and is active again, in the middle of a stream', async () => {
    const { chat, live } = await respondingChat();
    live.send({ type: 'thread.updated', thread: thread('thr_1', { status: { type: 'locked' } }) });
    await settled();
    expect(chat.isOpen).toBe(false);
    live.send({ type: 'thread.updated', thread: thread('thr_1') });
    await settled();
    expect(chat.isOpen).toBe(true);
    live.end();
  });
});

describe('another answer', () => {
  it('takes the old one away at once', async () => {
    const test = await chatWithThread();
    const live = new LiveStream();
    test.server.answer('threads.retry_after_item', live.answer);
    const retried = test.chat.retry('u1');
    expect(ids(test.chat)).toEqual(['u1']);
    await settled();
    live.send(done(assistant('a2', 'Again')));
    await retried;
    live.end();
    await settled();
    expect(ids(test.chat)).toEqual(['u1', 'a2']);
    expect(test.server.bodies).toEqual([
      { type: 'threads.retry_after_item', params: { thread_id: 'thr_1', item_id: 'u1' } },
    ]);
    expect(test.names()).toEqual(['response.start', 'response.end']);
  });

  it.each([
    ['a refusal', json({}, 500)],
    ['no connection', unreachable()],
    ['a stream that breaks before its first event', broken([])],
  ])('that fails with %s brings the old one back', async (_, failing) => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.retry_after_item', failing, events([done(assistant('a2', 'Again'))]));
    await expect(chat.retry()).rejects.toThrow();
    expect(ids(chat)).toEqual(['u1', 'a1']);
    expect(chat.conversation.failure).toMatchObject({ interrupted: false });
    chat.conversation.failure?.retry?.();
    await settled();
    expect(ids(chat)).toEqual(['u1', 'a2']);
  });

  it('that fails after its first event does not', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.retry_after_item', broken([CAN_STOP]));
    await chat.retry();
    await settled();
    expect(ids(chat)).toEqual(['u1']);
    expect(chat.conversation.failure).toMatchObject({ interrupted: true });
  });

  it('is not asked for to a message that is not there', async () => {
    const { chat, server } = await chatWithThread();
    await chat.retry('u7');
    expect(server.requests).toEqual([]);
    expect(ids(chat)).toEqual(['u1', 'a1']);
  });
});

describe('questions of the assistant', () => {
  const answers: StructuredAnswers = {
    status: 'answered',
    answers: { notes: { values: ['No'], skipped: false } },
  };

  async function askedChat(): Promise<ChatUnderTest & { item: StructuredInputItem }> {
    const test = chatUnderTest();
    const data = [user('u1', 'x'), questions('q0'), questions('q1'), questions('q2', 'answered')];
    test.server.answer('threads.get_by_id', json(thread('thr_1', { items: { data, has_more: false } })));
    await test.chat.open('thr_1');
    test.server.requests.length = 0;
    test.told.length = 0;
    return { ...test, item: test.chat.waitingInput! };
  }

  it('wait for the newest that is pending, also after loading', async () => {
    const { item } = await askedChat();
    expect(item.id).toBe('q1');
  });

  it('are answered with the body of the protocol, and wait no longer', async () => {
    const test = await askedChat();
    const live = new LiveStream();
    test.server.answer('threads.add_structured_input', live.answer);
    const answered = test.chat.answer(test.item, answers);
    expect(test.chat.waitingInput?.id).not.toBe('q1');
    await settled();
    live.send({ type: 'thread.item.replaced', item: questions('q1', 'answered') });
    await answered;
    live.send(done(assistant('a1', 'Thanks')));
    live.end();
    await settled();
    expect(test.server.bodies).toEqual([
      {
        type: 'threads.add_structured_input',
        params: { thread_id: 'thr_1', item_id: 'q1', input: answers },
      },
    ]);
    expect(test.chat.conversation.items[2]).toMatchObject({ status: 'answered' });
    expect(ids(test.chat).at(-1)).toBe('a1');
    expect(test.names()).toEqual(['response.start', 'response.end']);
  });

  it('wait again when the answers did not arrive', async () => {
    const { chat, server, item } = await askedChat();
    server.answer('threads.add_structured_input', json({}, 500));
    server.answer('threads.retry_after_item', events([done(assistant('a1', 'x'))]));
    await expect(chat.answer(item, answers)).rejects.toThrow();
    await settled();
    expect(chat.waitingInput?.id).toBe('q1');
    chat.conversation.failure?.retry?.();
    await settled();
    expect(server.bodies[1]?.params).toEqual({ thread_id: 'thr_1', item_id: 'u1' });
  });
});

describe('an action', () => {
  const action = { type: 'approve', payload: { id: 7 }, handler: 'server', loadingBehavior: 'self' };

  it('sends its type and payload alone, and settles when the response is over', async () => {
    const test = await chatWithThread();
    const live = new LiveStream();
    test.server.answer('threads.custom_action', live.answer);
    let isOver = false;
    const acted = test.chat.act(action, 'w1').then(() => (isOver = true));
    await settled();
    live.send(done(widget('w1')));
    await settled();
    expect(isOver).toBe(false);
    live.end();
    await acted;
    expect(test.server.bodies).toEqual([
      {
        type: 'threads.custom_action',
        params: { thread_id: 'thr_1', item_id: 'w1', action: { type: 'approve', payload: { id: 7 } } },
      },
    ]);
    expect(test.names()).toEqual(['response.start', 'response.end']);
  });

  it('of no widget names none, and without payload sends none', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.custom_action', events([]));
    await chat.act({ type: 'go', payload: null });
    expect(server.bodies[0]?.params).toEqual({ thread_id: 'thr_1', action: { type: 'go' } });
  });

  it('needs a thread', async () => {
    const test = chatUnderTest();
    await expect(test.chat.act({ type: 'go' })).rejects.toMatchObject({ code: 'no_thread' });
    await expect(test.chat.actQuietly({ type: 'go' })).rejects.toMatchObject({ code: 'no_thread' });
    expect(test.server.requests).toEqual([]);
    expect(test.names()).toEqual([]);
  });

  it.each([
    ['a refusal', json({}, 500)],
    ['a stream that breaks', broken([done(widget('w1'))])],
    ['an error event', events([{ type: 'error', code: 'custom', message: 'No', allow_retry: true }])],
  ])('that fails with %s is rejected, and can be sent again', async (_, failing) => {
    const test = await chatWithThread();
    const { chat, server } = test;
    server.answer('threads.custom_action', failing, events([]));
    await expect(chat.act(action, 'w1')).rejects.toThrow();
    expect(test.names()).toEqual(['response.start', 'error', 'response.end']);
    const retry = chat.conversation.failure?.retry;
    retry?.();
    retry?.();
    await settled();
    expect(server.requests).toHaveLength(2);
    expect(server.bodies[1]).toEqual(server.bodies[0]);
    expect(chat.conversation.failure).toBeNull();
  });

  it('that is stopped is no failure', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.custom_action', new LiveStream().answer);
    const acted = test.chat.act(action, 'w1');
    await settled();
    test.chat.stop();
    await acted;
    expect(test.names()).toEqual(['response.start', 'response.end']);
  });
});

describe('a quiet action', () => {
  it('changes its item while a response runs, and is none', async () => {
    const test = await respondingChat();
    test.live.send(added(widget('w1', 'old')), { type: 'progress_update', text: 'Working' });
    await settled();
    test.told.length = 0;
    test.server.answer('threads.sync_custom_action', json({ updated_item: widget('w1', 'new') }));
    await test.chat.actQuietly({ type: 'toggle', payload: { on: true } }, 'w1');
    expect(test.server.bodies[1]).toEqual({
      type: 'threads.sync_custom_action',
      params: { thread_id: 'thr_1', item_id: 'w1', action: { type: 'toggle', payload: { on: true } } },
    });
    expect(test.chat.conversation.items[3]).toMatchObject(widget('w1', 'new'));
    expect([...test.chat.conversation.pending]).toEqual(['w1']);
    expect(test.chat.conversation.progress?.text).toBe('Working');
    expect(test.names()).toEqual([]);
    test.live.end();
  });

  it.each([{}, { updated_item: null }])('may change nothing: %j', async (answer) => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.sync_custom_action', json(answer));
    await chat.actQuietly({ type: 'toggle' });
    expect(ids(chat)).toEqual(['u1', 'a1']);
  });

  it('that fails is told, and leaves no row', async () => {
    const test = await chatWithThread();
    test.server.answer('threads.sync_custom_action', json({}, 500));
    await expect(test.chat.actQuietly({ type: 'toggle' })).rejects.toThrow();
    expect(test.names()).toEqual(['error']);
    expect(test.chat.conversation.failure).toBeNull();
  });
});

describe('a notice', () => {
  const notice = { type: 'notice', level: 'info', message: 'Careful' };

  it('can be dismissed, and is gone with the next message', async () => {
    const { chat, live, server } = await respondingChat();
    live.send(notice, { ...notice, message: 'Really' });
    live.end();
    await settled();
    chat.dismissNotice(chat.conversation.notices[0]!.key);
    expect(chat.conversation.notices).toMatchObject([{ message: 'Really' }]);
    server.answer('threads.add_user_message', events([done(user('u3', 'x'))]));
    void chat.send(message('x'));
    expect(chat.conversation.notices).toEqual([]);
    await settled();
  });
});
