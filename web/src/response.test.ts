// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  added,
  assistant,
  CAN_STOP,
  chatUnderTest,
  chatWithThread,
  created,
  delta,
  done,
  ids,
  message,
  other,
  toolCall,
  user,
  type ChatUnderTest,
} from '../tests/chat-under-test';
import { broken, events, json, LiveStream, recorded, settled, unreachable } from '../tests/scripted-server';
import demoAnswer from '../tests/fixtures/demo-answer.jsonl?raw';
import tour from '../tests/fixtures/tour.jsonl?raw';
import tourContinued from '../tests/fixtures/tour-continued.jsonl?raw';

const AROUND = ['response.start', 'response.end'];

function ends({ names }: ChatUnderTest): string[] {
  return names().filter((name) => AROUND.includes(name));
}

type Result = Record<string, unknown>;

function later(): {
  promise: Promise<Result>;
  resolve: (result: Result) => void;
  reject: (error: Error) => void;
} {
  let resolve!: (result: Result) => void;
  let reject!: (error: Error) => void;
  const promise = new Promise<Result>((...ends) => ([resolve, reject] = ends));
  return { promise, resolve, reject };
}

describe('recorded streams', () => {
  async function played(size?: number): Promise<object> {
    const test = chatUnderTest();
    test.tool.run = () => ({ city: 'Zürich' });
    test.server.answer('threads.create', events(recorded(tour), size));
    test.server.answer('threads.add_client_tool_output', events(recorded(tourContinued), size));
    await test.chat.send(message('Où suis-je ? 🗺️'));
    await test.chat.slot.response?.finished;
    const { notices, pending, ...state } = test.chat.conversation;
    return { ...state, pending: [...pending], notices: notices.map(({ message: text }) => text), names: test.names() };
  }

  it('leave what the server has', async () => {
    const state = await played();
    expect(state).toMatchObject({
      thread: { id: 'thr_1', title: 'Où suis-je ?' },
      pending: [],
      progress: null,
      failure: null,
      unsent: [],
      notices: ['Half **done**'],
      names: ['response.start', 'thread.change', 'effect', 'response.end'],
      items: [
        { type: 'user_message', content: [{ text: 'Où suis-je ? 🗺️' }] },
        { id: 'wf_1', workflow: { tasks: [{ title: 'Searched' }, { title: 'Used the position' }], summary: { duration: 3 } } },
        { id: 'msg_1', content: [{ text: 'Grüezi 👋🏽 — “你好”', annotations: [{ index: 8 }] }] },
        { id: 'wid_1', copy_text: 'Tick tock', widget: { children: [{ value: 'Tick tock' }] } },
        { id: 'img_1', image: { url: 'data:image/png;base64,BBBB' } },
        { id: 'tc_1', status: 'completed', output: { city: 'Zürich' } },
        { id: 'msg_2', content: [{ text: 'You are in Zürich 🇨🇭.' }] },
        { id: 'end_1' },
      ],
    });
  });

  it('leave the same, however their bytes are cut', async () => {
    const whole = await played();
    for (const size of [1, 2, 3, 7, 64, 1_000]) {
      expect(await played(size), `chunks of ${size}`).toEqual(whole);
    }
  });

  it('of the demo model give the text of the finished message while they run', async () => {
    const list = recorded(demoAnswer);
    const last = list.at(-1);
    const test = chatUnderTest();
    const live = new LiveStream();
    test.server.answer('threads.create', live.answer);
    const sent = test.chat.send(message('Xyzzy 👋 qwertz'));
    await settled();
    live.send(...list.slice(0, -1));
    await sent;
    await settled();
    const streamed = test.chat.conversation.items.at(-1);
    expect(last?.type === 'thread.item.done' && last.item).toMatchObject({
      content: (streamed as { content: object[] } | undefined)?.content,
    });
    live.send(last);
    live.end();
    await test.chat.slot.response?.finished;
    expect(test.chat.conversation.pending.size).toBe(0);
  });
});

