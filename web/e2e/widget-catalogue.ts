/** The widget components of the installed SDK (tests/widget_catalogue.py), and samples of each. */

import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { ROOT } from './places';

export interface Choices {
  values: unknown[];
  kinds: string[];
}

export interface Catalogue {
  components: Record<string, Record<string, Choices>>;
  /** Widgets as their templates build them, by the names of the files. */
  templates: Record<string, object>;
}

let told: Catalogue | undefined;

/** What the SDK has, asked for once in a worker. */
export function catalogue(): Catalogue {
  return (told ??= asked());
}

function asked(): Catalogue {
  const own = path.join(ROOT, '.venv/bin/python');
  const python = process.env['PYTHON'] ?? (existsSync(own) ? own : 'python3');
  const printed = execFileSync(python, ['-m', 'tests.widget_catalogue'], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONPATH: path.join(ROOT, 'src') },
    encoding: 'utf8',
  });
  return JSON.parse(printed) as Catalogue;
}

type Node = Record<string, unknown>;

const ACTION = { type: 'act', streaming: false };
// A teal one and a red one, eight pixels by four.
const PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAECAIAAAA8r+mnAAAAEElEQVR42mNgaGjAjqgnAQAwviABiP2w8QAAAABJRU5ErkJggg==';
const OTHER_PICTURE =
  'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAgAAAAECAIAAAA8r+mnAAAAEUlEQVR42mM4wcCAFTFQTwIA+6AZAYmHqQQAAAAASUVORK5CYII=';
const text = (value: string): Node => ({ type: 'Text', value });
const WORDS = 'Some words that go on for longer than a narrow page is wide, and on, and on, and on, and on, and on, and on';
const OPTIONS = [{ value: 'a', label: 'Aye' }, { value: 'b', label: 'Bee' }];
const DATA = [{ m: 'Jan', a: 3, b: 4 }, { m: 'Feb', a: 5, b: 2 }];
const SERIES = [{ type: 'bar', dataKey: 'a', label: 'A' }, { type: 'line', dataKey: 'b', label: 'B' }];
const ROWS = Array.from({ length: 7 }, (_, index) => ({ type: 'ListViewItem', children: [text(`Row ${index}`)] }));

/** The least of each component that can be seen. */
export const BASES: Record<string, Node> = {
  Card: { children: [text('In a card')] },
  ListView: { children: ROWS },
  ListViewItem: { children: [text('In'), { type: 'Title', value: 'a row' }] },
  Basic: { children: [text('In a bare root')] },
  Box: { children: [text('In'), text('a box')] },
  Row: { children: [text('In'), { type: 'Title', value: 'a row' }] },
  Col: { children: [text('In'), text('a column')] },
  Form: { children: [text('In'), text('a form')] },
  Spacer: { minSize: 4 },
  Divider: {},
  Transition: { children: text('In a transition') },
  Title: { value: WORDS },
  Text: { value: WORDS },
  Caption: { value: WORDS },
  Markdown: { value: 'Some **bold** words' },
  Badge: { label: 'Badge' },
  Icon: { name: 'bolt' },
  Image: { src: PICTURE, alt: 'A picture' },
  Chart: { data: DATA, series: SERIES, xAxis: 'm' },
  Button: { label: 'Button', iconStart: 'bolt' },
  Input: { name: 'field', placeholder: 'Field' },
  Textarea: { name: 'area', placeholder: 'Area' },
  Select: { name: 'choice', options: OPTIONS },
  DatePicker: { name: 'day' },
  Checkbox: { name: 'box', label: 'Checkbox' },
  RadioGroup: { name: 'radios', options: OPTIONS },
  Label: { value: 'Label', fieldName: 'field' },
};

