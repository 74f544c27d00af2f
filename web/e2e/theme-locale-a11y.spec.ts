/** Scrolling, languages and accessibility (UI-SPEC 6: theme, locale, a11y, scroll). */

import { added, assistant, created, delta, done, thread, user } from '../tests/chat-under-test';
import { violations } from './axe';
import { eventually, expect, test } from './chat-page';
import { json } from './scripted-server';

const LONG = Array.from({ length: 15 }, (_, index) => [user(`u${index}`, `Question ${index}`), assistant(`a${index}`, 'An answer\n\nof some\n\nlines')]).flat();

for (const [locale, asked] of [['fr', 'fr'], ['zh-Hant', 'zh-Hant'], ['tlh', 'en'], [undefined, 'en-US']] as const) {
  test(`122: Accept-Language for the locale ${locale ?? 'of the browser'}`, async ({ chat, server }) => {
    await chat.open(locale ? { locale } : {});
    await chat.ask('Hi', [created('thr_1'), done(user('u1', 'Hi'))]);
    expect(server.operations[0]!.headers['accept-language']).toBe(asked);
  });
}

test('122: the language changes while one looks, and Arabic is from right to left', async ({ chat }) => {
  await chat.openThread([user('u1', 'مرحبا'), assistant('a1', 'English first\n\nعربي ثانيا')]);
  const before = (await chat.button('History').boundingBox())!.x;
  await chat.set({ initialThread: 'thr_1', locale: 'ar' });
  await expect(chat.page.locator('.frame')).toHaveAttribute('dir', 'rtl');
  await expect(chat.button('History')).toHaveCount(0);
  const after = (await chat.page.locator('.header button').last().boundingBox())!.x;
  expect(after).toBeLessThan(before);
  const directions = await chat.item('a1').locator('p').evaluateAll((all) => all.map((one) => getComputedStyle(one).direction));
  expect(directions).toEqual(['ltr', 'rtl']);
});

test('123: a new message goes to the top, and the view stays while the answer comes', async ({ chat }) => {
  await chat.openThread(LONG);
  const live = await chat.askLive('Now', done(user('new', 'Now')), added(assistant('a')));
  const scroller = chat.page.locator('.scroller');
  const top = (await scroller.boundingBox())!.y;
  await eventually(async () => Math.abs((await chat.item('new').boundingBox())!.y - top)).toBeLessThanOrEqual(8);
  const place = await scroller.evaluate((element) => element.scrollTop);
  for (let round = 0; round < 20; round++) live.send(delta('a', Array.from({ length: 10 }, (_, line) => `Line ${round * 10 + line}\n\n`).join('')));
  await expect(chat.item('a')).toContainText('Line 199');
  expect(Math.abs((await scroller.evaluate((element) => element.scrollTop)) - place)).toBeLessThan(2);
  live.end();
});

test('123: autoScroll follows at the end, stops when one scrolls up, and goes on', async ({ chat }) => {
  await chat.openThread(LONG, {}, { thread: { autoScroll: true } });
  const live = await chat.askLive('Now', done(user('new', 'Now')), added(assistant('a')));
  const scroller = chat.page.locator('.scroller');
  const below = (): Promise<number> => scroller.evaluate((element) => Math.round(element.scrollHeight - element.scrollTop - element.clientHeight));
  const lines = (name: string): object => delta('a', Array.from({ length: 40 }, (_, line) => `${name} ${line}\n\n`).join(''));
  live.send(lines('First'));
  await expect(chat.item('a')).toContainText('First 39');
  await eventually(below).toBeLessThan(80);
  await scroller.hover();
  await chat.page.mouse.wheel(0, -600);
  await expect(chat.button('Scroll to latest')).toBeVisible();
  const place = await scroller.evaluate((element) => element.scrollTop);
  live.send(lines('Second'));
  await expect(chat.item('a')).toContainText('Second 39');
  expect(Math.abs((await scroller.evaluate((element) => element.scrollTop)) - place)).toBeLessThan(2);
  await chat.button('Scroll to latest').click();
  await eventually(below).toBeLessThan(80);
  live.send(lines('Third'));
  await expect(chat.item('a')).toContainText('Third 39');
  await eventually(below).toBeLessThan(80);
  live.end();
});

