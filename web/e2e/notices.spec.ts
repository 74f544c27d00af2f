/** Progress, notices, effects and errors (UI-SPEC 6). */

import { added, assistant, CAN_STOP, created, delta, done, toolCall, user } from '../tests/chat-under-test';
import { eventually, expect, test } from './chat-page';
import { broken, events, json } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];

function failure(more: object): object {
  return { type: 'error', code: 'custom', message: 'The model is tired.', allow_retry: true, ...more };
}

test('43: the progress line has an icon, is replaced, and goes with the first item', async ({ chat }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...BEGUN, { type: 'progress_update', text: 'Looking', icon: 'search' });
  const progress = chat.log.locator('.progress');
  await expect(progress).toHaveText('Looking');
  await expect(progress.locator('svg')).toHaveCount(1);
  live.send({ type: 'progress_update', text: 'Reading' });
  await expect(progress).toHaveText('Reading');
  live.send(added(assistant('a1')), delta('a1', 'Found'));
  await expect(progress).toHaveCount(0);
  live.send(done(assistant('a1', 'Found')), { type: 'progress_update', text: 'Last' });
  await expect(progress).toHaveText('Last');
  live.end();
  await expect(progress).toHaveCount(0);
});

test('44: notices have levels, titles and links, are dismissed, and go with the next message', async ({ chat }) => {
  await chat.open();
  const notices = ['info', 'warning', 'danger'].map((level) => ({
    type: 'notice', level, title: `A ${level}`, message: `See [here](https://a.test/${level})`,
  }));
  await chat.ask('Hi', [...BEGUN, done(assistant('a1', 'Text')), ...notices]);
  const shown = chat.page.locator('.notice');
  await expect(shown).toHaveCount(3);
  await expect(chat.page.getByRole('alert')).toContainText('A danger');
  await expect(shown.first().getByRole('link')).toHaveAttribute('target', '_blank');
  await expect(shown.first().getByRole('link')).toHaveAttribute('rel', /noopener/);
  await shown.first().getByRole('button', { name: 'Dismiss' }).click();
  await expect(shown).toHaveCount(2);
  await chat.ask('More', [done(user('u2', 'More')), done(assistant('a2', 'Text'))]);
  await expect(shown).toHaveCount(0);
});

test('45: an effect is told, with an empty object by default, and shows nothing', async ({ chat }) => {
  await chat.open();
  await chat.ask('Hi', [...BEGUN, { type: 'client_effect', name: 'one' }, { type: 'client_effect', name: 'two', data: { a: 1 } }]);
  expect(await chat.details('effect')).toEqual([{ name: 'one', data: {} }, { name: 'two', data: { a: 1 } }]);
  expect(await chat.itemIds).toEqual(['u1']);
});

for (const [what, event, text, retries] of [
  ['of a sentence, with a retry', failure({}), 'The model is tired.', 1],
  ['of a sentence, without one', failure({ allow_retry: false }), 'The model is tired.', 0],
  ['of the stream', failure({ code: 'stream.error', message: undefined }), 'Something went wrong.', 1],
  ['of an unknown code', failure({ code: 'of.tomorrow', message: null }), 'Something went wrong.', 1],
] as const) {
  test(`46: an error ${what} is shown`, async ({ chat }) => {
    await chat.open();
    await chat.ask('Hi', [...BEGUN, event]);
    await expect(chat.page.getByRole('alert')).toContainText(text);
    await expect(chat.button('Retry')).toHaveCount(retries);
    expect(await chat.details('error')).toHaveLength(1);
  });
}

test('47: a retry takes the error and what followed the message away at once', async ({ chat, server }) => {
  await chat.open();
  await chat.ask('Hi', [...BEGUN, done(assistant('a1', 'Half')), failure({})]);
  let release = (): void => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  server.answer('threads.retry_after_item', async (request, response) => {
    await released;
    await events([done(assistant('a2', 'Whole'))])(request, response);
  });
  await chat.button('Retry').click();
  await expect(chat.page.getByRole('alert')).toHaveCount(0);
  await eventually(() => chat.itemIds).toEqual(['u1']);
  release();
  await expect(chat.item('a2')).toContainText('Whole');
  expect(server.bodies.at(-1)).toEqual({ type: 'threads.retry_after_item', params: { thread_id: 'thr_1', item_id: 'u1' } });
});

test('48: a response starts and ends once, whatever becomes of it', async ({ chat, server }) => {
  await chat.open();
  const responses = async (): Promise<string[]> => (await chat.names()).filter((name) => name.startsWith('response.'));
  const once = ['response.start', 'response.end'];

  chat.answerNext(json({}, 500));
  await chat.send('HTTP error');
  await eventually(responses).toEqual(once);
  await chat.forget();

  await chat.write('');
  await chat.ask('Success', [...BEGUN, done(assistant('a1', 'Text'))]);
  expect(await responses()).toEqual(once);
  await chat.forget();

  await chat.ask('Error event', [done(user('u2', 'x')), failure({})]);
  expect(await responses()).toEqual(once);
  await chat.forget();

  chat.answerNext(broken([done(user('u3', 'x')), added(assistant('a3'))]));
  await chat.send('Network loss');
  await eventually(responses).toEqual(once);
  await chat.forget();

  await chat.askLive('Stop', done(user('u4', 'x')), CAN_STOP);
  await chat.button('Stop').click();
  await eventually(responses).toEqual(once);
  await chat.forget();

  server.answer('threads.custom_action', events([done(assistant('a5', 'Acted'))]));
  await chat.call('sendCustomAction', { type: 'go' });
  expect(await responses()).toEqual(once);
  await chat.forget();

  server.answer('threads.add_client_tool_output', events([done(assistant('a6', 'With a tool'))]));
  chat.answerNext(events([done(user('u6', 'x')), done(toolCall('t6', 'tool'))]));
  await chat.send('Client tool');
  await expect(chat.item('a6')).toBeVisible();
  await eventually(responses).toEqual(once);
});