describe('a message', () => {
  it('is shown at once, and replaced by what the server echoes', async () => {
    const test = chatUnderTest();
    const live = new LiveStream();
    test.server.answer('threads.create', live.answer);
    let isSent = false;
    const sent = test.chat.send(message('Hi')).then(() => (isSent = true));
    expect(test.chat.conversation.items).toMatchObject([{ content: [{ text: 'Hi' }] }]);
    expect(test.names()).toEqual(['response.start']);
    await settled();
    live.send(created('thr_1'));
    await settled();
    expect(isSent).toBe(false);
    live.send(done(user('u1', 'Hi there')));
    await sent;
    expect(test.chat.conversation.items).toMatchObject([user('u1', 'Hi there')]);
    expect(test.chat.isResponding).toBe(true);
    live.end();
    await settled();
    expect(test.names()).toEqual(['response.start', 'thread.change', 'response.end']);
    expect(test.chat.isResponding).toBe(false);
  });

  it('that is added before it is done is there once', async () => {
    const test = chatUnderTest();
    const list = [created('thr_1'), added(user('u1', 'Hi')), done(user('u1', 'Hi')), done(assistant('a1', 'x'))];
    test.server.answer('threads.create', events(list));
    await test.chat.send(message('Hi'));
    await settled();
    expect(ids(test.chat)).toEqual(['u1', 'a1']);
  });

  it('is taken, too, by a server that echoes nothing', async () => {
    const test = chatUnderTest();
    test.server.answer('threads.create', events([created('thr_1'), done(assistant('a1', 'Hello'))]));
    await test.chat.send(message('Hi'));
    expect(test.chat.conversation.items).toMatchObject([{ type: 'user_message' }, assistant('a1', 'Hello')]);
    expect(test.chat.conversation.unsent).toEqual([]);
  });

  it.each([
    ['a 401', json({}, 401)],
    ['a 403', json({}, 403)],
    ['a 404', json({}, 404)],
    ['a 429', json({}, 429)],
    ['a 500', json({}, 500)],
    ['no connection', unreachable()],
    ['a stream that breaks', broken([])],
  ])('that fails before its echo, with %s, is marked, and sent again as it was', async (_, failing) => {
    const test = chatUnderTest();
    const { chat, server } = test;
    server.answer('threads.create', failing, events([created('thr_1'), done(user('u1', 'Hi'))]));
    const failure: unknown = await chat.send(message('Hi')).catch((error: unknown) => error);
    await settled();
    expect(test.errors()).toEqual([failure]);
    expect(chat.conversation.unsent[0]?.id).toBe(chat.conversation.items[0]?.id);
    expect(chat.conversation.failure).toBeNull();
    expect(test.names()).toEqual(['response.start', 'error', 'response.end']);
    expect(chat.threadId).toBeNull();
    chat.conversation.unsent[0]?.retry();
    expect(chat.conversation.items).toHaveLength(1);
    await settled();
    expect(server.bodies[1]).toEqual(server.bodies[0]);
    expect(ids(chat)).toEqual(['u1']);
    expect(chat.conversation.unsent).toEqual([]);
    expect(ends(test)).toEqual([...AROUND, ...AROUND]);
  });

  it('that fails after its thread was created is sent to that thread', async () => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.create', broken([created('thr_1')]));
    server.answer('threads.add_user_message', events([done(user('u1', 'Hi'))]));
    await expect(chat.send(message('Hi'))).rejects.toThrow();
    chat.conversation.unsent[0]?.retry();
    await settled();
    expect(server.bodies[1]).toEqual({
      type: 'threads.add_user_message',
      params: { ...server.bodies[0]?.params, thread_id: 'thr_1' },
    });
    expect(ids(chat)).toEqual(['u1']);
  });

  it('is sent again once, however often one clicks', async () => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.create', json({}, 500), events([created('thr_1'), done(user('u1', 'Hi'))]));
    await expect(chat.send(message('Hi'))).rejects.toThrow();
    const retry = chat.conversation.unsent[0]?.retry;
    retry?.();
    retry?.();
    await settled();
    expect(server.requests).toHaveLength(2);
    expect(ids(chat)).toEqual(['u1']);
  });

  it('that failed is no message of the thread for what comes next, and stays', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('threads.add_user_message', json({}, 500), events([done(user('u2', 'Lost'))]));
    server.answer('threads.retry_after_item', json({}, 500), events([done(assistant('a2', 'Again'))]));
    server.answer('threads.custom_action', events([done(assistant('a3', 'Done'))]));
    await expect(chat.send(message('Lost'))).rejects.toThrow();
    const lost = chat.conversation.unsent[0]!;
    await expect(chat.retry()).rejects.toThrow();
    expect(ids(chat)).toEqual(['u1', 'a1', lost.id]);
    await chat.retry();
    expect(server.bodies[2]?.params).toEqual({ thread_id: 'thr_1', item_id: 'u1' });
    await settled();
    await chat.act({ type: 'close' });
    expect(ids(chat)).toEqual([lost.id, 'u1', 'a2', 'a3']);
    lost.retry();
    await settled();
    expect(ids(chat)).toEqual(['u1', 'a2', 'a3', 'u2']);
  });

  it('that failed stays when another one is sent, unless it is in the composer again', async () => {
    const { chat, server } = await chatWithThread();
    const refused = json({}, 500);
    server.answer('threads.add_user_message', refused, refused, events([done(user('u2', 'Third'))]));
    const [first, second] = [message('First'), message('Second')];
    await expect(chat.send(first)).rejects.toThrow();
    await expect(chat.send(second)).rejects.toThrow();
    chat.restored(second);
    const [kept] = chat.conversation.unsent;
    await chat.send(message('Third'));
    await settled();
    expect(chat.conversation.unsent).toEqual([kept]);
    expect(ids(chat)).toEqual(['u1', 'a1', kept!.id, 'u2']);
  });

  it('that is answered with a page, such as one to sign in at, did not reach the server', async () => {
    const { chat, server } = await chatWithThread();
    const page = new Response('<title>Sign in</title>', { headers: { 'Content-Type': 'text/html' } });
    server.answer('threads.add_user_message', () => page);
    await expect(chat.send(message('Lost'))).rejects.toMatchObject({ code: 'protocol', status: 200 });
    expect(chat.conversation.unsent).toHaveLength(1);
  });

  it('whose stream breaks after its echo gets another answer, not another copy', async () => {
    const test = chatUnderTest();
    const { chat, server } = test;
    const list = [created('thr_1'), done(user('u1', 'Hi')), added(assistant('a1')), delta('a1', 'Hel')];
    server.answer('threads.create', broken(list));
    server.answer('threads.retry_after_item', events([done(assistant('a2', 'Hello'))]));
    await chat.send(message('Hi'));
    await settled();
    expect(chat.conversation.failure).toMatchObject({ interrupted: true });
    expect(chat.conversation.items).toMatchObject([user('u1', 'Hi'), assistant('a1', 'Hel')]);
    expect(chat.conversation.pending.size).toBe(0);
    expect(test.errors()).toHaveLength(1);
    chat.conversation.failure?.retry?.();
    expect(ids(chat)).toEqual(['u1']);
    expect(chat.conversation.failure).toBeNull();
    await settled();
    expect(server.bodies[1]).toEqual({
      type: 'threads.retry_after_item',
      params: { thread_id: 'thr_1', item_id: 'u1' },
    });
    expect(ids(chat)).toEqual(['u1', 'a2']);
    expect(ends(test)).toEqual([...AROUND, ...AROUND]);
  });

  it('tells what the server said of its failure, if it was short', async () => {
    const { chat, server } = chatUnderTest();
    server.answer('threads.create', json({ detail: 'Come back tomorrow' }, 429), unreachable());
    await expect(chat.send(message('Hi'))).rejects.toThrow('Come back tomorrow');
    expect(chat.conversation.unsent[0]?.message).toBe('Come back tomorrow');
    chat.conversation.unsent[0]?.retry();
    await settled();
    expect(chat.conversation.unsent[0]?.message).toBeUndefined();
  });
});

