/** Charts as SVG: bars, lines and areas over categories. A part of its own: few widgets have one. */

import type { WidgetNode } from '../protocol';
import type { Strings } from '../strings';
import { tooltipOf } from './chart-tooltip';
import { curved } from './curves';
import { colour, isObject, isSet, numberOf, textOf, tokenOf } from '../widgets/values';

const SVG = 'http://www.w3.org/2000/svg';
const EDGE = 8;
const HEIGHT = 220;
const LEAST_WIDTH = 120;
const LEAST_HEIGHT = 80;
// What a legend takes of a height that is given.
const LEGEND_HEIGHT = 32;
const TOP = 10;
const BOTTOM = 24;
const Y_AXIS_WIDTH = 44;
const TICKS = 4;
// About as wide as a letter of 11 pixels is, and as much of a label as is shown without a cut.
const WIDTH_OF_LETTER = 6.2;
const MOST_OF_LABEL = 96;
const SEQUENCE = ['blue', 'purple', 'orange', 'green', 'red', 'yellow', 'pink'];

export interface Series {
  type: 'bar' | 'line' | 'area';
  key: string;
  label: string;
  colour: string;
  stack: string | undefined;
  curve: string;
  values: readonly (number | null)[];
}

export interface Plot {
  series: readonly Series[];
  labels: readonly string[];
  left: number;
  width: number;
  height: number;
  low: number;
  high: number;
  /** Between two lines of the grid. */
  unit: number;
  x: (index: number) => number;
  y: (value: number) => number;
  step: number;
}

/**
 * The chart of a widget: the drawing, its legend, and the numbers as a table. It is as wide as it is
 * shown, so that its words have the size of others.
 *
 * @param room - What there is for it, in pixels; its height where it is not the usual one.
 * @param scheme - For colours that differ between light and dark.
 * @param locale - For numbers, as a language tag.
 */
export function drawChart(
  node: WidgetNode,
  scheme: 'light' | 'dark',
  locale: string,
  strings: Strings,
  room: { width: number; height?: number | undefined },
): Element[] {
  const rows = (Array.isArray(node['data']) ? node['data'] : []).filter(isObject);
  const axis = axisOf(node['xAxis']);
  const series = seriesOf(node['series'], rows, scheme);
  const labels = rows.map((row) => {
    const raw = textOf(row[axis.key]) ?? '';
    return tokenOf(axis.labels, raw) ?? raw;
  });
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 2 });
  const hasLegend = node['showLegend'] !== false && node['showLegend'] !== 'false';
  const height = Math.max(LEAST_HEIGHT, (room.height ?? HEIGHT) - (hasLegend && room.height ? LEGEND_HEIGHT : 0));
  const plot = plotOf(series, labels, isSet(node['showYAxis']), Math.max(LEAST_WIDTH, room.width), height);
  const svg = drawing(node, plot, axis.isHidden, numbers);
  const elements: Element[] = [svg];
  if (node['showTooltip'] !== false && node['showTooltip'] !== 'false') {
    elements.push(tooltipOf(svg, plot, numbers));
  }
  if (hasLegend) elements.push(legend(series));
  elements.push(numbersTable(axis.key, plot, numbers, strings));
  return elements;
}

function axisOf(value: unknown): { key: string; isHidden: boolean; labels: Record<string, string> } {
  if (typeof value === 'string') return { key: value, isHidden: false, labels: {} };
  const axis = isObject(value) ? value : {};
  return {
    key: textOf(axis['dataKey']) ?? '',
    isHidden: isSet(axis['hide']),
    labels: isObject(axis['labels']) ? (axis['labels'] as Record<string, string>) : {},
  };
}

function seriesOf(
  value: unknown,
  rows: readonly Record<string, unknown>[],
  scheme: 'light' | 'dark',
): Series[] {
  const given = (Array.isArray(value) ? value : []).filter(isObject);
  return given.flatMap((one, index) => {
    const key = textOf(one['dataKey']);
    const type = one['type'];
    if (key === undefined || (type !== 'bar' && type !== 'line' && type !== 'area')) return [];
    const hue = SEQUENCE[index % SEQUENCE.length] ?? 'blue';
    return [
      {
        type,
        key,
        label: textOf(one['label']) ?? key,
        colour: colour(one['color'] ?? hue, 'text', scheme) ?? 'currentcolor',
        stack: textOf(one['stack']),
        curve: textOf(one['curveType']) ?? 'natural',
        values: rows.map((row) => numberOf(row[key]) ?? null),
      },
    ];
  });
}

