/** Controls that something opens from: DatePicker and the Select that is searched (UI-SPEC 3.2). */

import { other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import { json } from './scripted-server';

const PICK = { type: 'DatePicker', name: 'due', placeholder: 'Due', defaultValue: '2026-01-10', min: '2026-01-05', max: '2026-03-20' };

async function shown(chat: ChatPage, ...children: object[]): Promise<void> {
  await chat.openThread([user('u1', 'Hi'), other('w1', 'widget', { widget: { type: 'Card', children } })]);
  await expect(chat.item('w1')).toBeVisible();
}

interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
}

async function boxes(chat: ChatPage): Promise<{ field: Box; calendar: Box }> {
  const [field, calendar] = [await chat.item('w1').locator('ck-date-picker .field').boundingBox(), await chat.page.getByRole('dialog').boundingBox()];
  return { field: field!, calendar: calendar! };
}

/** Where the calendar is, seen from its field. */
async function sideOf(chat: ChatPage): Promise<string> {
  const { field, calendar } = await boxes(chat);
  if (calendar.y >= field.y + field.height) return 'bottom';
  if (calendar.y + calendar.height <= field.y) return 'top';
  return calendar.x >= field.x + field.width ? 'right' : 'left';
}

const SPACE = { type: 'Spacer', minSize: 330 };

test.describe('114: a calendar', () => {
  test.beforeEach(({ chat }) => chat.page.setViewportSize({ width: 1200, height: 1200 }));
  test.afterEach(({ chat }) => chat.page.setViewportSize({ width: 900, height: 700 }));

  for (const side of ['top', 'bottom', 'left', 'right']) {
    test(`opens at the ${side} where the server wants it`, async ({ chat }) => {
      await shown(chat, SPACE, { type: 'Row', justify: 'center', children: [{ ...PICK, side }] }, SPACE);
      await chat.button(/^Due/).click();
      expect(await sideOf(chat)).toBe(side);
    });
  }

  test('is aligned as the server wants it', async ({ chat }) => {
    const ends: Record<string, (field: Box, calendar: Box) => number> = {
      start: (field, calendar) => field.x - calendar.x,
      center: (field, calendar) => field.x + field.width / 2 - calendar.x - calendar.width / 2,
      end: (field, calendar) => field.x + field.width - calendar.x - calendar.width,
    };
    for (const [align, difference] of Object.entries(ends)) {
      await shown(chat, SPACE, { ...PICK, align }, SPACE);
      await chat.button(/^Due/).click();
      const { field, calendar } = await boxes(chat);
      expect(Math.abs(difference(field, calendar)), align).toBeLessThan(1.5);
    }
  });

  test('is on the other side where there is no room', async ({ chat }) => {
    await chat.page.setViewportSize({ width: 1200, height: 620 });
    await shown(chat, { ...PICK, side: 'top' }, { type: 'Spacer', minSize: 600 });
    await chat.page.locator('.scroller').evaluate((scroller) => scroller.scrollTo(0, 0));
    await chat.button(/^Due/).click();
    expect(await sideOf(chat)).toBe('bottom');
    await chat.page.keyboard.press('Escape');
    await shown(chat, { type: 'Spacer', minSize: 700 }, { ...PICK, side: 'bottom' });
    await chat.button(/^Due/).scrollIntoViewIfNeeded();
    await chat.button(/^Due/).click();
    expect(await sideOf(chat)).toBe('top');
    await chat.page.setViewportSize({ width: 320, height: 700 });
    await shown(chat, { ...PICK, side: 'left' });
    await chat.button(/^Due/).click();
    expect(['top', 'bottom']).toContain(await sideOf(chat));
    const { calendar } = await boxes(chat);
    expect(calendar.x).toBeGreaterThanOrEqual(0);
    expect(calendar.x + calendar.width).toBeLessThanOrEqual(320);
    await expect(chat.page.getByRole('button', { name: 'Saturday, January 10, 2026' })).toBeInViewport({ ratio: 1 });
  });

  test('is not cut off by its card, and stays with its field while it scrolls', async ({ chat }) => {
    await shown(chat, { ...PICK, align: 'end' }, { type: 'Spacer', minSize: 1300 });
    await chat.page.locator('.scroller').evaluate((scroller) => scroller.scrollTo(0, 0));
    await chat.button(/^Due/).click();
    const day = chat.page.locator('[data-day="2026-01-25"]');
    expect(await day.evaluate((one) => (one.getRootNode() as ShadowRoot).elementFromPoint(one.getBoundingClientRect().x + 5, one.getBoundingClientRect().y + 5) === one)).toBe(true);
    const before = await boxes(chat);
    await chat.page.locator('.scroller').evaluate((scroller) => scroller.scrollBy(0, 40));
    await expect.poll(async () => before.calendar.y - (await boxes(chat)).calendar.y).toBeCloseTo(40, 0);
  });
});

