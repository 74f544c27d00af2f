import { beforeEach, describe, expect, test } from 'vitest';
import '../widgets/widget';
import { message } from '../../tests/chat-under-test';
import { events, json } from '../../tests/scripted-server';
import { inDocument, loadPlainParts, settled, shown, shownWidget, type Shown } from '../../tests/shown';
import { XSS } from '../../tests/xss';
import { colour } from './values';
import type { Widget } from './widget';

beforeEach(() => {
  loadPlainParts();
  document.body.replaceChildren();
});

const CARD = (...children: unknown[]): object => ({ type: 'Card', children });
const ACT = { type: 'act' };
const QUIET = { type: 'act', streaming: false };

function find<E extends Element = HTMLElement>(widget: Element, selector: string): E {
  const found = widget.querySelector<E>(selector);
  if (!found) throw new Error(`${selector} is not in ${widget.innerHTML}`);
  return found;
}

/** Actions that the page is told of. */
function clientActions(): { test: Shown; actions: { type: string; payload?: unknown }[] } {
  const actions: { type: string; payload?: unknown }[] = [];
  const onAction = async (action: { type: string; payload?: Record<string, unknown> }): Promise<void> => void actions.push(action);
  return { test: shown({ widgets: { onAction } }), actions };
}

const CLIENT = { type: 'act', handler: 'client' };

async function typed(field: Element, value: string): Promise<void> {
  (field as HTMLInputElement).value = value;
  field.dispatchEvent(new Event('input', { bubbles: true }));
  field.dispatchEvent(new Event('change', { bubbles: true }));
  await settled();
}

function enter(field: Element, more: KeyboardEventInit = {}): void {
  field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', bubbles: true, cancelable: true, ...more }));
}

/** The Enter that takes what an input method has composed, as Chromium and as Safari tell of it. */
const COMPOSED: KeyboardEventInit[] = [{ isComposing: true }, { keyCode: 229 }];

const BLOCK = {
  height: 10, width: '50%', size: 5, minHeight: 1, minWidth: 1, minSize: 1, maxHeight: 100, maxWidth: 100,
  maxSize: 100, aspectRatio: '16/9', radius: 'md', margin: { x: 1, top: 2 },
};
const BOX = {
  ...BLOCK, align: 'center', justify: 'between', wrap: 'wrap', flex: 1, gap: 2, padding: 2, border: { top: 1, x: { size: 2, color: 'red-100', style: 'dashed' } }, background: { light: '#fff', dark: '#000' },
};
const TEXT = { value: 'Words', color: 'secondary', weight: 'bold', textAlign: 'center', truncate: true, maxLines: 2 };
const CONTROL = { variant: 'soft', size: 'lg', pill: true, block: true, clearable: true, disabled: false, placeholder: 'Pick' };
const OPTIONS = [{ value: 'a', label: 'Aye' }, { value: 'b', label: 'Bee', disabled: true, description: 'of them' }];

