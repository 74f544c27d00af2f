/** Tools that the page runs (UI-SPEC 6: client tools). */

import { added, assistant, CAN_STOP, created, done, other, toolCall, user } from '../tests/chat-under-test';
import { type ChatPage, eventually, expect, test } from './chat-page';
import { events, LiveStream } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];
const OVER = 'threads.add_client_tool_output';

declare global {
  interface Window {
    calls: unknown[];
    finishTool: (value: unknown) => void;
  }
}

/** @param body - Of the tool: what it does with `call`. */
async function openWithTool(chat: ChatPage, kind: 'value' | 'later' | 'throws' | 'nothing' | 'held'): Promise<void> {
  await chat.goto();
  await chat.page.evaluate((kind) => {
    window.calls = [];
    return window.start({
      onClientTool: (call: { name: string; params: unknown }) => {
        window.calls.push(call);
        switch (kind) {
          case 'later':
            return new Promise((resolve) => setTimeout(() => resolve({ at: call.name }), 10));
          case 'throws':
            throw new Error('No such place');
          case 'nothing':
            return undefined;
          case 'held':
            return new Promise((resolve) => (window.finishTool = resolve));
          default:
            return { at: call.name };
        }
      },
    });
  }, kind);
}

function calls(chat: ChatPage): Promise<unknown[]> {
  return chat.page.evaluate(() => window.calls);
}

test('49: a call runs after the stream, its result is sent, and the answer goes on', async ({ chat, server }) => {
  await openWithTool(chat, 'value');
  const live = await chat.askLive('Hi', ...BEGUN, done(toolCall('t1', 'locate', { city: 'Rome' })));
  await expect(chat.item('u1')).toBeVisible();
  expect(await calls(chat)).toEqual([]);
  server.answer(OVER, events([done(assistant('a1', 'In Rome'))]));
  live.end();
  await expect(chat.item('a1')).toContainText('In Rome');
  expect(await calls(chat)).toEqual([{ name: 'locate', params: { city: 'Rome' } }]);
  expect(server.bodies[1]).toEqual({ type: OVER, params: { thread_id: 'thr_1', result: { at: 'locate' } } });
  await eventually(async () => (await chat.names()).filter((name) => name.startsWith('response.'))).toEqual(['response.start', 'response.end']);
});

test('50: calls of successive streams both run, and may take their time', async ({ chat, server }) => {
  await openWithTool(chat, 'later');
  server.answer(OVER, events([done(toolCall('t2', 'second'))]), events([done(assistant('a1', 'Both'))]));
  await chat.ask('Hi', [...BEGUN, done(toolCall('t1', 'first'))]);
  await expect(chat.item('a1')).toContainText('Both');
  expect(server.of(OVER).map(({ body }) => body.params['result'])).toEqual([{ at: 'first' }, { at: 'second' }]);
});

test('50: nothing is an empty object', async ({ chat, server }) => {
  await openWithTool(chat, 'nothing');
  server.answer(OVER, events([done(assistant('a1', 'Done'))]));
  await chat.ask('Hi', [...BEGUN, done(toolCall('t1', 'first'))]);
  expect(server.of(OVER)[0]!.body.params['result']).toEqual({});
});

test('51: a tool that throws tells the server why', async ({ chat, server }) => {
  await openWithTool(chat, 'throws');
  server.answer(OVER, events([done(assistant('a1', 'Alas'))]));
  await chat.ask('Hi', [...BEGUN, done(toolCall('t1', 'first'))]);
  expect(server.of(OVER)[0]!.body.params['result']).toEqual({ error: 'No such place' });
  expect(await chat.details('error')).toEqual([{ error: 'No such place', isError: true }]);
});

test('51: without a handler the server is told as well', async ({ chat, server }) => {
  await chat.open();
  server.answer(OVER, events([done(assistant('a1', 'Alas'))]));
  await chat.ask('Hi', [...BEGUN, done(toolCall('t1', 'first'))]);
  expect(Object.keys(server.of(OVER)[0]!.body.params['result'] as object)).toEqual(['error']);
  expect(await chat.details('error')).toHaveLength(1);
});

test('52: Stop while a tool runs sends nothing', async ({ chat, server }) => {
  await openWithTool(chat, 'held');
  const live = await chat.askLive('Hi', ...BEGUN, CAN_STOP, done(toolCall('t1', 'slow')));
  live.end();
  await eventually(() => calls(chat)).toHaveLength(1);
  await chat.button('Stop').click();
  await expect(chat.button('Send message')).toBeVisible();
  await chat.page.evaluate(() => window.finishTool({ too: 'late' }));
  await chat.ask('Next', [done(user('u2', 'Next')), done(assistant('a2', 'Fine'))]);
  expect(server.of(OVER)).toHaveLength(0);
});

test('52: a call of a thread that is loaded does not run', async ({ chat, server }) => {
  await openWithTool(chat, 'value');
  server.answer('threads.get_by_id', (_request, response) => {
    response.end(JSON.stringify({
      id: 'thr_1', created_at: '2026-01-02T03:04:05', status: { type: 'active' },
      items: { data: [user('u1', 'Hi'), toolCall('t1', 'old')], has_more: false },
    }));
  });
  await chat.call('setThreadId', 'thr_1');
  await expect(chat.item('u1')).toBeVisible();
  expect(await calls(chat)).toEqual([]);
  expect(server.of(OVER)).toHaveLength(0);
});

test('53: a workflow goes on in its place after a call', async ({ chat, server }) => {
  await openWithTool(chat, 'value');
  const workflow = (title: string): object => other('w1', 'workflow', { workflow: { type: 'custom', tasks: [{ type: 'custom', title }] } });
  const live = new LiveStream();
  server.answer(OVER, live.answer);
  const first = await chat.askLive('Hi', ...BEGUN, added(workflow('Before')), done(toolCall('t1', 'x')));
  first.end();
  await server.asked(OVER);
  await expect(chat.item('w1')).toHaveAttribute('data-pending', '');
  live.send({
    type: 'thread.item.updated', item_id: 'w1',
    update: { type: 'workflow.task.added', task_index: 1, task: { type: 'custom', title: 'After' } },
  });
  await expect(chat.item('w1')).toContainText('After');
  await expect(chat.log.locator('.workflow')).toHaveCount(1);
  live.end();
  await expect(chat.item('w1')).not.toHaveAttribute('data-pending');
});