test('114: days outside of the bounds cannot be chosen, neither by mouse nor by keys', async ({ chat }) => {
  await shown(chat, PICK);
  await chat.button(/^Due/).click();
  const { page } = chat;
  await expect(page.locator('[data-day="2026-01-10"]')).toBeFocused();
  await expect(page.locator('[data-day="2026-01-04"]')).toBeDisabled();
  await expect(page.locator('[data-day="2026-01-05"]')).toBeEnabled();
  await page.keyboard.press('ArrowUp');
  await expect(page.locator('[data-day="2026-01-05"]')).toBeFocused();
  await page.keyboard.press('ArrowUp');
  await expect(page.locator('[data-day="2026-01-05"]')).toBeFocused();
  await page.keyboard.press('Shift+PageDown');
  await expect(page.locator('[data-day="2026-03-20"]')).toBeFocused();
  await expect(page.locator('.calendar .month')).toHaveText('March 2026');
});

test('114: a day is chosen by keys, sent with its action, and can be taken back', async ({ chat, server }) => {
  await shown(chat, { ...PICK, clearable: true, onChangeAction: { type: 'due', streaming: false } });
  server.answer('threads.sync_custom_action', json({}), json({}));
  const { page } = chat;
  const field = chat.button(/^Due/);
  await expect(field).toContainText('Jan 10, 2026');
  await field.press('Enter');
  for (const key of ['PageDown', 'Home', 'ArrowRight', 'ArrowDown', 'End', 'ArrowLeft']) await page.keyboard.press(key);
  await page.keyboard.press('Enter');
  await expect(field).toBeFocused();
  await expect(field).toContainText('Feb 20, 2026');
  await expect(page.getByRole('dialog')).toHaveCount(0);
  const { body } = await server.asked('threads.sync_custom_action');
  const payload = (body.params['action'] as { payload: { due: string } }).payload;
  expect(new Date(payload.due)).toEqual(await page.evaluate(() => new Date('2026-02-20T00:00')));
  await chat.button('Clear').click();
  await expect(field).toContainText('Due');
  const cleared = await server.asked('threads.sync_custom_action', 2);
  expect(cleared.body.params['action']).toEqual({ type: 'due' });
});

test('114: a calendar closes by Escape, and by a click elsewhere, and speaks the language of the page', async ({ chat }) => {
  await shown(chat, PICK);
  const field = chat.button(/^Due/);
  await field.click();
  await chat.page.keyboard.press('Escape');
  await expect(chat.page.getByRole('dialog')).toHaveCount(0);
  await expect(field).toBeFocused();
  await field.click();
  await chat.page.mouse.click(5, 5);
  await expect(chat.page.getByRole('dialog')).toHaveCount(0);
  await chat.set({ initialThread: 'thr_1', locale: 'de' });
  await expect(field).toContainText('10.01.2026');
  await field.click();
  await expect(chat.page.locator('.calendar .month')).toHaveText('Januar 2026');
  await expect(chat.button('nächsten Monat')).toBeVisible();
  expect(await chat.page.locator('.calendar th').first().getAttribute('abbr')).toBe('Montag');
});

test('114: a list of choices is not cut off by its card, and is above where there is no room below', async ({ chat }) => {
  const options = Array.from({ length: 20 }, (_, index) => ({ value: `v${index}`, label: `Option ${index}` }));
  await shown(chat, { type: 'Spacer', minSize: 700 }, { type: 'Select', name: 's', options, placeholder: 'Pick' });
  const field = chat.page.getByRole('combobox', { name: 'Pick' });
  await field.scrollIntoViewIfNeeded();
  await field.click();
  const list = (await chat.page.getByRole('listbox').boundingBox())!;
  const box = (await field.boundingBox())!;
  expect(list.height).toBeGreaterThan(200);
  expect(list.y + list.height).toBeLessThanOrEqual(box.y);
  expect(list.width).toBeGreaterThanOrEqual(box.width - 1);
  await field.fill('19');
  await expect.poll(async () => Math.abs((await chat.page.getByRole('listbox').boundingBox())!.y + (await chat.page.getByRole('listbox').boundingBox())!.height - box.y)).toBeLessThan(8);
});