/** Every component with every documented property, and what is shown of it. */
const CATALOGUE: [string, object, string][] = [
  ['Card', { type: 'Card', children: [], size: 'sm', padding: 2, background: 'surface-secondary', border: 1, status: { text: 'Status', icon: 'bolt' }, confirm: { label: 'Yes', action: ACT }, cancel: { label: 'No', action: ACT }, theme: 'dark', asForm: true, collapsed: false }, 'section.card .card-actions'],
  ['ListView', { type: 'ListView', children: [{ type: 'ListViewItem', children: [] }], limit: 'auto', status: { text: 'Status', favicon: 'data:image/png;base64,x', frame: true }, theme: 'light' }, '.list [role=listitem] .row-item'],
  ['ListViewItem', { type: 'ListView', children: [{ type: 'ListViewItem', children: [], onClickAction: ACT, gap: 2, align: 'start' }] }, '[data-widget-type=ListViewItem][role=button]'],
  ['Basic', { type: 'Basic', children: [], direction: 'row', gap: 1, padding: 1, align: 'start', justify: 'end', theme: 'dark' }, '.basic'],
  ['Box', { type: 'Box', direction: 'row', children: [], ...BOX }, '[data-widget-type=Box]'],
  ['Row', { type: 'Row', children: [], ...BOX }, '[data-widget-type=Row]'],
  ['Col', { type: 'Col', children: [], ...BOX }, '[data-widget-type=Col]'],
  ['Form', { type: 'Form', children: [], onSubmitAction: ACT, direction: 'col', ...BOX }, 'form'],
  ['Spacer', { type: 'Spacer', minSize: 8 }, '.spacer'],
  ['Divider', { type: 'Divider', color: 'strong', size: 2, spacing: 1, flush: true }, 'hr[data-flush]'],
  ['Transition', { type: 'Transition', children: { type: 'Text', value: 'x' } }, '.transition .text'],
  ['Title', { type: 'Title', size: '3xl', ...TEXT }, '[role=heading]'],
  ['Text', { type: 'Text', size: 'sm', italic: true, lineThrough: true, width: 100, minLines: 2, streaming: false, editable: false, ...TEXT }, 'p.text'],
  ['editable Text', { type: 'Text', value: 'x', editable: { name: 'n', autoFocus: true, autoSelect: true, autoComplete: 'name', allowAutofillExtensions: true, pattern: 'x', placeholder: 'p', required: true } }, 'input.editable[required]'],
  ['Caption', { type: 'Caption', size: 'lg', ...TEXT }, 'p.caption'],
  ['Markdown', { type: 'Markdown', value: '# Words', streaming: false }, 'ck-markdown p'],
  ['Badge', { type: 'Badge', label: 'New', color: 'success', variant: 'solid', size: 'lg', pill: true }, '.badge[data-pill]'],
  ['Icon', { type: 'Icon', name: 'bolt', color: 'danger', size: '2xl' }, '.widget-icon svg'],
  ['Image', { type: 'Image', src: 'data:image/png;base64,x', alt: 'Alt', fit: 'contain', position: 'top left', frame: true, flush: true, flex: 1, background: 'red-100', ...BLOCK }, 'img[alt=Alt]'],
  ['Button', { type: 'Button', label: 'Go', onClickAction: ACT, submit: false, iconStart: 'bolt', iconEnd: 'star', iconSize: 'xl', style: 'primary', color: 'danger', variant: 'soft', size: '3xs', pill: true, uniform: true, block: true, disabled: false }, 'button[data-pill][data-uniform]'],
  ['Input', { type: 'Input', name: 'n', inputType: 'email', defaultValue: 'x', required: true, pattern: 'x', autoFocus: true, autoSelect: true, allowAutofillExtensions: true, gutterSize: 'xs', ...CONTROL }, 'input[type=email][required]'],
  ['Textarea', { type: 'Textarea', name: 'n', defaultValue: 'x', required: true, pattern: 'x', rows: 2, autoResize: true, maxRows: 5, gutterSize: 'xs', ...CONTROL }, 'textarea[rows="2"]'],
  ['Select', { type: 'Select', name: 'n', options: OPTIONS, defaultValue: 'a', onChangeAction: QUIET, searchable: false, ...CONTROL }, 'select option[value=b][disabled]'],
  ['DatePicker', { type: 'DatePicker', name: 'n', defaultValue: '2026-01-02', min: '2026-01-01', max: '2026-01-31', side: 'top', align: 'start', onChangeAction: QUIET, ...CONTROL }, 'ck-date-picker .field[data-pill][data-size=lg][aria-label="Pick, Jan 2, 2026"]'],
  ['Checkbox', { type: 'Checkbox', name: 'n', label: 'Tick', defaultChecked: true, onChangeAction: QUIET, disabled: false, required: true }, 'input[type=checkbox][required]'],
  ['RadioGroup', { type: 'RadioGroup', name: 'n', options: OPTIONS, ariaLabel: 'Which', defaultValue: 'a', direction: 'col', onChangeAction: QUIET, disabled: false, required: true }, '[role=radiogroup][aria-label=Which] input[value=b][disabled]'],
  ['Label', { type: 'Label', value: 'Name', fieldName: 'n', size: 'sm', weight: 'medium', textAlign: 'end', color: 'red-500' }, 'label.label'],
  ['Table', { type: 'Table', children: [{ type: 'Table.Row', header: true, children: [{ type: 'Table.Cell', children: [{ type: 'Text', value: 'h' }], colSpan: 2, align: 'end', vAlign: 'center', colSize: 'sm', width: 50, padding: { x: 1 } }] }, { type: 'Table.Row', children: [{ type: 'Table.Cell', rowSpan: '2', children: [] }] }] }, 'thead th[colspan="2"]'],
  ['Chart', { type: 'Chart', data: [{ m: 'Jan', a: 1, b: '2' }], series: [{ type: 'bar', label: 'A', dataKey: 'a', stack: 's', color: 'blue' }, { type: 'area', label: 'B', dataKey: 'b', curveType: 'monotone', stack: 't' }, { type: 'line', label: null, dataKey: 'b', color: { light: 'red', dark: 'pink' } }], xAxis: { dataKey: 'm', hide: false, labels: { Jan: 'January' } }, showYAxis: true, showLegend: true, showTooltip: true, barGap: 2, barCategoryGap: 4, flex: 1, ...BLOCK }, 'svg[role=img] rect'],
];

