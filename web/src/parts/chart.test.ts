import { expect, test } from 'vitest';
import { ENGLISH } from '../strings';
import { drawChart } from './chart';

const DATA = [{ m: 'Jan', a: 3, b: '2' }, { m: 'Feb', a: 7, b: 5 }, { m: 'Mar', a: null, b: -1 }];

function drawn(node: object, scheme: 'light' | 'dark' = 'light'): HTMLElement {
  const place = document.createElement('div');
  place.append(...drawChart({ type: 'Chart', data: DATA, xAxis: 'm', ...node }, scheme, 'en', ENGLISH, { width: 480 }));
  return place;
}

const all = (place: Element, selector: string): (string | null)[] => [...place.querySelectorAll(selector)].map((element) => element.textContent);

test('numbers can be read as a table, also those that came as texts', () => {
  const place = drawn({ series: [{ type: 'bar', dataKey: 'a', label: 'A' }, { type: 'line', dataKey: 'b' }] });
  expect(all(place, 'thead th')).toEqual(['m', 'A', 'b']);
  expect(all(place, 'tbody :is(th, td)')).toEqual(['Jan', '3', '2', 'Feb', '7', '5', 'Mar', '', '-1']);
});

test.each([
  [[3, 7], ['0', '2', '4', '6', '8']],
  [[0.1, 0.35], ['0', '0.1', '0.2', '0.3', '0.4']],
  [[-5, 10], ['-5', '0', '5', '10']],
  [[1000, 9000], ['0', '2,500', '5,000', '7,500', '10,000']],
  [[0, 0], ['0', '1']],
])('the lines of %j are at round numbers', (values, lines) => {
  const data = values.map((a, index) => ({ m: `${index}`, a }));
  const place = drawn({ data, showYAxis: true, xAxis: { dataKey: 'm', hide: true }, series: [{ type: 'bar', dataKey: 'a' }] });
  expect(all(place, '.tick')).toEqual(lines);
});

test.each(['bar', 'area'])('%ss of one stack stand on each other', (type) => {
  const of = (stack: object): number[] => {
    const place = drawn({ data: [{ m: 'x', a: 2, b: 3 }], series: [{ type, dataKey: 'a', ...stack }, { type, dataKey: 'b', ...stack }] });
    return [...place.querySelectorAll(type === 'bar' ? 'rect' : 'circle')].map((shape) => Number(shape.getAttribute(type === 'bar' ? 'y' : 'cy')));
  };
  const [low, high] = of({ stack: 's' });
  expect(high!).toBeLessThan(low! - 50);
  const [one, other] = of({});
  expect(Math.abs(one! - other!)).toBeGreaterThan(1);
  expect(other).not.toBe(high);
});

test('labels, legend and tooltips are as the server says', () => {
  const series = [{ type: 'bar', dataKey: 'a', label: 'A' }];
  expect(all(drawn({ series, xAxis: { dataKey: 'm', labels: { Jan: 'January' } } }), 'svg .tick')).toEqual(['January', 'Feb', 'Mar']);
  expect(all(drawn({ series, xAxis: { dataKey: 'm', labels: {} }, data: [{ m: 'constructor', a: 1 }] }), 'svg .tick')).toEqual(['constructor']);
  expect(all(drawn({ series, xAxis: { dataKey: 'm', hide: true } }), 'svg .tick')).toEqual([]);
  expect(drawn({ series, showLegend: false }).querySelector('.legend')).toBeNull();
  expect(drawn({ series }).querySelector('.chart-tooltip')).not.toBeNull();
  expect(drawn({ series, showTooltip: false }).querySelector('.chart-tooltip, [tabindex]')).toBeNull();
});

test('colours are those of the series, of the scheme, or in their order', () => {
  const fills = (node: object, scheme: 'light' | 'dark'): (string | null)[] => [...drawn({ data: [{ m: 'x', a: 1 }], ...node }, scheme).querySelectorAll('rect')].map((bar) => bar.getAttribute('fill'));
  expect(fills({ series: [{ type: 'bar', dataKey: 'a', color: { light: 'white', dark: 'black' } }] }, 'dark')).toEqual(['black']);
  const [first, second, third] = fills({ series: [{ type: 'bar', dataKey: 'a' }, { type: 'bar', dataKey: 'a' }, { type: 'bar', dataKey: 'a', color: 'url(https://evil.test/)' }] }, 'light');
  expect(first).not.toBe(second);
  expect(third).toBe('currentcolor');
});

test.each([[null], ['x'], [[null, 'x', 3]], [[{ type: 'pie', dataKey: 'a' }]], [[{ type: 'bar' }]]])('series of %j draw nothing', (series) => {
  expect(drawn({ series }).querySelector('rect, path')).toBeNull();
  expect(drawn({ series, data: series }).querySelector('svg')).not.toBeNull();
});