function plotOf(
  series: readonly Series[],
  labels: readonly string[],
  hasYAxis: boolean,
  width: number,
  height: number,
): Plot {
  const left = hasYAxis ? Y_AXIS_WIDTH : EDGE;
  const ends = series.flatMap((one) =>
    one.values.map((value, index) => (value === null ? 0 : baseOf(series, one, index) + value)),
  );
  const { low, high, unit } = rounded(Math.min(0, ...ends), Math.max(0, ...ends));
  const step = (width - left - EDGE) / Math.max(1, labels.length);
  const tall = height - TOP - BOTTOM;
  return {
    series,
    labels,
    left,
    width,
    height,
    low,
    high,
    unit,
    step,
    x: (index) => left + step * (index + 0.5),
    y: (value) => TOP + tall * (1 - (value - low) / (high - low)),
  };
}

/** Where a series begins: on top of those before it in its stack, or below them if it is negative. */
function baseOf(series: readonly Series[], one: Series, index: number): number {
  if (one.type === 'line' || one.stack === undefined) return 0;
  const isNegative = (one.values[index] ?? 0) < 0;
  return series
    .slice(0, series.indexOf(one))
    .filter((other) => other.type === one.type && other.stack === one.stack)
    .map((other) => other.values[index] ?? 0)
    .filter((value) => value < 0 === isNegative)
    .reduce((sum, value) => sum + value, 0);
}