for (const scheme of ['light', 'dark']) {
  test(`124: axe finds nothing, in ${scheme}`, async ({ chat, server }) => {
    test.slow();
    const options = {
      theme: scheme, threadItemActions: { feedback: true, retry: true }, disclaimer: { text: 'It errs.' },
      startScreen: { prompts: [{ label: 'Prompt', prompt: 'x' }] },
      composer: { tools: [{ id: 't', label: 'Tool', icon: 'bolt' }], models: [{ id: 'm', label: 'Model' }] },
    };
    await chat.open(options);
    expect(await violations(chat), 'start').toEqual([]);
    await chat.button('Tools').click();
    expect(await violations(chat), 'menu').toEqual([]);
    await chat.page.keyboard.press('Escape');
    const form = { type: 'Card', asForm: true, confirm: { label: 'OK', action: { type: 'x' } }, children: [{ type: 'Input', name: 'a', placeholder: 'A' }, { type: 'Select', name: 'b', options: [{ value: '1', label: 'One' }], placeholder: 'B' }, { type: 'Checkbox', name: 'c', label: 'C' }] };
    await chat.openThread([...LONG.slice(0, 2), { ...assistant('w1'), type: 'widget', widget: form }, assistant('m1', '| a |\n| - |\n| 1 |\n\n```js\nlet a\n```\n\n[link](https://a.test)')], { title: 'Title' }, options);
    await expect(chat.item('w1').getByRole('checkbox')).toBeVisible();
    expect(await violations(chat), 'thread').toEqual([]);
    server.answer('threads.list', json({ data: [thread('thr_1', { title: 'One' }), thread('thr_2')], has_more: false }));
    await chat.button('History').click();
    await expect(chat.button('One')).toBeVisible();
    expect(await violations(chat), 'history').toEqual([]);
  });
}

test('124: a screen reader gets whole sentences, each once', async ({ chat }) => {
  await chat.open();
  const live = await chat.askLive('Hi', created('thr_1'), done(user('u1', 'Hi')), added(assistant('a1')));
  // The transcript itself is silent: it changes with each word.
  await expect(chat.log).toHaveAttribute('aria-live', 'off');
  const spoken = chat.page.locator('[aria-live="polite"]:not([role])').first();
  live.send(delta('a1', 'The first sentence is '));
  await expect(chat.item('a1')).toContainText('first sentence');
  await expect(spoken).not.toContainText('first sentence');
  live.send(delta('a1', 'whole. The second'));
  await expect(spoken).toContainText('The first sentence is whole.');
  await expect(spoken).not.toContainText('The second');
  live.send(done(assistant('a1', 'The first sentence is whole. The second is, too')));
  live.end();
  await expect(spoken).toContainText('The second is, too');
  expect((await spoken.innerText()).match(/first sentence/g)).toHaveLength(1);
});

test('124: names and hooks are those of the contract', async ({ chat }) => {
  await chat.openThread([user('u1', 'Hi'), assistant('a1', 'Hello')], {}, { threadItemActions: { feedback: true, retry: true }, frameTitle: 'Support' });
  await expect(chat.page.getByRole('region', { name: 'Support' })).toBeVisible();
  await expect(chat.page.getByRole('log', { name: 'Conversation' })).toBeVisible();
  await expect(chat.page.getByRole('article')).toHaveCount(2);
  await expect(chat.page.getByRole('textbox', { name: 'Message', exact: true })).toBeVisible();
  for (const name of ['Send message', 'New chat', 'History', 'Copy', 'Good response', 'Bad response', 'Retry']) await expect(chat.button(name)).toBeVisible();
  await expect(chat.item('a1')).toHaveAttribute('data-item-type', 'assistant_message');
  await expect(chat.page.locator('[data-turn]')).toHaveCount(1);
});
