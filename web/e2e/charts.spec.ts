/** Charts: their numbers on hover and by keys, their legend, and the table of those who cannot see them (UI-SPEC 3.2). */

import { other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';

const DATA = [{ month: 'Jan', a: 10, b: 3 }, { month: 'Feb', a: 40, b: 2000.5 }, { month: 'Mar', a: 25 }];
const TYPES = ['bar', 'line', 'area'] as const;

async function shown(chat: ChatPage, chart: object, options: object = {}): Promise<void> {
  const widget = { type: 'Card', children: [{ type: 'Chart', data: DATA, xAxis: 'month', ...chart }] };
  await chat.openThread([user('u1', 'Hi'), other('w1', 'widget', { widget })], {}, options);
  await expect(chat.item('w1').locator('svg[role=img]')).toBeVisible();
}

function seriesOf(type: string): object[] {
  return [{ type, dataKey: 'a', label: 'Apples' }, { type, dataKey: 'b', label: 'Beans', color: 'red' }];
}

for (const type of TYPES) {
  test(`115: a chart of ${type}s tells its numbers where somebody points at them`, async ({ chat }) => {
    await shown(chat, { series: seriesOf(type) });
    const [svg, tip] = [chat.item('w1').locator('svg[role=img]'), chat.item('w1').locator('.chart-tooltip')];
    await expect(tip).toBeHidden();
    const box = (await svg.boundingBox())!;
    await chat.page.mouse.move(box.x + box.width * 0.5, box.y + box.height * 0.5);
    await expect(tip).toBeVisible();
    await expect(tip.locator('strong')).toHaveText('Feb');
    await expect(tip.locator('div')).toHaveText(['Apples 40', 'Beans 2,000.5']);
    await chat.page.mouse.move(box.x + box.width * 0.9, box.y + box.height * 0.5);
    await expect(tip.locator('strong')).toHaveText('Mar');
    await expect(tip.locator('div')).toHaveText(['Apples 25']);
    const own = (await tip.boundingBox())!;
    expect(own.x).toBeGreaterThanOrEqual(0);
    expect(own.x + own.width).toBeLessThanOrEqual(900);
    await chat.page.mouse.move(5, 5);
    await expect(tip).toBeHidden();
  });

  test(`115: a chart of ${type}s is walked by keys`, async ({ chat }) => {
    await shown(chat, { series: seriesOf(type) });
    const [svg, tip] = [chat.item('w1').locator('svg[role=img]'), chat.item('w1').locator('.chart-tooltip')];
    await svg.focus();
    await expect(tip).toBeVisible();
    for (const [key, month] of [['ArrowRight', 'Feb'], ['End', 'Mar'], ['ArrowRight', 'Mar'], ['ArrowLeft', 'Feb'], ['Home', 'Jan']] as const) {
      await chat.page.keyboard.press(key);
      await expect(tip.locator('strong')).toHaveText(month);
    }
    await expect(tip).toHaveRole('status');
    await chat.page.keyboard.press('Escape');
    await expect(tip).toBeHidden();
    await chat.page.keyboard.press('ArrowRight');
    await expect(tip).toBeVisible();
    await svg.blur();
    await expect(tip).toBeHidden();
  });

  test(`115: a chart of ${type}s is drawn in the colours of its legend, and can be read as a table`, async ({ chat }) => {
    await shown(chat, { series: seriesOf(type) });
    const chart = chat.item('w1').locator('ck-chart');
    await expect(chart.locator('.legend li')).toHaveText(['Apples', 'Beans']);
    const swatches = await chart.locator('.legend .swatch').evaluateAll((all) => all.map((one) => getComputedStyle(one).backgroundColor));
    const drawn = await chart.locator('rect, path').evaluateAll((all) => all.flatMap((one) => [getComputedStyle(one).fill, getComputedStyle(one).stroke]));
    expect(new Set(swatches).size).toBe(2);
    for (const swatch of swatches) expect(drawn).toContain(swatch);
    const table = chart.getByRole('table', { name: 'Show as table' });
    await expect(table.getByRole('columnheader')).toHaveText(['month', 'Apples', 'Beans']);
    await expect(table.getByRole('row')).toHaveText([/^month/, 'Jan103', 'Feb402,000.5', 'Mar25']);
    await expect(table.getByRole('rowheader')).toHaveText(['Jan', 'Feb', 'Mar']);
    const { width } = (await chart.locator('.visually-hidden').boundingBox())!;
    expect(width).toBeLessThan(3);
  });
}

test('115: series of several kinds stand in one chart', async ({ chat }) => {
  await shown(chat, { series: TYPES.map((type) => ({ type, dataKey: 'a', label: type })) });
  const chart = chat.item('w1').locator('ck-chart');
  await expect(chart.locator('rect')).toHaveCount(3);
  await expect(chart.locator('path[stroke-width]')).toHaveCount(2);
  await expect(chart.locator('path[fill-opacity]')).toHaveCount(1);
  await expect(chart.locator('.legend li')).toHaveText([...TYPES]);
});

test('115: a tooltip, a legend and the axes can be left out', async ({ chat }) => {
  await shown(chat, { series: seriesOf('bar'), showTooltip: false, showLegend: false, showYAxis: true, xAxis: { dataKey: 'month', hide: true } });
  const chart = chat.item('w1').locator('ck-chart');
  await chart.locator('svg').hover();
  await expect(chart.locator('.chart-tooltip, .legend, svg[tabindex]')).toHaveCount(0);
  expect(await chart.locator('.tick').allTextContents()).toEqual(['0', '1,000', '2,000', '3,000']);
});

test('115: the words of a chart are as large in a narrow page, and stay apart', async ({ chat }) => {
  const data = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August'].map((month, index) => ({ month, a: index }));
  const sizes: number[] = [];
  for (const width of [900, 320]) {
    await chat.page.setViewportSize({ width, height: 700 });
    await shown(chat, { data, series: [{ type: 'line', dataKey: 'a', label: 'A' }] });
    const boxes = await chat.item('w1').locator('svg .tick').evaluateAll((all) => all.map((one) => one.getBoundingClientRect().toJSON() as DOMRect));
    expect(boxes.length).toBeGreaterThan(1);
    for (const [index, box] of boxes.entries()) if (index > 0) expect(box.left).toBeGreaterThan(boxes[index - 1]!.right);
    sizes.push(boxes[0]!.height);
  }
  expect(Math.abs(sizes[0]! - sizes[1]!)).toBeLessThan(1);
  await chat.page.setViewportSize({ width: 900, height: 700 });
});

test('115: numbers are written in the language of the page, also when it changes', async ({ chat }) => {
  await shown(chat, { series: seriesOf('bar') });
  await chat.set({ initialThread: 'thr_1', locale: 'de' });
  await expect(chat.item('w1').locator('td').filter({ hasText: '2.000,5' })).toBeAttached();
});