describe('an error event', () => {
  it('that allows it offers another answer', async () => {
    const test = await chatWithThread();
    const { chat, server } = test;
    const error = { type: 'error', code: 'custom', message: 'Too hot', allow_retry: true };
    const late = { type: 'thread.updated', thread: { id: 'thr_1', title: 'Late', items: {} } };
    server.answer('threads.add_user_message', events([done(user('u2', 'x')), done(assistant('a2', 'y')), error, late]));
    server.answer('threads.retry_after_item', events([done(assistant('a3', 'z'))]));
    await chat.send(message('x'));
    await settled();
    expect(chat.conversation.failure).toMatchObject({ message: 'Too hot' });
    expect(chat.conversation.thread?.title).toBe('Late');
    expect(test.names()).toEqual(['response.start', 'error', 'response.end']);
    expect(test.errors()[0]).toMatchObject({ message: 'Too hot', code: 'response_failed' });
    chat.conversation.failure?.retry?.();
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2']);
    await settled();
    expect(server.bodies[1]?.params).toEqual({ thread_id: 'thr_1', item_id: 'u2' });
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2', 'a3']);
  });

  it.each([{ allow_retry: false }, {}, { allow_retry: null }])('with %j offers none', async (more) => {
    const { chat, server } = await chatWithThread();
    const error = { type: 'error', code: 'stream.error', message: null, ...more };
    server.answer('threads.add_user_message', events([done(user('u2', 'x')), error]));
    await chat.send(message('x'));
    await settled();
    expect(chat.conversation.failure).toEqual({ message: undefined, retry: undefined });
  });

  it('before the echo refuses the message, which can be sent again as it was', async () => {
    const { chat, server } = await chatWithThread();
    const error = { type: 'error', code: 'custom', message: 'Not now', allow_retry: true };
    server.answer('threads.add_user_message', events([error]), events([done(user('u2', 'x'))]));
    await expect(chat.send(message('x'))).rejects.toThrow('Not now');
    chat.conversation.failure?.retry?.();
    await settled();
    expect(server.bodies[1]).toEqual(server.bodies[0]);
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2']);
  });

  it('is not hidden by a connection that breaks after it', async () => {
    const test = await chatWithThread();
    const { chat, server } = test;
    const error = { type: 'error', code: 'custom', message: 'Too hot' };
    server.answer('threads.add_user_message', broken([done(user('u2', 'x')), error]));
    await chat.send(message('x'));
    await settled();
    expect(chat.conversation.failure).toEqual({ message: 'Too hot', retry: undefined });
    expect(test.errors()).toHaveLength(1);
    expect(ends(test)).toEqual(AROUND);
  });
});