describe('every component', () => {
  test.each(CATALOGUE)('%s is shown from its documented properties', async (_name, node, selector) => {
    const test = shown();
    const widget = await shownWidget(test, 'children' in node && ['Card', 'ListView', 'Basic'].includes((node as unknown as { type: string }).type) ? node : CARD(node));
    expect(widget.querySelector(selector), widget.innerHTML).not.toBeNull();
    expect(test.errors).toEqual([]);
    const { type, id } = { id: undefined, ...(node as unknown as { type: string }) };
    expect(id ?? widget.querySelector(`[data-widget-type="${type}"]`)).not.toBeNull();
  });

  const TYPES = [...new Set(CATALOGUE.map(([, node]) => (node as unknown as { type: string }).type)), 'Table.Row', 'Table.Cell', 'Unknown'];

  test.each(TYPES)('%s is shown without any property, and with wrong ones', async (type) => {
    const test = shown();
    const odd = { type, children: null, value: {}, label: [], name: 3, options: 'x', data: {}, series: [null], xAxis: null, padding: 'x', border: 'x', background: 7, size: {}, color: 'constructor', radius: 'toString', onClickAction: null, confirm: null, status: null, limit: 'x', editable: true, key: 5, id: null, colour: 'unknown' };
    const widget = await shownWidget(test, CARD({ type }, odd, { type: 'Text', value: 'the rest' }));
    expect(widget.textContent).toContain('the rest');
    expect(test.errors).toEqual([]);
  });

  test.each(XSS.map((text) => [text]))('%j is a text in each of them', async (text) => {
    const everywhere = (node: unknown): unknown => {
      if (Array.isArray(node)) return node.map(everywhere);
      if (typeof node !== 'object' || node === null) return node;
      const kept = new Set(['type', 'handler', 'inputType']);
      return Object.fromEntries(
        Object.entries(node).map(([name, value]) => [name, typeof value === 'string' && !kept.has(name) ? text : everywhere(value)]),
      );
    };
    const widget = await shownWidget(shown(), CARD(...CATALOGUE.map(([, node]) => everywhere(node))));
    expect(widget.querySelector('script, iframe, object, embed, svg script, [onerror], [onload], [srcdoc], link, base, meta')).toBeNull();
    for (const image of widget.querySelectorAll('img')) expect(image.src).toMatch(/^data:image\/png/);
    for (const link of widget.querySelectorAll('a')) expect(link.getAttribute('href') ?? '').not.toMatch(/^(javascript|data|vbscript)/i);
    for (const styled of widget.querySelectorAll('[style]')) expect(styled.getAttribute('style')).not.toMatch(/url\(|expression/);
  });

  test('a component of an unknown type shows what is in it, and roots may be in roots', async () => {
    const list = { type: 'ListView', children: { type: 'ListViewItem', children: { type: 'Text', value: 'in a list' } } };
    const widget = await shownWidget(shown(), CARD({ type: 'New', children: [list, null, 'x', { type: 'Text', value: 'beside it' }] }));
    expect(widget.textContent).toMatch(/in a list[\s\S]*beside it/);
  });

  test('numbers may be texts, and identities may be there twice', async () => {
    const same = { type: 'Text', id: 'one', value: 5 };
    const widget = await shownWidget(shown(), CARD({ type: 'Box', width: '40', gap: '2.5', children: [same, same] }));
    const box = find(widget, '[data-widget-type=Box]');
    expect(box.style.getPropertyValue('width')).toBe('40px');
    expect([...box.querySelectorAll('.text')].map((text) => text.textContent)).toEqual(['5', '5']);
  });

  test.each(['url(https://evil.test/x)', 'red; color: blue', 'expression(x)', 'image-set("x" 1x)', 'src("x")', '\\75rl(x)', '-webkit-cross-fade(url(x))', 'u\\rl(x)'])(
    '%j is no value of a style',
    async (value) => {
      const names = ['background', 'width', 'height', 'padding', 'margin', 'gap', 'flex', 'wrap', 'aspectRatio'];
      const node = Object.fromEntries(names.map((name) => [name, value]));
      const widget = await shownWidget(shown(), CARD({ type: 'Box', border: { size: 1, style: value, color: value }, ...node }, { type: 'Text', value: 'x', color: value, textAlign: value }));
      expect(widget.innerHTML).not.toContain(value);
      expect(find(widget, '[data-widget-type=Box]').style.getPropertyValue('background')).toBe('');
    },
  );

  test('gradients and palettes are backgrounds', async () => {
    const widget = await shownWidget(shown(), CARD({ type: 'Box', background: 'linear-gradient(red, blue)' }));
    expect(find(widget, '[data-widget-type=Box]').style.getPropertyValue('background')).toContain('linear-gradient');
    expect(['blue-500', 'gray-100', 'red', 'alpha-10'].map((name) => colour(name, 'surface', 'light'))).toEqual([
      'oklch(0.585 0.190 255)', 'oklch(0.933 0 0)', 'oklch(0.585 0.190 27)', 'color-mix(in srgb, var(--ck-text) 10%, transparent)',
    ]);
  });
});

describe('pictures', () => {
  const picture = (src: string): object => CARD({ type: 'Image', src, alt: 'A picture' });

  test.each([
    ['https://evil.test/x.png', {}, undefined, false],
    ['https://chat.test/x.png', {}, undefined, true],
    ['data:image/png;base64,x', {}, [], true],
    ['data:image/svg+xml,x', {}, ['*'], false],
    ['https://a.test/x.png', { allowedImageDomains: ['a.test'] }, undefined, true],
    ['https://a.test/x.png', { allowedImageDomains: ['a.test'] }, [], false],
    ['https://img.A.test/x.png', {}, ['a.TEST'], true],
    ['https://img.a.test/x.png', {}, ['*.a.test'], true],
    ['https://bada.test/x.png', {}, ['a.test'], false],
    ['https://a.test.evil.test/x.png', {}, ['a.test'], false],
    ['https://a.test@evil.test/x.png', {}, ['a.test'], false],
    ['https://evil.test/x.png', { allowedImageDomains: ['*'] }, undefined, true],
    ['javascript:x', {}, ['*'], false],
  ])('from %s with %j and %j: %s', async (src, options, domains, isThere) => {
    const test = shown(options);
    test.ui.chat.slot.conversation = { ...test.ui.chat.conversation, thread: { id: 't', created_at: '', ...(domains ? { allowed_image_domains: domains } : {}) } };
    const widget = document.createElement('ck-widget') as Widget;
    Object.assign(widget, { ui: test.ui, itemId: 'w', root: picture(src) });
    document.body.append(widget);
    await settled();
    expect(widget.querySelector('img') !== null).toBe(isThere);
    if (!isThere) expect(widget.textContent).toContain('A picture');
  });
});

describe('identity', () => {
  test('a text that is added to keeps its element', async () => {
    const widget = await shownWidget(shown(), CARD({ type: 'Text', id: 't', value: 'One' }));
    const text = find(widget, '.text');
    widget.root = CARD({ type: 'Text', id: 't', value: 'One two' }) as Widget['root'];
    await settled();
    expect(find(widget, '.text')).toBe(text);
    expect(text.textContent).toBe('One two');
  });

  test('what is written stays while other components come and go, until the default changes', async () => {
    const field = { type: 'Input', id: 'f', name: 'n', defaultValue: 'a' };
    const widget = await shownWidget(shown(), CARD({ type: 'Text', value: 'x' }, field));
    const input = find<HTMLInputElement>(widget, 'input');
    await typed(input, 'mine');
    widget.root = CARD({ type: 'Title', value: 'new' }, { type: 'Text', value: 'y' }, { ...field, placeholder: 'p' }) as Widget['root'];
    await settled();
    expect(find(widget, 'input')).toBe(input);
    expect(input.value).toBe('mine');
    widget.root = CARD({ type: 'Text', value: 'y' }, { ...field, defaultValue: 'b' }) as Widget['root'];
    await settled();
    expect(find<HTMLInputElement>(widget, 'input').value).toBe('b');
  });

  test('a choice stays chosen where the options move', async () => {
    const select = (...values: string[]): object => CARD({ type: 'Select', id: 's', name: 'n', options: values.map((value) => ({ value, label: value })) });
    const widget = await shownWidget(shown(), select('a', 'b'));
    find<HTMLSelectElement>(widget, 'select').value = 'b';
    widget.root = select('z', 'a', 'b') as Widget['root'];
    await settled();
    expect(find<HTMLSelectElement>(widget, 'select').value).toBe('b');
  });

  test('a text streams only while its item is written', async () => {
    const widget = await shownWidget(shown(), CARD({ type: 'Text', value: 'x', streaming: true }));
    expect(widget.querySelector('[data-streaming]')).toBeNull();
    widget.isPending = true;
    await settled();
    expect(widget.querySelector('[data-streaming]')).not.toBeNull();
  });
});

describe('forms', () => {
  const FORM = (action: object, ...more: unknown[]): object =>
    CARD({
      type: 'Form',
      onSubmitAction: action,
      children: [
        { type: 'Input', name: 'todo.title', defaultValue: 'Milk', required: true, pattern: '[A-Z].*' },
        { type: 'Textarea', name: 'todo.notes' },
        { type: 'Checkbox', name: 'urgent' },
        { type: 'Select', name: 'list', options: OPTIONS },
        { type: 'DatePicker', name: 'due' },
        { type: 'RadioGroup', name: 'size', options: OPTIONS, defaultValue: 'a' },
        { type: 'Input', name: '', defaultValue: 'nameless' },
        ...more,
      ],
    });

  test('give an action their values, in objects by the dots of names', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, FORM({ ...CLIENT, payload: { id: 7 } }, { type: 'Button', label: 'Save', submit: true }));
    find(widget, '.widget-button').click();
    await settled();
    expect(actions).toEqual([{ type: 'act', payload: { id: 7, todo: { title: 'Milk', notes: '' }, urgent: false, size: 'a' } }]);
    expect(test.errors).toEqual([]);
  });

  test('what the action says itself wins, and the page is told', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, FORM({ ...CLIENT, payload: { urgent: 'so', todo: { title: 'Tea' } } }, { type: 'Button', submit: true, label: 'Save' }));
    find(widget, '.widget-button').click();
    await settled();
    expect(actions[0]?.payload).toEqual({ urgent: 'so', todo: { title: 'Tea', notes: '' }, size: 'a' });
    expect(test.errors).toHaveLength(2);
  });

  test.each(['__proto__.polluted', 'constructor.prototype.polluted', 'toString'])('a control that is called %s does no harm', async (name) => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, CARD({ type: 'Form', onSubmitAction: CLIENT, children: [{ type: 'Input', name, defaultValue: 'x' }, { type: 'Button', submit: true, label: 'S' }] }));
    find(widget, 'button').click();
    await settled();
    expect(actions).toHaveLength(1);
    expect('polluted' in {}).toBe(false);
  });

  test('are checked when they are sent, and not for other actions', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, FORM(CLIENT, { type: 'Button', label: 'Save', submit: true }, { type: 'Button', label: 'Other', onClickAction: { ...CLIENT, type: 'other' } }));
    await typed(find(widget, '[name="todo.title"]'), 'lower');
    const [save, other] = widget.querySelectorAll<HTMLElement>('.widget-button');
    save?.click();
    await settled();
    expect(actions).toEqual([]);
    other?.click();
    await settled();
    expect(actions.map(({ type, payload }) => [type, (payload as { todo: { title: string } }).todo.title])).toEqual([['other', 'lower']]);
  });

  test('are sent with Enter, however many fields they have', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, FORM(CLIENT));
    for (const composed of COMPOSED) enter(find(widget, '[name="todo.title"]'), composed);
    await settled();
    expect(actions).toHaveLength(0);
    enter(find(widget, '[name="todo.title"]'));
    await settled();
    expect(actions).toHaveLength(1);
  });

  test('a card can be one: Enter, confirm and cancel carry its values, and cancel checks nothing', async () => {
    const { test, actions } = clientActions();
    const card = { type: 'Card', asForm: true, confirm: { label: 'Yes', action: { ...CLIENT, type: 'yes', loadingBehavior: 'none' } }, cancel: { label: 'No', action: { ...CLIENT, type: 'no', loadingBehavior: 'none' } }, children: [{ type: 'Input', name: 'n', required: true }] };
    const widget = await shownWidget(test, card);
    const [no, yes] = widget.querySelectorAll<HTMLButtonElement>('.card-actions button');
    yes?.click();
    await settled();
    expect(actions).toEqual([]);
    no?.click();
    await settled();
    await typed(find(widget, 'input'), 'x');
    enter(find(widget, 'input'));
    await settled();
    yes?.click();
    await settled();
    expect(actions).toEqual([
      { type: 'no', payload: { n: '' } },
      { type: 'yes', payload: { n: 'x' } },
      { type: 'yes', payload: { n: 'x' } },
    ]);
  });

  test.each([['a list', ['a', 'b']], ['a text', 'id-7'], ['an empty text', ''], ['a number', 0], ['false', false]])('a payload that is %s is sent as it is, and takes no fields', async (_name, payload) => {
    const { test, actions } = clientActions();
    const action = { ...CLIENT, payload };
    const widget = await shownWidget(test, CARD({ type: 'Button', label: 'x', onClickAction: action }, { type: 'Form', onSubmitAction: action, children: [{ type: 'Input', name: 'n' }] }));
    find<HTMLButtonElement>(widget, 'button').click();
    await settled();
    expect(test.errors).toEqual([]);
    enter(find(widget, 'input'));
    await settled();
    expect(actions).toEqual([{ type: 'act', payload }, { type: 'act', payload }]);
    expect(test.errors.map(({ message }) => message)).toEqual([expect.stringContaining('has no room for n')]);
  });

  test('a form in a card that is one is sent by itself', async () => {
    const { test, actions } = clientActions();
    const form = { type: 'Form', onSubmitAction: { ...CLIENT, type: 'inner', loadingBehavior: 'none' }, children: [{ type: 'Input', name: 'n' }] };
    const widget = await shownWidget(test, { type: 'Card', asForm: true, confirm: { label: 'Yes', action: CLIENT }, children: [form] });
    enter(find(widget, 'input'));
    await settled();
    expect(actions.map(({ type }) => type)).toEqual(['inner']);
  });

  test('a control outside of any form gives its own value only', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, CARD({ type: 'Input', name: 'other', defaultValue: 'x' }, { type: 'Checkbox', name: 'tick', onChangeAction: CLIENT }));
    find<HTMLInputElement>(widget, '[type=checkbox]').click();
    await settled();
    expect(actions).toEqual([{ type: 'act', payload: { tick: true } }]);
  });

  test('a label names its control, and focuses it', async () => {
    const widget = await shownWidget(shown(), CARD({ type: 'Form', children: [{ type: 'Label', value: 'Your name', fieldName: 'n' }, { type: 'Input', name: 'n', placeholder: 'p' }] }, { type: 'Input', name: 'n' }));
    const [first, second] = widget.querySelectorAll('input');
    expect([first?.ariaLabel ?? first?.getAttribute('aria-label'), second?.getAttribute('aria-label')]).toEqual(['Your name', 'n']);
    find(widget, 'label').click();
    expect(document.activeElement).toBe(first);
  });
});

