/** New options while one works (UI-SPEC 6: setOptions). */

import { added, assistant, CAN_STOP, created, delta, done, user } from '../tests/chat-under-test';
import { expect, test } from './chat-page';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];

test('87: options replace each other, and nothing is merged', async ({ chat }) => {
  await chat.open({ startScreen: { greeting: 'Welcome back' } });
  await expect(chat.page.getByRole('heading', { name: 'Welcome back' })).toBeVisible();
  await chat.set({});
  await expect(chat.page.getByRole('heading', { name: 'What can I help with today?' })).toBeVisible();
});

test('88: a stream, a draft and the view go on when options change', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...BEGUN, CAN_STOP, added(assistant('a1')), delta('a1', 'One\n\n'.repeat(60)));
  await expect(chat.item('a1').locator('p')).toHaveCount(60);
  await chat.write('My draft');
  const scroller = chat.page.locator('.scroller');
  await scroller.evaluate((element) => element.scrollTo({ top: 300, behavior: 'instant' }));
  await chat.set({ theme: 'dark', locale: 'de', composer: { placeholder: 'Anders' } });
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'Anders');
  await expect(chat.page.locator('.frame')).toHaveAttribute('data-scheme', 'dark');
  await expect(chat.page.locator('.frame')).toHaveAttribute('lang', 'de');
  await expect(chat.field).toHaveText('My draft');
  expect(await scroller.evaluate((element) => element.scrollTop)).toBe(300);
  live.send(delta('a1', 'still here'));
  await expect(chat.item('a1')).toContainText('still here');
  expect(live.isAborted).toBe(false);
  expect(server.operations).toHaveLength(1);
  live.end();
});

test('89: another address begins anew, other functions do not', async ({ chat }) => {
  await chat.open();
  await chat.ask('Hi', [...BEGUN, done(assistant('a1', 'Hello'))]);
  await chat.page.evaluate(() => window.start({ onClientTool: () => ({}) }));
  await expect(chat.item('a1')).toBeVisible();
  await chat.set({ api: { url: '/api2' } });
  await expect(chat.item('a1')).toHaveCount(0);
  await expect(chat.page.getByRole('heading', { name: 'What can I help with today?' })).toBeVisible();
  expect(await chat.details('thread.change')).toEqual([{ threadId: 'thr_1' }, { threadId: null }]);
});
