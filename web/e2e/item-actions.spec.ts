/** Copy, feedback and retry (UI-SPEC 6: item actions). */

import { assistant, created, done, other, user, widget } from '../tests/chat-under-test';
import { expect, test } from './chat-page';
import { events, held, json } from './scripted-server';

const TURN = [
  user('u1', 'Hi'),
  other('t1', 'task', { task: { type: 'custom', title: 'Look' } }),
  assistant('a1', 'First **bold**'),
  widget('x1', 'Shown', { copy_text: 'Text of the widget' }),
  widget('x2', 'Shown'),
  assistant('a2', 'Second'),
];
const ACTIONS = { threadItemActions: { feedback: true, retry: true } };

test('64: by default there is Copy only, for all texts of the turn in order', async ({ chat }) => {
  await chat.openThread(TURN);
  await expect(chat.button('Good response')).toHaveCount(0);
  await expect(chat.button('Retry')).toHaveCount(0);
  await chat.button('Copy').click();
  await expect(chat.button('Copied')).toBeVisible();
  const text = await chat.page.evaluate(() => navigator.clipboard.readText());
  expect(text.replaceAll('\r\n', '\n')).toBe('First **bold**\n\nText of the widget\n\nSecond');
});

test('65: feedback names every item of the turn, and the other thumb the other kind', async ({ chat, server }) => {
  await chat.openThread(TURN, {}, ACTIONS);
  await chat.button('Good response').click();
  await chat.button('Bad response').click();
  await server.asked('items.feedback', 2);
  expect(server.of('items.feedback').map(({ body }) => body.params)).toEqual(
    ['positive', 'negative'].map((kind) => ({ thread_id: 'thr_1', item_ids: ['t1', 'a1', 'x1', 'x2', 'a2'], kind })),
  );
  await expect(chat.button('Bad response')).toHaveAttribute('aria-pressed', 'true');
  await expect(chat.button('Good response')).toHaveAttribute('aria-pressed', 'false');
});

test('65: feedback that fails is taken back', async ({ chat, server }) => {
  await chat.openThread(TURN, {}, ACTIONS);
  server.answer('items.feedback', json({}, 500));
  await chat.button('Good response').click();
  await expect(chat.page.locator('.toast')).toContainText('feedback');
  await expect(chat.button('Good response')).toHaveAttribute('aria-pressed', 'false');
  expect(await chat.details('error')).toHaveLength(1);
});

test('66: a retry takes the answer away at once; it is of the newest turn only', async ({ chat, server }) => {
  await chat.openThread([...TURN, user('u2', 'More'), assistant('a3', 'Third')], {}, ACTIONS);
  await expect(chat.button('Retry')).toHaveCount(1);
  const answer = held(events([done(assistant('a4', 'Fourth'))]));
  server.answer('threads.retry_after_item', answer.answer);
  await chat.button('Retry').click();
  await expect(chat.item('a3')).toHaveCount(0);
  answer.release();
  await expect(chat.item('a4')).toBeVisible();
  expect(server.bodies.at(-1)?.params).toEqual({ thread_id: 'thr_1', item_id: 'u2' });
});

test('66: a retry that fails before the first event brings the answer back', async ({ chat, server }) => {
  await chat.openThread(TURN, {}, ACTIONS);
  server.answer('threads.retry_after_item', json({}, 500));
  await chat.button('Retry').click();
  await expect(chat.page.getByRole('alert')).toBeVisible();
  await expect(chat.item('a2')).toBeVisible();
});

test('67: actions come when the turn is over, or from its marker on', async ({ chat }) => {
  await chat.open();
  const live = await chat.askLive('Hi', created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Text')));
  await expect(chat.item('a1')).toBeVisible();
  await expect(chat.button('Copy')).toHaveCount(0);
  live.send(done(other('e1', 'end_of_turn')));
  await expect(chat.button('Copy')).toBeVisible();
  live.end();
});