describe('actions', () => {
  const BUTTON = (action: object, more: object = {}): object => CARD({ type: 'Button', label: 'Go', onClickAction: action, ...more });

  test('that cannot begin, since there is no thread yet, are told of', async () => {
    const test = shown();
    const widget = await inDocument<Widget>('ck-widget', { ui: test.ui, itemId: 'w1', root: BUTTON(ACT) as Widget['root'] });
    find<HTMLButtonElement>(widget, 'button').click();
    await settled();
    expect(test.toasts).toEqual(['Something went wrong.']);
  });

  test('of the server are sent with nothing but their type and payload', async () => {
    const test = shown();
    test.server.answer('threads.custom_action', events([]));
    const widget = await shownWidget(test, BUTTON({ type: 'act', payload: { a: 1 }, handler: 'server', loadingBehavior: 'self' }));
    find(widget, 'button').click();
    await settled();
    expect(test.server.bodies[0]?.params).toEqual({ thread_id: 'thr_1', item_id: 'w1', action: { type: 'act', payload: { a: 1 } } });
  });

  test('of the page are told to it with the widget, and not sent', async () => {
    const asked: unknown[][] = [];
    const test = shown({ widgets: { onAction: async (...all) => void asked.push(all) } });
    const root = BUTTON(CLIENT);
    const widget = await shownWidget(test, root);
    find(widget, 'button').click();
    await settled();
    expect(asked).toEqual([[{ type: 'act' }, { id: 'w1', widget: root }]]);
    expect(test.server.requests).toEqual([]);
  });

  test.each([
    [{}, 'button'],
    [{ loadingBehavior: 'self' }, 'button'],
    [{ loadingBehavior: 'container' }, 'widget'],
    [{ loadingBehavior: 'none' }, 'nothing'],
  ])('%j: while they run, %s waits, and a second click does nothing', async (more, waiting) => {
    let over = (): void => undefined;
    let count = 0;
    const test = shown({ widgets: { onAction: () => new Promise<void>((done) => { count += 1; over = done; }) } });
    const widget = await shownWidget(test, BUTTON({ ...CLIENT, ...more }));
    const button = find<HTMLButtonElement>(widget, 'button');
    button.click();
    await settled();
    expect({ button: button.disabled && widget.querySelector('.spinner') !== null, widget: widget.querySelector('[data-inert]') !== null, nothing: false }).toMatchObject({ button: waiting === 'button', widget: waiting === 'widget' });
    button.disabled = false;
    button.click();
    over();
    await settled();
    expect(count).toBe(1);
    expect(button.disabled).toBe(false);
    expect(widget.querySelector('[data-inert], .spinner')).toBeNull();
  });

  test('that fail end their waiting, and the user is told', async () => {
    const test = shown({ widgets: { onAction: () => Promise.reject(new Error('no')) } });
    const widget = await shownWidget(test, BUTTON(CLIENT));
    find(widget, 'button').click();
    await settled();
    expect(widget.querySelector('.spinner')).toBeNull();
    expect(test.toasts).toHaveLength(1);
    expect(test.told.map(({ name }) => name)).toContain('error');
  });

  test('that stream look and are disabled while a response runs; quiet ones work, and change the item', async () => {
    const test = shown();
    const stream = test.server;
    let end = (): void => undefined;
    stream.answer('threads.add_user_message', () => new Response(new ReadableStream({ start: (body) => { end = () => body.close(); } }), { headers: { 'content-type': 'text/event-stream' } }));
    const item = { id: 'w1', thread_id: 'thr_1', created_at: '', type: 'widget', widget: CARD({ type: 'Text', value: 'new' }) };
    stream.answer('threads.sync_custom_action', json({ updated_item: item }));
    const widget = await shownWidget(test, CARD(
      { type: 'Button', label: 'Slow', onClickAction: ACT },
      { type: 'Button', label: 'Quick', onClickAction: { ...QUIET, streaming: 'false' } },
      { type: 'Select', name: 's', options: OPTIONS, onChangeAction: ACT },
      { type: 'Form', onSubmitAction: ACT, children: [{ type: 'Button', label: 'Send', submit: true }, { type: 'Input', name: 'n' }] },
    ));
    void test.ui.chat.send(message('Hi')).catch(() => undefined);
    widget.tick = 1;
    await settled();
    const [slow, quick, send] = widget.querySelectorAll<HTMLButtonElement>('button');
    expect([slow?.disabled, quick?.disabled, send?.disabled, find<HTMLSelectElement>(widget, 'select').disabled]).toEqual([true, false, true, true]);
    enter(find(widget, 'input'));
    await settled();
    expect(widget.querySelector('[data-inert]')).toBeNull();
    quick?.click();
    await settled();
    expect(stream.operations).toEqual(['threads.add_user_message', 'threads.sync_custom_action']);
    expect(test.ui.chat.conversation.items).toContainEqual(item);
    expect(test.told.filter(({ name }) => name.startsWith('response.'))).toHaveLength(1);
    end();
  });

  test('of a row: a click, Enter and Space; a button in it has its own', async () => {
    const { test, actions } = clientActions();
    const inner = { type: 'Button', label: 'In', onClickAction: { ...CLIENT, type: 'inner' } };
    const widget = await shownWidget(test, { type: 'ListView', children: [{ type: 'ListViewItem', onClickAction: { ...CLIENT, type: 'row' }, children: [inner, { type: 'Text', value: 'x' }] }] });
    const row = find(widget, '[role=button]');
    find(widget, '.text').click();
    await settled();
    for (const key of ['Enter', ' ']) {
      row.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));
      await settled();
    }
    find(widget, 'button').click();
    await settled();
    expect(actions.map(({ type }) => type)).toEqual(['row', 'row', 'row', 'inner']);
  });

  test('of previews: those of the server are not sent', async () => {
    const test = shown();
    const widget = await shownWidget(test, BUTTON(ACT));
    widget.isPreview = true;
    find(widget, 'button').click();
    await settled();
    expect(test.server.requests).toEqual([]);
  });
});

