import { expect, test } from 'vitest';
import { curved } from './curves';

const POINTS = [{ x: 0, y: 0 }, { x: 10, y: 10 }, { x: 20, y: 4 }];
const DISTINCT = ['linear', 'linearClosed', 'step', 'stepBefore', 'stepAfter', 'bumpX', 'bumpY', 'basis', 'natural', 'monotone'];

test('each curve is a path of its own', () => {
  const paths = DISTINCT.map((name) => curved(name, POINTS));
  expect(new Set(paths).size).toBe(DISTINCT.length);
  for (const path of paths) expect(path).toMatch(/^M 0 0 [\sCLHVZ\d.-]+$/);
});

test.each([
  ['linear', 'M 0 0 L 10 10 L 20 4'],
  ['linearClosed', 'M 0 0 L 10 10 L 20 4 Z'],
  ['step', 'M 0 0 H 5 V 10 H 10 H 15 V 4 H 20'],
  ['stepBefore', 'M 0 0 H 0 V 10 H 10 H 10 V 4 H 20'],
  ['stepAfter', 'M 0 0 H 10 V 10 H 10 H 20 V 4 H 20'],
  ['bump', 'M 0 0 C 5 0 5 10 10 10 C 15 10 15 4 20 4'],
])('%s is %s', (name, path) => {
  expect(curved(name, POINTS)).toBe(path);
});

test.each(['no such curve', 'constructor', 'toString'])('%s is smooth', (name) => {
  expect(curved(name, POINTS)).toBe(curved('monotone', POINTS));
});

test('a monotone curve does not go beyond its points', () => {
  const ys = curved('monotone', POINTS).split(' ').filter((part) => /\d/.test(part)).filter((_, index) => index % 2 === 1).map(Number);
  expect(Math.max(...ys)).toBe(10);
  expect(Math.min(...ys)).toBe(0);
});

test.each(DISTINCT)('%s of one point, and of none, is no error', (name) => {
  expect(curved(name, [{ x: 1, y: 2 }])).toContain('M 1 2');
  expect(() => curved(name, [])).not.toThrow();
});