describe('Stop', () => {
  it('is offered while the server allows it', async () => {
    const { chat, server } = await chatWithThread();
    const live = new LiveStream();
    server.answer('threads.add_user_message', live.answer);
    void chat.send(message('x'));
    await settled();
    expect(chat.canStop).toBe(false);
    live.send(CAN_STOP);
    await settled();
    expect(chat.canStop).toBe(true);
    live.send({ type: 'stream_options', stream_options: { allow_cancel: false } });
    await settled();
    expect(chat.canStop).toBe(false);
    live.end();
  });

  it('ends the request, keeps what is there, and is no failure', async () => {
    const test = await chatWithThread();
    const { chat, server } = test;
    const live = new LiveStream();
    const again = events([done(user('u3', 'y')), done(assistant('a3', 'z'))]);
    server.answer('threads.add_user_message', live.answer, again);
    void chat.send(message('x'));
    await settled();
    const workflow = { workflow: { type: 'reasoning', tasks: [] } };
    live.send(
      done(user('u2', 'x')),
      added(other('wf', 'workflow', workflow)),
      added(assistant('a2')),
      delta('a2', 'Par'),
      added(assistant('empty')),
      { type: 'progress_update', text: 'Searching' },
    );
    await settled();
    const finished = chat.slot.response?.finished;
    chat.stop();
    expect(live.isAborted).toBe(true);
    await finished;
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2', 'wf', 'a2']);
    expect(chat.conversation).toMatchObject({ progress: null, failure: null, unsent: [] });
    expect(chat.conversation.pending.size).toBe(0);
    await settled();
    expect(test.names()).toEqual(AROUND);
    await chat.send(message('y'));
    await settled();
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2', 'wf', 'a2', 'u3', 'a3']);
  });

  it('before the echo leaves a message that can be sent again', async () => {
    const test = await chatWithThread();
    const { chat, server } = test;
    server.answer('threads.add_user_message', new LiveStream().answer, events([done(user('u2', 'x'))]));
    const sent = chat.send(message('x'));
    await settled();
    chat.stop();
    await expect(sent).rejects.toMatchObject({ name: 'AbortError' });
    expect(test.errors()).toEqual([]);
    chat.conversation.unsent[0]?.retry();
    await settled();
    expect(ids(chat)).toEqual(['u1', 'a1', 'u2']);
  });
});

