/** The conformance checklist of the UI specification: a browser test for each of its points. */

import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const HERE = path.dirname(fileURLToPath(import.meta.url));
const E2E = path.join(HERE, '../e2e');
const POINTS = Array.from({ length: 125 }, (_, index) => index + 1);

/** The points of a file's tests: their titles begin with them. */
function pointsOf(file: string): { points: number[]; title: string }[] {
  const titled = /\btest\(\s*(['"`])(\d+(?:, \d+)*): (.*?)\1,/g;
  return [...readFileSync(file, 'utf8').matchAll(titled)].map(([, , points, title]) => ({
    points: points!.split(', ').map(Number),
    title: title!,
  }));
}

const files = [
  ...readdirSync(E2E).filter((name) => name.endsWith('.spec.ts')).map((name) => path.join(E2E, name)),
  path.join(HERE, 'official-types.test.ts'), // what a browser cannot tell
];
const tested = files.flatMap((file) => pointsOf(file).map((one) => ({ ...one, file: path.basename(file) })));

/** `1–4, 6` as numbers. */
function expanded(list: string): number[] {
  return list.split(', ').flatMap((range) => {
    const [from, to = from] = range.split('–').map(Number);
    return Array.from({ length: to! - from! + 1 }, (_, index) => from! + index);
  });
}

describe('the checklist', () => {
  test('has a test for every point, and no test is of a point that there is not', () => {
    const found = new Set(tested.flatMap(({ points }) => points));
    expect([...found].sort((one, other) => one - other)).toEqual(POINTS);
  });

  test('is titled in sentences', () => {
    expect(tested.filter(({ title }) => title.split(' ').length < 3)).toEqual([]);
  });

  test('stands in the table of the README as it is in the files', () => {
    const table = new Map<string, Set<number>>();
    for (const { file, points } of tested) table.set(file, new Set([...(table.get(file) ?? []), ...points]));
    const rows = [...readFileSync(path.join(E2E, 'README.md'), 'utf8').matchAll(/^\| ([\d–, ]+) \| (`.*`) \|$/gm)];
    const told = new Map(
      rows.flatMap(([, points, list]) => list!.split(', ').map((file) => [file.replaceAll('`', ''), new Set(expanded(points!))] as const)),
    );
    expect(told).toEqual(table);
  });
});