/** Ends of an axis that are round numbers. */
function rounded(low: number, high: number): { low: number; high: number; unit: number } {
  if (low === high) return { low: 0, high: 1, unit: 1 };
  const rough = (high - low) / TICKS;
  const power = 10 ** Math.floor(Math.log10(rough));
  const unit = ([1, 2, 2.5, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
  return { low: Math.floor(low / unit) * unit, high: Math.ceil(high / unit) * unit, unit };
}

function drawing(
  node: WidgetNode,
  plot: Plot,
  hidesLabels: boolean,
  numbers: Intl.NumberFormat,
): SVGSVGElement {
  const root = shape('svg', {
    viewBox: `0 0 ${plot.width} ${plot.height}`,
    height: plot.height,
    role: 'img',
    'aria-label': plot.series.map((one) => one.label).join(', '),
  });
  root.append(...grid(plot, isSet(node['showYAxis']), numbers));
  const bars = plot.series.filter((one) => one.type === 'bar');
  const stacks = [...new Set(bars.map((one) => one.stack ?? `alone:${one.key}`))];
  for (const one of plot.series) {
    if (one.type === 'bar') root.append(...barsOf(one, plot, stacks, node));
    else root.append(...lineOf(one, plot));
  }
  if (!hidesLabels) root.append(...axisLabels(plot));
  return root;
}

function grid(plot: Plot, hasYAxis: boolean, numbers: Intl.NumberFormat): SVGElement[] {
  const count = Math.round((plot.high - plot.low) / plot.unit);
  return Array.from({ length: count + 1 }, (_, index) => plot.low + plot.unit * index).flatMap((value) => {
    const y = plot.y(value);
    const line = shape('line', { class: 'grid', x1: plot.left, x2: plot.width - EDGE, y1: y, y2: y });
    if (!hasYAxis) return [line];
    const label = shape('text', { class: 'tick', x: plot.left - 6, y: y + 4, 'text-anchor': 'end' });
    label.textContent = numbers.format(value);
    return [line, label];
  });
}

function barsOf(
  one: Series,
  plot: Plot,
  stacks: readonly string[],
  node: WidgetNode,
): SVGElement[] {
  const place = stacks.indexOf(one.stack ?? `alone:${one.key}`);
  const between = Math.min(numberOf(node['barCategoryGap']) ?? plot.step * 0.25, plot.step * 0.8);
  const gap = numberOf(node['barGap']) ?? 2;
  const width = Math.max(1, (plot.step - between - gap * (stacks.length - 1)) / stacks.length);
  return one.values.flatMap((value, index) => {
    if (value === null) return [];
    const base = baseOf(plot.series, one, index);
    const [top, bottom] = [plot.y(Math.max(base, base + value)), plot.y(Math.min(base, base + value))];
    const bar = shape('rect', {
      x: plot.x(index) - (plot.step - between) / 2 + place * (width + gap),
      y: top,
      width,
      height: Math.max(0.5, bottom - top),
      rx: 2,
      fill: one.colour,
    });
    return [bar];
  });
}

function lineOf(one: Series, plot: Plot): SVGElement[] {
  const points = one.values.flatMap((value, index) =>
    value === null
      ? []
      : [{ x: plot.x(index), y: plot.y(baseOf(plot.series, one, index) + value), index }],
  );
  if (points.length === 0) return [];
  const path = curved(one.curve, points);
  const elements: SVGElement[] = [];
  if (one.type === 'area') {
    const ground = points.toReversed().map(({ x, index }) => ({
      x,
      y: plot.y(baseOf(plot.series, one, index)),
    }));
    elements.push(
      shape('path', {
        d: `${curved(open(one.curve), points)} L ${curved(backwards(open(one.curve)), ground).slice(1)} Z`,
        fill: one.colour,
        'fill-opacity': 0.2,
      }),
    );
  }
  elements.push(shape('path', { d: path, fill: 'none', stroke: one.colour, 'stroke-width': 2 }));
  for (const { x, y } of points) elements.push(shape('circle', { cx: x, cy: y, r: 3, fill: one.colour }));
  return elements;
}

/** An area closes along its ground, not straight from its last point to its first. */
function open(curve: string): string {
  return curve.replace('Closed', '');
}

function backwards(curve: string): string {
  if (curve === 'stepBefore') return 'stepAfter';
  return curve === 'stepAfter' ? 'stepBefore' : curve;
}

function axisLabels(plot: Plot): SVGElement[] {
  // As many as there is room for.
  const longest = Math.max(1, ...plot.labels.map((text) => text.length));
  const wide = Math.min(MOST_OF_LABEL, longest * WIDTH_OF_LETTER + 8);
  const every = Math.max(1, Math.ceil(wide / plot.step));
  return plot.labels.flatMap((text, index) => {
    if (index % every !== 0) return [];
    const label = shape('text', {
      class: 'tick',
      x: plot.x(index),
      y: plot.height - 8,
      'text-anchor': 'middle',
    });
    const room = Math.max(plot.step * every, WIDTH_OF_LETTER * 2) - 4;
    label.textContent = cut(text, Math.floor(room / WIDTH_OF_LETTER));
    return [label];
  });
}

function cut(text: string, most: number): string {
  return text.length > most ? `${text.slice(0, Math.max(1, most - 1))}…` : text;
}

function legend(series: readonly Series[]): HTMLElement {
  const list = document.createElement('ul');
  list.className = 'legend';
  for (const one of series) {
    const entry = document.createElement('li');
    const swatch = document.createElement('span');
    swatch.className = 'swatch';
    swatch.style.setProperty('background', one.colour);
    entry.append(swatch, one.label);
    list.append(entry);
  }
  return list;
}

/** The same for those who cannot see it. */
function numbersTable(name: string, plot: Plot, numbers: Intl.NumberFormat, strings: Strings): HTMLElement {
  // Tables are as wide as their words, however narrow they are told to be.
  const place = document.createElement('div');
  place.className = 'visually-hidden';
  const table = document.createElement('table');
  place.append(table);
  table.createCaption().textContent = strings.chartAsTable;
  const head = table.createTHead().insertRow();
  for (const text of [name, ...plot.series.map((one) => one.label)]) head.append(heading('col', text));
  const body = table.createTBody();
  for (const [index, text] of plot.labels.entries()) {
    const row = body.insertRow();
    row.append(heading('row', text));
    for (const one of plot.series) {
      const value = one.values[index] ?? null;
      row.insertCell().textContent = value === null ? '' : numbers.format(value);
    }
  }
  return place;
}

function heading(scope: 'col' | 'row', text: string): HTMLElement {
  const cell = document.createElement('th');
  cell.scope = scope;
  cell.textContent = text;
  return cell;
}

export function shape<Name extends keyof SVGElementTagNameMap>(
  name: Name,
  attributes: Record<string, string | number>,
): SVGElementTagNameMap[Name] {
  const element = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) element.setAttribute(key, String(value));
  return element;
}