describe('a tool of the page', () => {
  const CALL = [done(user('u2', 'x')), CAN_STOP, done(toolCall('t1', 'position', { exact: true }))];

  async function called(answer?: ChatUnderTest['tool']['run']): Promise<ChatUnderTest> {
    const test = await chatWithThread();
    test.tool.run = answer;
    test.server.answer('threads.add_user_message', events(CALL));
    test.server.answer('threads.add_client_tool_output', events([done(assistant('a2', 'There'))]));
    await test.chat.send(message('x'));
    await test.chat.slot.response?.finished;
    await settled();
    return test;
  }

  it('runs after the stream, and its result goes on in the same response', async () => {
    const calls: unknown[] = [];
    const test = await called((call) => {
      calls.push(call);
      return Promise.resolve({ city: 'Zürich' });
    });
    expect(calls).toEqual([{ name: 'position', params: { exact: true } }]);
    expect(test.server.bodies[1]).toEqual({
      type: 'threads.add_client_tool_output',
      params: { thread_id: 'thr_1', result: { city: 'Zürich' } },
    });
    expect(ids(test.chat)).toEqual(['u1', 'a1', 'u2', 't1', 'a2']);
    expect(test.chat.conversation.items[3]).toMatchObject({ status: 'completed', output: { city: 'Zürich' } });
    expect(test.names()).toEqual(AROUND);
  });

  it('does not run before the stream has ended', async () => {
    const test = await chatWithThread();
    let runs = 0;
    test.tool.run = () => ({ runs: ++runs });
    const live = new LiveStream();
    test.server.answer('threads.add_user_message', live.answer);
    test.server.answer('threads.add_client_tool_output', events([]));
    void test.chat.send(message('x'));
    await settled();
    live.send(...CALL);
    await settled();
    expect(runs).toBe(0);
    live.end();
    await settled();
    expect(runs).toBe(1);
  });

  it('runs for each stream that calls one, and for the last call of it', async () => {
    const test = await chatWithThread();
    const names: string[] = [];
    test.tool.run = ({ name }) => {
      names.push(name);
      return {};
    };
    test.server.answer('threads.add_user_message', events([...CALL, added(toolCall('t2', 'weather'))]));
    test.server.answer(
      'threads.add_client_tool_output',
      events([done(toolCall('t3', 'clock'))]),
      events([done(assistant('a2', 'Done'))]),
    );
    await test.chat.send(message('x'));
    await test.chat.slot.response?.finished;
    await settled();
    expect(names).toEqual(['weather', 'clock']);
    expect(ends(test)).toEqual(AROUND);
  });

  it.each([undefined, null])('that gives %s gives an empty object', async (nothing) => {
    const test = await called(() => nothing as never);
    expect(test.server.bodies[1]?.params['result']).toEqual({});
  });

  it.each([
    ['throws', () => Promise.reject(new Error('No permission')), 'No permission'],
    ['throws at once', () => { throw new Error('Broken'); }, 'Broken'],
    ['gives what is no JSON', () => (() => 1) as never, 'position gave no JSON.'],
    ['gives a number too big', () => ({ big: 1n }), 'Do not know how to serialize a BigInt'],
    ['does not exist', undefined, 'The page has no onClientTool, so position cannot run.'],
  ])('that %s tells the model so', async (_, run, text) => {
    const test = await called(run);
    expect(test.server.bodies[1]?.params['result']).toEqual({ error: text });
    expect(test.errors().map((error) => error.message)).toEqual([text]);
    expect(ids(test.chat)).toContain('a2');
    expect(test.chat.conversation.failure).toBeNull();
  });

  it('that never ends does not keep Stop from ending the response', async () => {
    const test = await chatWithThread();
    test.tool.run = () => new Promise(() => undefined);
    test.server.answer('threads.add_user_message', events(CALL));
    await test.chat.send(message('x'));
    await settled();
    expect(test.chat).toMatchObject({ isResponding: true, canStop: true });
    test.chat.stop();
    await settled();
    expect(test.chat.isResponding).toBe(false);
    expect(test.names()).toEqual(AROUND);
  });

  it('that ends after Stop, well or not, is not heard', async () => {
    for (const end of ['resolve', 'reject'] as const) {
      const test = await chatWithThread();
      const tool = later();
      test.tool.run = () => tool.promise;
      test.server.answer('threads.add_user_message', events(CALL));
      await test.chat.send(message('x'));
      await settled();
      test.chat.stop();
      if (end === 'resolve') tool.resolve({});
      else tool.reject(new Error('Late'));
      await settled();
      expect(test.server.operations).toEqual(['threads.add_user_message']);
      expect(test.errors()).toEqual([]);
      expect(test.chat.conversation.items.at(-1)).toMatchObject({ status: 'pending' });
    }
  });

  it.each([
    ['the stream has failed', { type: 'error', code: 'x' }],
    ['the call was taken back', { type: 'thread.item.removed', item_id: 't1' }],
    ['the call was completed', done({ ...toolCall('t1', 'position'), status: 'completed' })],
  ])('does not run where %s', async (_, event) => {
    const test = await chatWithThread();
    let runs = 0;
    test.tool.run = () => ({ runs: ++runs });
    test.server.answer('threads.add_user_message', events([...CALL, event]));
    await test.chat.send(message('x'));
    await settled();
    expect(runs).toBe(0);
    expect(test.server.requests).toHaveLength(1);
  });

  it('whose result does not arrive leaves the last message to be answered again', async () => {
    const test = await chatWithThread();
    test.tool.run = () => ({});
    test.server.answer('threads.add_user_message', events(CALL));
    test.server.answer('threads.add_client_tool_output', json({}, 500));
    test.server.answer('threads.retry_after_item', events([done(assistant('a2', 'x'))]));
    await test.chat.send(message('x'));
    await settled();
    test.chat.conversation.failure?.retry?.();
    await settled();
    expect(test.server.bodies[2]?.params).toEqual({ thread_id: 'thr_1', item_id: 'u2' });
  });

  it('that an action has led to is not led to by the same action again', async () => {
    const test = await chatWithThread();
    test.tool.run = () => ({});
    test.server.answer('threads.custom_action', events([done(toolCall('t1', 'position'))]));
    test.server.answer('threads.add_client_tool_output', json({}, 500));
    test.server.answer('threads.retry_after_item', events([done(assistant('a2', 'x'))]));
    await expect(test.chat.act({ type: 'go' })).rejects.toThrow();
    test.chat.conversation.failure?.retry?.();
    await settled();
    expect(test.server.operations.at(-1)).toBe('threads.retry_after_item');
  });

  it('leaves a workflow that goes on after it in its place, pending', async () => {
    const test = await chatWithThread();
    const tool = later();
    test.tool.run = () => tool.promise;
    const workflow = (title: string): object =>
      other('wf', 'workflow', { workflow: { type: 'custom', tasks: [{ type: 'custom', title }] } });
    test.server.answer('threads.add_user_message', events([added(workflow('a')), ...CALL]));
    test.server.answer('threads.add_client_tool_output', events([done(workflow('b'))]));
    void test.chat.send(message('x'));
    await settled();
    expect([...test.chat.conversation.pending]).toEqual(['wf']);
    tool.resolve({});
    await settled();
    expect(test.chat.conversation.items[3]).toMatchObject(workflow('b'));
    expect(ids(test.chat).filter((id) => id === 'wf')).toHaveLength(1);
  });
});