/** Values of properties that cannot be counted, by property, or by component and property. */
export const SAMPLES: Record<string, unknown[]> = {
  placeholder: ['Another word'],
  'Text.value': ['Other words'], 'Title.value': ['Other words'], 'Caption.value': ['Other words'],
  'Markdown.value': ['Other *words*'], 'Label.value': ['Other words'],
  label: ['Another'],
  alt: ['Another picture'],
  src: [OTHER_PICTURE],
  name: [], // of icons; other names are in what forms send
  fieldName: [],
  children: [[text('Others')]],
  'Transition.children': [text('Others')],
  'ListView.children': [ROWS.slice(0, 2)],
  options: [[{ value: 'a', label: 'Another' }]],
  data: [[{ m: 'Mar', a: 1, b: 1 }]],
  series: [[{ type: 'area', dataKey: 'a', label: 'A' }]],
  xAxis: ['b', { dataKey: 'm', hide: true }, { dataKey: 'm', labels: { Jan: 'January' } }],
  status: [{ text: 'Status', icon: 'check' }, { text: 'Status', favicon: PICTURE }, { text: 'Status', favicon: PICTURE, frame: true }],
  confirm: [{ label: 'Confirm', action: ACTION }],
  cancel: [{ label: 'Cancel', action: ACTION }],
  limit: [2],
  color: ['danger', 'blue-500', '#123456', { light: 'rgb(1, 2, 3)', dark: 'rgb(250, 251, 252)' }],
  background: ['surface-secondary', 'surface-tertiary', 'surface-elevated', 'surface-elevated-secondary', 'blue-100', { light: '#fed', dark: '#321' }],
  padding: [3, '7px', { x: 2, top: 5 }],
  margin: [3, '7px', { x: 2, top: 5 }],
  border: [1, { size: 2, color: 'red-500', style: 'dashed' }, { top: 1, x: { size: 3 } }],
  gap: [2, '9px'],
  flex: [1, '2 1 0'],
  aspectRatio: [3, '4 / 3'],
  spacing: [4, '13px'],
  editable: [{ name: 'edited' }, { name: 'edited', required: true }, { name: 'edited', placeholder: 'Say', pattern: 'x', autoComplete: 'name' }],
  minLines: [4],
  maxLines: [1, 2],
  rows: [2, 5],
  maxRows: [2],
  'Divider.size': [3, '5px'],
  'Divider.color': ['default', 'subtle', 'strong', 'blue-500', { light: '#fed', dark: '#321' }],
  pattern: ['[a-z]+'],
  ariaLabel: ['Which'],
  barGap: [7],
  barCategoryGap: [31],
  onClickAction: [ACTION],
  'Input.defaultValue': ['Written'],
  'Textarea.defaultValue': ['Written'],
  'Select.defaultValue': ['b'],
  'RadioGroup.defaultValue': ['b'],
  'DatePicker.defaultValue': ['2026-01-10'],
  'Spacer.minSize': [30, '17px'],
};
for (const name of ['height', 'width', 'size', 'maxHeight', 'maxWidth', 'maxSize']) SAMPLES[name] ??= [97, '88px'];
for (const name of ['minHeight', 'minWidth', 'minSize']) SAMPLES[name] ??= [241, '251px'];

/** What else a component needs, for a property to be seen. */
export const WITH: Record<string, Node> = {
  'Button.color': { variant: 'solid' },
  'Button.iconSize': { iconStart: 'bolt' },
  'Select.clearable': { searchable: true, defaultValue: 'a' },
  'DatePicker.clearable': { defaultValue: '2026-01-10' },
  'Chart.barGap': { series: [SERIES[0], { ...SERIES[0], dataKey: 'b' }] },
  'Chart.aspectRatio': { width: 200 },
  'Textarea.maxRows': { rows: 5 },
  'Textarea.autoResize': { defaultValue: 'a\nb\nc\nd\ne\nf\ng' },
  'Card.collapsed': { status: { text: 'Status' } },
  'Text.truncate': {},
  'Image.position': { width: 80, height: 80, fit: 'none' },
  'Image.fit': { width: 80, height: 80 },
};

/** Properties of which there is nothing to see in a widget at rest, and the tests that look after them. */
export const UNSEEN: Record<string, string> = {
  key: 'identity: widgets.spec.ts, 108',
  id: 'identity: widgets.spec.ts, 108',
  type: 'is what is shown',
  name: 'widgets.spec.ts, 112',
  fieldName: 'widgets.spec.ts, 114',
  streaming: 'widgets.spec.ts, 108',
  submit: 'widgets.spec.ts, 112',
  asForm: 'widgets.spec.ts, 112',
  onSubmitAction: 'widgets.spec.ts, 112',
  'Button.onClickAction': 'widgets.spec.ts, 109',
  onChangeAction: 'pickers.spec.ts, 114',
  autoFocus: 'widget.test.ts',
  autoSelect: 'widget.test.ts',
  min: 'pickers.spec.ts, 114',
  max: 'pickers.spec.ts, 114',
  side: 'pickers.spec.ts, 114',
  'DatePicker.align': 'pickers.spec.ts, 114',
  'Textarea.pattern': 'widgets.spec.ts, 112',
};

/** Values that look like others, and are meant to. */
export const ALIKE: Record<string, unknown[]> = {
  'Button.color': ['caution', 'warning'],
};

export function lookedUp<Value>(table: Record<string, Value>, type: string, property: string): Value | undefined {
  return table[`${type}.${property}`] ?? table[property];
}