describe('lists, cards and choices', () => {
  const LIST = (limit: unknown, count = 7): object => ({ type: 'ListView', limit, children: Array.from({ length: count }, (_, index) => ({ type: 'ListViewItem', children: [{ type: 'Text', value: `r${index}` }] })) });

  test.each([['auto', 5], [3, 3], ['2', 2], [0, 7], [-1, 7], [null, 7], [9, 7]])('a limit of %j shows %i rows, and the rest when asked', async (limit, count) => {
    const widget = await shownWidget(shown(), LIST(limit));
    expect(widget.querySelectorAll('[role=listitem]')).toHaveLength(count);
    widget.querySelector<HTMLElement>('.show-more')?.click();
    await settled();
    expect(widget.querySelectorAll('[role=listitem]')).toHaveLength(7);
    expect(widget.querySelector('.show-more')).toBeNull();
  });

  test('a collapsed card is open until it is confirmed', async () => {
    const { test } = clientActions();
    const widget = await shownWidget(test, { type: 'Card', collapsed: true, confirm: { label: 'Yes', action: CLIENT }, children: [{ type: 'Text', value: 'body' }] });
    expect(widget.textContent).toContain('body');
    find(widget, '.card-actions button').click();
    await settled();
    expect(widget.querySelector('.card-body, .card-actions')).toBeNull();
  });

  test('a theme of a root counts for all of it', async () => {
    const widget = await shownWidget(shown(), { type: 'Card', theme: 'dark', children: [{ type: 'Box', background: { light: 'white', dark: 'black' } }] });
    expect(find(widget, '.widget').dataset['scheme']).toBe('dark');
    expect(find(widget, '[data-widget-type=Box]').style.getPropertyValue('background')).toBe('black');
  });

  test('a root in another root has a theme of its own, and all that is in it', async () => {
    const colours = { light: 'white', dark: 'black' };
    const box = (id: string): object => ({ type: 'Box', id, background: colours });
    const inner = { type: 'ListView', theme: 'dark', children: [{ type: 'ListViewItem', children: [box('dark'), { ...CARD(box('light')), theme: 'light' }] }] };
    const widget = await shownWidget(shown(), CARD(box('outer'), inner));
    const shade = (id: string): string => find(widget, `[data-component-id="${id}"]`).style.getPropertyValue('background');
    expect([shade('outer'), shade('dark'), shade('light')]).toEqual(['white', 'black', 'white']);
    const [dark, light] = widget.querySelectorAll<HTMLElement>('.themed');
    expect([dark?.dataset['scheme'], light?.dataset['scheme']]).toEqual(['dark', 'light']);
    expect(dark?.style.getPropertyValue('--ck-text')).not.toBe(light?.style.getPropertyValue('--ck-text'));
    expect(find(widget, '.widget').style.getPropertyValue('--ck-text')).toBe('');
  });

  const MANY = (count: number): object[] => Array.from({ length: count }, (_, index) => ({ value: `v${index}`, label: `Option ${index}` }));

  test('more than fifteen options are searched', async () => {
    expect((await shownWidget(shown(), CARD({ type: 'Select', name: 's', options: MANY(15) }))).querySelector('select')).not.toBeNull();
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, CARD({ type: 'Select', name: 's', options: MANY(16), onChangeAction: CLIENT }));
    const input = find<HTMLInputElement>(widget, '[role=combobox]');
    input.focus();
    input.value = 'option 12';
    input.dispatchEvent(new Event('input', { bubbles: true }));
    await settled();
    expect([...widget.querySelectorAll('[role=option]')].map((option) => option.textContent?.trim())).toEqual(['Option 12']);
    for (const composed of COMPOSED) enter(input, composed);
    await settled();
    expect(actions).toEqual([]);
    enter(input);
    await settled();
    expect(actions).toEqual([{ type: 'act', payload: { s: 'v12' } }]);
  });

  test('a select without a default has no value', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, CARD({ type: 'Form', children: [{ type: 'Select', name: 's', defaultValue: 'gone', options: OPTIONS }, { type: 'Button', label: 'x', onClickAction: CLIENT }] }));
    find(widget, 'button').click();
    await settled();
    expect(actions).toEqual([{ type: 'act' }]);
  });

  test('days that are picked are the beginning of the day of the user', async () => {
    const { test, actions } = clientActions();
    const widget = await shownWidget(test, CARD({ type: 'DatePicker', name: 'd', onChangeAction: CLIENT, defaultValue: '2026-05-20', min: '2026-05-01T10:00', max: '2026-05-30' }));
    find(widget, '.field').click();
    await settled();
    const disabled = [...widget.querySelectorAll<HTMLButtonElement>('.day:disabled')].map(({ dataset }) => dataset['day']);
    expect(disabled).toEqual(['2026-04-26', '2026-04-27', '2026-04-28', '2026-04-29', '2026-04-30', '2026-05-31', '2026-06-01', '2026-06-02', '2026-06-03', '2026-06-04', '2026-06-05', '2026-06-06'].filter((day) => widget.querySelector(`[data-day="${day}"]`)));
    find(widget, '[data-day="2026-05-02"]').click();
    await settled();
    expect(widget.querySelector('.calendar')).toBeNull();
    expect(actions).toEqual([{ type: 'act', payload: { d: new Date('2026-05-02T00:00').toISOString() } }]);
  });

  test('a day can be taken back where the widget says so, and counts again when the server has another', async () => {
    const { test, actions } = clientActions();
    const picker = (defaultValue: string): object => CARD({ type: 'DatePicker', id: 'd', name: 'd', onChangeAction: CLIENT, defaultValue, clearable: true, placeholder: 'When' });
    const widget = await shownWidget(test, picker('2026-05-02'));
    expect(find(widget, '.field').textContent).toContain('May 2, 2026');
    find(widget, '[aria-label=Clear]').click();
    await settled();
    expect(find(widget, '.field').textContent).toContain('When');
    expect(actions).toEqual([{ type: 'act' }]);
    widget.root = picker('2026-06-07') as Widget['root'];
    await settled();
    expect(find(widget, '.field').textContent).toContain('Jun 7, 2026');
  });

  test('radios of one group belong together, and those of two widgets do not', async () => {
    const group = CARD({ type: 'RadioGroup', name: 'r', options: [{ value: 'a', label: 'A' }, { value: 'b', label: 'B' }] });
    const one = await shownWidget(shown(), group);
    const other = await shownWidget(shown(), group);
    other.itemId = 'w2';
    await settled();
    const names = (widget: Element): string[] => [...widget.querySelectorAll<HTMLInputElement>('input')].map((input) => input.name);
    expect(new Set(names(one)).size).toBe(1);
    expect(names(one)[0]).not.toBe(names(other)[0]);
  });
});
