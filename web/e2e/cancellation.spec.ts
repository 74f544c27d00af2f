/** Stop, and what is left then (UI-SPEC 6: cancellation). */

import { added, assistant, CAN_STOP, created, delta, done, other, user } from '../tests/chat-under-test';
import { expect, test } from './chat-page';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];
declare global {
  interface Window {
    clicked: number;
  }
}

const CANNOT_STOP = { type: 'stream_options', stream_options: { allow_cancel: false } };

test('39: Stop is absent before stream_options, and comes and goes with them', async ({ chat }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...BEGUN, added(assistant('a1')), delta('a1', 'Text'));
  await expect(chat.item('a1')).toContainText('Text');
  await expect(chat.button('Stop')).toHaveCount(0);
  await expect(chat.button('Send message')).toBeDisabled();
  live.send(CAN_STOP);
  await expect(chat.button('Stop')).toBeVisible();
  live.send(CANNOT_STOP);
  await expect(chat.button('Stop')).toHaveCount(0);
  live.end();
});

test('40: Stop ends the request, keeps the text, and is no error', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...BEGUN, CAN_STOP, added(assistant('a1')), delta('a1', 'Half a'), added(assistant('a2')));
  await expect(chat.item('a1')).toContainText('Half a');
  await chat.button('Stop').click();
  await server.until(() => live.isAborted, 'disconnect');
  await expect(chat.button('Send message')).toBeVisible();
  await expect(chat.item('a1')).toContainText('Half a');
  await expect(chat.item('a1')).not.toHaveAttribute('data-pending');
  await expect(chat.item('a2')).toHaveCount(0);
  await expect(chat.page.getByRole('alert')).toHaveCount(0);
  const names = await chat.names();
  expect(names.filter((name) => name === 'response.end')).toHaveLength(1);
  expect(names).not.toContain('error');
});

test('40: the server sees within a tenth of a second that Stop was pressed', async ({ chat, server }) => {
  await chat.open();
  await chat.page.evaluate(() => document.addEventListener('click', () => (window.clicked = Date.now()), { capture: true }));
  const took: number[] = [];
  for (let time = 0; time < 4; time++) {
    const begun = time === 0 ? BEGUN : [done(user(`u${time + 1}`, 'Hi'))];
    const live = await chat.askLive('Hi', ...begun, CAN_STOP, added(assistant(`a${time}`)), delta(`a${time}`, 'Half'));
    await expect(chat.item(`a${time}`)).toContainText('Half');
    await chat.button('Stop').click();
    await server.until(() => live.isAborted, 'disconnect');
    took.push(live.abortedAt - (await chat.page.evaluate(() => window.clicked)));
    await expect(chat.button('Send message')).toBeVisible();
  }
  expect(Math.min(...took), `${took.join(', ')} ms`).toBeLessThan(100); // the best, for a machine may be busy
});

test('41: after Stop nothing moves any more, and the next message goes out', async ({ chat }) => {
  await chat.open();
  await chat.askLive(
    'Hi', ...BEGUN, CAN_STOP,
    added(other('w1', 'workflow', { workflow: { type: 'reasoning', tasks: [{ type: 'thought', title: 'Hm', content: 'x' }], summary: null } })),
    added(other('t1', 'task', { task: { type: 'custom', title: 'Look' } })),
    added(other('i1', 'generated_image', { image: null })),
  );
  await expect(chat.log.locator('.shimmer').first()).toBeVisible();
  await chat.button('Stop').click();
  await expect(chat.log.locator('.shimmer, [data-pending], .typing')).toHaveCount(0);
  await chat.ask('Again', [done(user('u2', 'Again')), done(assistant('a2', 'Fine'))]);
  await expect(chat.item('a2')).toContainText('Fine');
});

test('42: a reload after Stop shows what the server saved', async ({ chat }) => {
  await chat.openThread([user('u1', 'Hi'), assistant('a1', 'Half a')]);
  await expect(chat.item('a1')).toContainText('Half a');
  await expect(chat.item('a1')).not.toHaveAttribute('data-pending');
});
