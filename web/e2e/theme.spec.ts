/** How a theme looks, and where it puts things (UI-SPEC 6: theme and locale). */

import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Page } from '@playwright/test';
import { assistant, user } from '../tests/chat-under-test';
import { loadAxe } from './axe';
import { eventually, expect, test } from './chat-page';
import { WEB } from './places';

const FONT = readFileSync(path.join(WEB, 'node_modules/katex/dist/fonts/KaTeX_Size1-Regular.woff2'));

const THREAD = [
  user('u1', 'Compare them'),
  assistant('a1', 'See [this](https://a.test):\n\n> quoted\n\n```js\nconst one = 1; // two\n```\n\n- `code`'),
];
const WIDGET = {
  type: 'widget',
  id: 'w1',
  thread_id: 'thr_1',
  created_at: '2026-01-02T03:04:05',
  widget: {
    type: 'Card',
    confirm: { label: 'Yes', action: { type: 'yes' } },
    children: [
      { type: 'Badge', label: 'Open', color: 'success' },
      { type: 'Badge', label: 'Late', color: 'danger', variant: 'solid' },
      { type: 'Text', value: 'Words', color: 'tertiary' },
      { type: 'Button', label: 'Go', style: 'primary', onClickAction: { type: 'go' } },
    ],
  },
};

/** What axe finds of texts that are too faint, and how many it has looked at. */
async function contrastOf(page: Page): Promise<{ faint: string[]; seen: number }> {
  await loadAxe(page);
  return page.evaluate(async () => {
    interface Node {
      target: unknown[];
      any: { message: string }[];
    }
    const { axe } = window as unknown as {
      axe: { run(rules: object): Promise<Record<'violations' | 'passes', { nodes: Node[] }[]>> };
    };
    const { violations, passes } = await axe.run({ runOnly: ['color-contrast'] });
    const faint = violations.flatMap(({ nodes }) =>
      nodes.map(({ target, any }) => `${String(target.flat().at(-1))}: ${any[0]?.message}`),
    );
    return { faint, seen: passes.flatMap(({ nodes }) => nodes).length };
  });
}

function style(page: Page, selector: string, name: string): Promise<string> {
  return page
    .locator(selector)
    .first()
    .evaluate((element, property) => getComputedStyle(element).getPropertyValue(property), name);
}

test('121: texts can be read in themes of any colours', async ({ chat }) => {
  await chat.openThread([...THREAD, WIDGET]);
  const colours = ['gold', 'rebeccapurple', '#777', 'oklch(90% 0.1 150)', 'color(display-p3 1 0 0)'];
  for (const [index, primary] of colours.entries()) {
    const colorScheme = index % 2 === 0 ? 'light' : 'dark';
    const surface = { background: colours[(index + 2) % 5], foreground: colours[(index + 3) % 5] };
    const grayscale = { hue: index * 80, tint: 9 - index, shade: index - 2 };
    const color = { accent: { primary, level: 3 - (index % 2) }, ...(index > 1 ? { surface } : { grayscale }) };
    await chat.set({ initialThread: 'thr_1', theme: { colorScheme, color } });
    // What is shown follows within a frame or two.
    let seen = 0;
    await eventually(async () => {
      const contrast = await contrastOf(chat.page);
      seen = contrast.seen;
      return contrast.faint;
    }, primary).toEqual([]);
    expect(seen).toBeGreaterThan(8);
  }
});

