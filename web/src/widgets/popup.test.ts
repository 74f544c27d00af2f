import { expect, test } from 'vitest';
import { placed, type Rectangle, type Wish } from './popup';

const VIEW = { width: 400, height: 400 };
const POPUP = { width: 100, height: 80 };
const MIDDLE: Rectangle = { left: 150, top: 180, width: 60, height: 20 };

const at = (anchor: Rectangle, wish: Wish, isRtl = false): object => placed(anchor, POPUP, VIEW, wish, isRtl);

test.each<[Wish['side'], number, number]>([
  ['bottom', 150, 204],
  ['top', 150, 96],
  ['left', 46, 180],
  ['right', 214, 180],
])('a popup is at the %s where it is wanted there', (side, left, top) => {
  expect(at(MIDDLE, { side, align: 'start' })).toEqual({ side, left, top });
});

test.each<[Wish['align'], number, number]>([
  ['start', 150, 180],
  ['center', 130, 150],
  ['end', 110, 120],
])('one that is aligned at the %s is so on either axis', (align, left, top) => {
  expect(at(MIDDLE, { side: 'bottom', align })).toMatchObject({ left });
  expect(at(MIDDLE, { side: 'right', align })).toMatchObject({ top });
});

test('start and end change sides in languages that are written from the right', () => {
  expect(at(MIDDLE, { side: 'bottom', align: 'start' }, true)).toEqual(at(MIDDLE, { side: 'bottom', align: 'end' }));
});

test.each<[Wish['side'], Rectangle, Wish['side']]>([
  ['bottom', { ...MIDDLE, top: 360 }, 'top'],
  ['top', { ...MIDDLE, top: 20 }, 'bottom'],
  ['left', { ...MIDDLE, left: 20 }, 'right'],
  ['right', { ...MIDDLE, left: 330 }, 'left'],
  ['right', { ...MIDDLE, left: 0, width: 400 }, 'bottom'],
])('without room at the %s it is on another side', (side, anchor, other) => {
  expect(at(anchor, { side, align: 'start' })).toMatchObject({ side: other });
});

test('it is never out of sight', () => {
  expect(at({ ...MIDDLE, left: 390 }, { side: 'bottom', align: 'start' })).toMatchObject({ left: 292 });
  expect(at({ ...MIDDLE, left: -20 }, { side: 'bottom', align: 'start' })).toMatchObject({ left: 8 });
});

test('where there is room nowhere, it is where there is most', () => {
  const low = { width: 400, height: 120 };
  expect(placed({ left: 150, top: 70, width: 60, height: 20 }, POPUP, low, { side: 'bottom', align: 'start' })).toMatchObject({ side: 'top', top: 8 });
});