describe('what a response does not understand', () => {
  it('is logged without what people wrote', async () => {
    const test = await chatWithThread();
    const update = { type: 'hologram.turned', text: 'secret' };
    test.server.answer(
      'threads.add_user_message',
      events([
        done(user('u2', 'x')),
        done(other('h', 'hologram')),
        { type: 'thread.item.updated', item_id: 'a1', update },
        done(assistant('a2', 'y')),
      ]),
    );
    await test.chat.send(message('x'));
    await settled();
    const logged = test.told.filter(({ name }) => name === 'log').map(({ detail }) => detail);
    expect(logged).toEqual([
      { name: 'stream.unknown_item', data: { type: 'hologram' } },
      { name: 'stream.ignored_update', data: { type: 'hologram.turned' } },
    ]);
    expect(ids(test.chat)).toEqual(['u1', 'a1', 'u2', 'h', 'a2']);
  });
});

describe('an effect', () => {
  it('is told with its data, and an empty object where there is none', async () => {
    const test = await chatWithThread();
    const effect = { type: 'client_effect', name: 'glow' };
    test.server.answer(
      'threads.add_user_message',
      events([done(user('u2', 'x')), { ...effect, data: { id: 'a' } }, { ...effect, data: null }]),
    );
    await test.chat.send(message('x'));
    await settled();
    const effects = test.told.filter(({ name }) => name === 'effect').map(({ detail }) => detail);
    expect(effects).toEqual([{ name: 'glow', data: { id: 'a' } }, { name: 'glow', data: {} }]);
  });
});