test('121: each value of a theme changes what is shown', async ({ chat }) => {
  await chat.openThread(THREAD);
  const shown = async (theme: object, selector: string, name: string): Promise<string> => {
    await chat.set({ initialThread: 'thr_1', theme });
    await chat.frames();
    return style(chat.page, selector, name);
  };
  const each = async (themes: object[], selector: string, name: string): Promise<void> => {
    const values: string[] = [];
    for (const theme of themes) {
      await shown(theme, selector, name);
      if (values.length > 0) await eventually(() => style(chat.page, selector, name)).not.toBe(values.at(-1));
      values.push(await style(chat.page, selector, name));
    }
    expect(new Set(values).size, `${name} of ${selector}: ${values.join(', ')}`).toBe(themes.length);
  };
  await each(['pill', 'round', 'soft', 'sharp'].map((radius) => ({ radius })), '.composer', 'border-radius');
  await each(['compact', 'normal', 'spacious'].map((density) => ({ density })), '.composer', 'padding-top');
  await each([14, 15, 16, 17, 18].map((baseSize) => ({ typography: { baseSize } })), '.bubble', 'font-size');
  await each([{ colorScheme: 'light' }, { colorScheme: 'dark' }], '.frame', 'background-color');
  const accent = (level: number): object => ({ color: { accent: { primary: '#0a5c2c', level } } });
  await eventually(() => shown(accent(2), '.bubble', 'background-color')).not.toBe('rgb(10, 92, 44)');
  await eventually(() => shown(accent(3), '.bubble', 'background-color')).toBe('rgb(10, 92, 44)');
  const surface = { background: '#112233', foreground: 'rgb(40 60 80)' };
  await eventually(() => shown({ color: { surface } }, '.frame', 'background-color')).toBe('rgb(17, 34, 51)');
  await eventually(() => shown({ color: { surface } }, '.composer', 'background-color')).toBe('rgb(40, 60, 80)');
});

test('121: a font of the page is used inside the element', async ({ chat }) => {
  const src = `data:font/woff2;base64,${FONT.toString('base64')}`;
  const typography = { fontFamily: '"Theme Test", serif', fontSources: [{ family: 'Theme Test', src }] };
  await chat.openThread(THREAD, {}, { theme: { typography } });
  expect(await style(chat.page, '.bubble', 'font-family')).toBe('"Theme Test", serif');
  await chat.set({ initialThread: 'thr_1', theme: { typography } });
  const faces = chat.page.evaluate(() =>
    [...document.fonts].filter(({ family }) => family.includes('Theme Test')).map(({ family }) => family),
  );
  expect(await faces).toHaveLength(1);
});

test('121: a value out of its range is told', async ({ chat }) => {
  await chat.open({ theme: { typography: { baseSize: 40 } } });
  const logs = await chat.details('log');
  expect(logs).toContainEqual({
    name: 'theme.out_of_range',
    data: { key: 'typography.baseSize', used: 18 },
  });
});

test('the transcript stands above the composer at every width', async ({ chat }) => {
  await chat.openThread([user('u1', 'Long'), assistant('a1', 'Line\n\n'.repeat(80))]);
  for (const width of [320, 600, 900, 3840]) {
    await chat.page.setViewportSize({ width, height: 700 });
    const [turns, composer] = await Promise.all(
      ['.turns', '.composer-column'].map((selector) =>
        chat.page.locator(selector).evaluate((element) => {
          const { left, right } = element.getBoundingClientRect();
          const { paddingLeft, paddingRight } = getComputedStyle(element);
          return [left + parseFloat(paddingLeft), right - parseFloat(paddingRight)];
        }),
      ),
    );
    expect(turns, `${width} px`).toEqual(composer);
    const overflow = await chat.page.evaluate(
      () => document.documentElement.scrollWidth - document.documentElement.clientWidth,
    );
    expect(overflow).toBe(0);
  }
  // The page is shared.
  await chat.page.setViewportSize({ width: 900, height: 700 });
});

test('122: Arabic is laid out from right to left, and a block has the side of its own text', async ({ chat }) => {
  await chat.openThread([user('u1', 'Hi'), assistant('a1', '> اقتباس\n\n> quoted')], {}, { locale: 'ar' });
  const frame = chat.page.locator('.frame');
  await expect(frame).toHaveAttribute('dir', 'rtl');
  await expect(frame).toHaveAttribute('lang', 'ar');
  await expect(chat.page.getByRole('button', { name: 'إرسال الرسالة' })).toBeVisible();
  const send = await chat.sendButton.boundingBox();
  const composer = await chat.page.locator('.composer').boundingBox();
  expect(send!.x - composer!.x).toBeLessThan(60);
  expect(await style(chat.page, '.markdown blockquote', 'border-right-width')).toBe('3px');
  expect(await style(chat.page, '.text-input', 'direction')).toBe('rtl');
});
