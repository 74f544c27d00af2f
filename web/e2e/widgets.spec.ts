/** Widgets (UI-SPEC 6: widgets). */

import { added, assistant, created, done, other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import { events, held, json, LiveStream } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];

function item(widget: object, id = 'w1'): object {
  return other(id, 'widget', { widget });
}

function update(change: object): object {
  return { type: 'thread.item.updated', item_id: 'w1', update: change };
}

async function shown(chat: ChatPage, widget: object, options: object = {}): Promise<void> {
  await chat.openThread([user('u1', 'Hi'), item(widget)], {}, options);
  await expect(chat.item('w1')).toBeVisible();
}

function button(label: string, action: object, more: object = {}): object {
  return { type: 'Button', label, onClickAction: action, ...more };
}

const FIELDS = [
  { type: 'Label', value: 'Title', fieldName: 'todo.title' },
  { type: 'Input', name: 'todo.title', placeholder: 'Title', required: true, pattern: '[A-Z].*' },
  { type: 'Textarea', name: 'notes', placeholder: 'Notes', defaultValue: 'none' },
  { type: 'Select', name: 'kind', options: [{ value: 'a', label: 'A' }, { value: 'b', label: 'B' }], defaultValue: 'b' },
  { type: 'DatePicker', name: 'due', min: '2026-01-05', max: '2026-01-20' },
  { type: 'Checkbox', name: 'urgent', label: 'Urgent', defaultChecked: true },
  { type: 'RadioGroup', name: 'size', options: [{ value: 's', label: 'Small' }, { value: 'l', label: 'Large' }] },
  { type: 'Text', value: 'Editable', editable: { name: 'edited' } },
];

const ALL = [
  { type: 'Title', value: 'A title' }, { type: 'Text', value: 'A text' }, { type: 'Caption', value: 'A caption' },
  { type: 'Markdown', value: 'Some **bold**' }, { type: 'Badge', label: 'A badge', color: 'success' },
  { type: 'Icon', name: 'bolt' }, { type: 'Divider' }, { type: 'Spacer' },
  { type: 'Image', src: 'data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', alt: 'A picture', size: 20 },
  { type: 'Row', children: [{ type: 'Text', value: 'In a row' }] }, { type: 'Col', children: [{ type: 'Text', value: 'In a column' }] },
  { type: 'Box', padding: 4, border: 1, background: 'blue-100', children: [{ type: 'Text', value: 'In a box' }] },
  { type: 'Transition', children: { type: 'Text', value: 'In a transition' } },
  { type: 'Table', children: [{ type: 'Table.Row', header: true, children: [{ type: 'Table.Cell', children: [{ type: 'Text', value: 'A cell' }] }] }] },
  { type: 'Form', children: FIELDS }, button('A button', { type: 'x' }),
];

for (const scheme of ['light', 'dark']) {
  test(`106: every component renders, in ${scheme}`, async ({ chat }) => {
    await shown(chat, { type: 'Card', status: { text: 'A status', icon: 'info' }, children: ALL }, { theme: scheme });
    const widget = chat.item('w1');
    for (const text of ['A status', 'A title', 'A text', 'A caption', 'Some bold', 'A badge', 'In a row', 'In a column', 'In a box', 'In a transition', 'A cell', 'Urgent', 'Small']) {
      await expect(widget).toContainText(text);
    }
    await expect(widget.getByRole('img', { name: 'A picture' })).toBeVisible();
    await expect(widget.locator('strong')).toHaveText('bold');
    await expect(widget.getByRole('button', { name: 'A button' })).toBeVisible();
    const colour = await widget.locator('.card').first().evaluate((card) => getComputedStyle(card).color);
    expect(Number(/\d+/.exec(colour)?.[0] ?? 0) > 127).toBe(scheme === 'dark');
  });
}

test('106: a widget is as wide as the element at 320 px', async ({ chat }) => {
  await chat.page.setViewportSize({ width: 320, height: 700 });
  await shown(chat, { type: 'Card', children: ALL });
  const { width } = (await chat.item('w1').boundingBox())!;
  expect(width).toBeLessThanOrEqual(320);
  const wider = await chat.page.locator('.scroller').evaluate((scroller) => scroller.scrollWidth - scroller.clientWidth);
  expect(wider).toBe(0);
  await chat.page.setViewportSize({ width: 900, height: 700 });
});

test('106: what is short, or has a size of its own, keeps it where there is little room', async ({ chat }) => {
  await chat.page.setViewportSize({ width: 320, height: 700 });
  const long = 'A title that is much longer than the page is wide, and than most titles are';
  await shown(chat, {
    type: 'Card',
    children: [{
      type: 'Row', gap: 3,
      children: [
        { type: 'Box', id: 'dot', size: 28, background: 'blue-500', radius: 'full' }, { type: 'Text', id: 'fixed', value: 'SUBJECT', width: 80 },
        { type: 'Col', children: [{ type: 'Text', id: 'long', value: long, maxLines: 1 }] },
        { type: 'Caption', id: 'short', value: '1:01' }, { type: 'Text', id: 'word', value: 'Pneumonoultramicroscopicsilicovolcanoconiosis' },
      ],
    }, { type: 'Row', children: [{ type: 'Checkbox', name: 'c', label: long }, { type: 'Badge', id: 'badge', label: 'Urgent' }] }],
  });
  const box = async (id: string): Promise<{ width: number; height: number }> => (await chat.item('w1').locator(`[data-component-id="${id}"]`).boundingBox())!;
  expect(await box('dot')).toMatchObject({ width: 28, height: 28 });
  expect((await box('fixed')).width).toBeCloseTo(80, 0);
  const line = await chat.item('w1').locator('[data-component-id=short]').evaluate((one) => parseFloat(getComputedStyle(one).lineHeight));
  expect((await box('short')).height).toBeLessThan(line * 1.5);
  expect((await box('badge')).height).toBeLessThan(line * 2);
  const row = chat.item('w1').locator('[data-widget-type=Row]').first();
  expect(await row.evaluate((one) => one.scrollWidth - one.clientWidth)).toBe(0);
  await chat.page.setViewportSize({ width: 900, height: 700 });
});

test('106: a picture that cannot be loaded is a box with its words', async ({ chat }) => {
  await shown(chat, {
    type: 'Card', status: { text: 'A status', favicon: `${chat.server.url}/none.png` },
    children: [{ type: 'Image', id: 'p', src: `${chat.server.url}/nothing.png`, alt: 'A cat', size: 60 }, { type: 'Image', id: 'q', src: 'data:image/png;base64,x', size: 60 }],
  });
  const picture = chat.item('w1').locator('[data-component-id=p]');
  await expect(picture).toHaveText('A cat');
  expect(await picture.boundingBox()).toMatchObject({ width: 60, height: 60 });
  await expect(chat.item('w1').locator('[data-component-id=q] svg')).toBeVisible();
  await expect(chat.item('w1').locator('img')).toHaveCount(0);
});

test('107: what is unknown or missing harms nothing else', async ({ chat }) => {
  await shown(chat, {
    type: 'Card',
    unknown: true,
    children: [
      { type: 'Hologram', children: [{ type: 'Text', value: 'Inside' }] }, { type: 'Col', children: null },
      { type: 'Icon', name: 'no-such-icon' }, { type: 'Text', value: 'Odd', color: 'no-such', size: 'gigantic' },
      { type: 'ListView', children: [{ type: 'ListViewItem', children: { type: 'Text', value: 'Nested' } }] },
      { type: 'Button', label: 'Nothing', onClickAction: null }, null, 'text', { type: 'Text', value: 'Last' },
    ],
  });
  for (const text of ['Inside', 'Odd', 'Nested', 'Last']) await expect(chat.item('w1')).toContainText(text);
  await chat.button('Nothing').click();
});

test('108: a text that streams stays the same node, and what is typed beside it stays', async ({ chat }) => {
  await chat.open();
  const field = { type: 'Input', id: 'f', name: 'f', placeholder: 'Field' };
  const root = (value: string, more: object[] = []): object => ({ type: 'Card', children: [{ type: 'Text', id: 't', value, streaming: true }, field, ...more] });
  const live = await chat.askLive('Hi', ...BEGUN, added(item(root('One'))));
  const input = chat.page.getByPlaceholder('Field');
  await input.fill('typed');
  await chat.page.evaluate(() => {
    window.kept = [...document.getElementById('chat')!.shadowRoot!.querySelectorAll('.widget .text')].at(0) ?? null;
  });
  live.send(update({ type: 'widget.streaming_text.value_delta', component_id: 't', delta: ' two', done: true }));
  live.send(update({ type: 'widget.streaming_text.value_delta', component_id: 't', delta: ' three', done: false }));
  await expect(chat.item('w1')).toContainText('One two three');
  await expect(input).toBeFocused();
  expect(await chat.page.evaluate(() => window.kept?.isConnected)).toBe(true);
  live.send(update({ type: 'widget.root.updated', widget: root('Changed', [{ type: 'Text', id: 'n', value: 'New' }]) }));
  await expect(chat.item('w1')).toContainText('New');
  await expect(input).toHaveValue('typed');
  await expect(input).toBeFocused();
  live.send(update({ type: 'widget.component.updated', component_id: 'n', component: { type: 'Text', id: 'n', value: 'Newer' } }));
  await expect(chat.item('w1')).toContainText('Newer');
  live.end();
});

test('109: an action to the server has type and payload only', async ({ chat, server }) => {
  await shown(chat, { type: 'Card', children: [button('Go', { type: 'go', payload: { id: 7 }, handler: 'server', loadingBehavior: 'none', streaming: true })] });
  server.answer('threads.custom_action', events([done(assistant('a1', 'Gone'))]));
  await chat.button('Go').click();
  await expect(chat.item('a1')).toBeVisible();
  expect(server.of('threads.custom_action')[0]!.body.params).toEqual({ item_id: 'w1', action: { type: 'go', payload: { id: 7 } }, thread_id: 'thr_1' });
});

test('109: an action to the page asks nobody', async ({ chat, server }) => {
  const root = { type: 'Card', children: [button('Go', { type: 'go', payload: { id: 7 }, handler: 'client' })] };
  await shown(chat, root);
  await chat.page.evaluate(() => {
    window.calls = [];
    return window.start({ initialThread: 'thr_1', widgets: { onAction: async (...args: unknown[]) => void window.calls.push(args) } });
  });
  await chat.button('Go').click();
  await expect.poll(() => chat.page.evaluate(() => window.calls)).toEqual([[{ type: 'go', payload: { id: 7 } }, { id: 'w1', widget: root }]]);
  expect(server.operations).toHaveLength(1); // the thread
});

test('110: a sync action works while an answer comes, a streaming one waits', async ({ chat, server }) => {
  await chat.open();
  const root = (text: string): object => ({ type: 'Card', children: [{ type: 'Text', value: text }, button('Sync', { type: 's', streaming: false }), button('Stream', { type: 'x' })] });
  const live = await chat.askLive('Hi', ...BEGUN, done(item(root('Before'))));
  await expect(chat.button('Stream')).toBeDisabled();
  server.answer('threads.sync_custom_action', json({ updated_item: item(root('After')) }));
  await chat.button('Sync').click();
  await expect(chat.item('w1')).toContainText('After');
  expect((await chat.names()).filter((name) => name.startsWith('response.'))).toEqual(['response.start']);
  expect(server.of('threads.custom_action')).toHaveLength(0);
  live.end();
});

test('111: what waits is the button, the whole, or nothing; a double click is one', async ({ chat, server }) => {
  const action = (type: string, loadingBehavior?: string): object => ({ type, streaming: false, ...(loadingBehavior ? { loadingBehavior } : {}) });
  await shown(chat, {
    type: 'Card', confirm: { label: 'Confirm', action: action('c') },
    children: [button('Auto', action('a')), button('Whole', action('w', 'container')), button('None', action('n', 'none'))],
  });
  const frame = chat.item('w1').locator('.widget');
  for (const [label, busy, inert] of [['Auto', true, false], ['Whole', false, true], ['None', false, false], ['Confirm', false, true]] as const) {
    const answer = held(label === 'Auto' ? json({}, 500) : json({}));
    server.answer('threads.sync_custom_action', answer.answer);
    const count = server.of('threads.sync_custom_action').length;
    await chat.button(label).dblclick({ force: true, noWaitAfter: true });
    await server.asked('threads.sync_custom_action', count + 1);
    if (busy) await expect(chat.button(label)).toHaveAttribute('aria-busy', 'true');
    else if (inert) await expect(frame).toHaveAttribute('inert', '');
    else await expect(frame).not.toHaveAttribute('inert', '');
    expect(server.of('threads.sync_custom_action')).toHaveLength(count + 1);
    answer.release();
    await expect(frame).not.toHaveAttribute('inert', '');
    await expect(chat.button(label)).not.toHaveAttribute('aria-busy', 'true');
  }
  expect(await chat.details('error')).not.toHaveLength(0);
});

test('112: a form sends what it holds, with names that nest, after it was checked', async ({ chat, server }) => {
  await shown(chat, {
    type: 'Card',
    children: [{
      type: 'Form', onSubmitAction: { type: 'save', payload: { notes: 'mine' }, streaming: false },
      children: [...FIELDS, button('Save', null as never, { submit: true }), button('Draft', { type: 'draft', streaming: false })],
    }],
  });
  server.answer('threads.sync_custom_action', json({}), json({}));
  await chat.button('Draft').click(); // is not checked
  const draft = await server.asked('threads.sync_custom_action');
  expect(draft.body.params['action']).toEqual({ type: 'draft', payload: { todo: { title: '' }, notes: 'none', kind: 'b', urgent: true, edited: 'Editable' } });
  await chat.button('Save').click();
  await chat.page.getByPlaceholder('Title').fill('lower');
  await chat.button('Save').click();
  expect(server.of('threads.sync_custom_action')).toHaveLength(1);
  await chat.page.getByPlaceholder('Title').fill('Upper');
  await chat.page.getByRole('radio', { name: 'Large' }).check();
  await chat.page.getByRole('button', { name: 'due' }).click();
  await chat.page.getByRole('button', { name: 'Saturday, January 10, 2026' }).click();
  await chat.button('Save').click();
  const { body } = await server.asked('threads.sync_custom_action', 2);
  const { payload } = body.params['action'] as { payload: Record<string, unknown> };
  expect(payload).toMatchObject({ todo: { title: 'Upper' }, notes: 'mine', kind: 'b', urgent: true, size: 'l' });
  expect(new Date(String(payload['due'])).toISOString()).toBe(payload['due']);
  expect(JSON.stringify(await chat.details('error'))).toContain('notes');
});

test('112: what is missing or wrong is said at its field, and nothing is sent', async ({ chat, server }) => {
  await shown(chat, {
    type: 'Card',
    children: [{
      type: 'Form', onSubmitAction: { type: 'save', streaming: false },
      children: [
        { type: 'Input', name: 'fine', placeholder: 'Fine', defaultValue: 'x', required: true },
        { type: 'Input', name: 'code', placeholder: 'Code', required: true, pattern: '[A-Z]{3}' },
        { type: 'Textarea', name: 'why', placeholder: 'Why', required: true, pattern: '.*because.*' },
        { type: 'Checkbox', name: 'sure', label: 'Sure', required: true },
        { type: 'RadioGroup', name: 'size', required: true, options: [{ value: 's', label: 'Small' }] },
        button('Save', null as never, { submit: true }),
      ],
    }],
  });
  const { page } = chat;
  const [code, why] = [page.getByPlaceholder('Code'), page.getByPlaceholder('Why')];
  const message = (field: typeof code): Promise<string> => field.evaluate((one: HTMLInputElement) => one.validationMessage);
  await chat.button('Save').click();
  await expect(code).toBeFocused();
  await expect(code).toHaveAttribute('aria-invalid', 'true');
  expect(await message(code)).not.toBe('');
  await expect(page.getByPlaceholder('Fine')).not.toHaveAttribute('aria-invalid');
  await code.fill('abc');
  await code.press('Enter');
  await expect(code).toBeFocused();
  expect(await code.evaluate((one: HTMLInputElement) => one.validity.patternMismatch)).toBe(true);
  await code.fill('ABC');
  await expect(code).not.toHaveAttribute('aria-invalid');
  await why.fill('no reason');
  await chat.button('Save').click();
  await expect(why).toBeFocused();
  expect(await message(why)).not.toBe('');
  await why.fill('just because');
  await chat.button('Save').click();
  await expect(page.getByRole('checkbox', { name: 'Sure' })).toBeFocused();
  await page.getByRole('checkbox', { name: 'Sure' }).check();
  await chat.button('Save').click();
  await expect(page.getByRole('radio', { name: 'Small' })).toBeFocused();
  expect(server.of('threads.sync_custom_action')).toHaveLength(0);
  await page.getByRole('radio', { name: 'Small' }).check();
  server.answer('threads.sync_custom_action', json({}));
  await chat.button('Save').click();
  const { body } = await server.asked('threads.sync_custom_action');
  expect(body.params['action']).toEqual({ type: 'save', payload: { fine: 'x', code: 'ABC', why: 'just because', sure: true, size: 's' } });
});

test('112: a card that is a form confirms with its values and cancels without a check', async ({ chat, server }) => {
  await shown(chat, {
    type: 'Card', asForm: true, children: [FIELDS[1]],
    confirm: { label: 'OK', action: { type: 'ok', streaming: false } }, cancel: { label: 'Away', action: { type: 'away', streaming: false } },
  });
  server.answer('threads.sync_custom_action', json({}), json({}));
  await chat.button('OK').click();
  await chat.button('Away').click();
  const cancelled = await server.asked('threads.sync_custom_action');
  expect((cancelled.body.params['action'] as { type: string }).type).toBe('away');
  await expect(chat.item('w1').locator('.widget')).not.toHaveAttribute('inert', '');
  await chat.page.getByPlaceholder('Title').fill('Fine');
  await chat.button('OK').click();
  const { body } = await server.asked('threads.sync_custom_action', 2);
  expect(body.params['action']).toEqual({ type: 'ok', payload: { todo: { title: 'Fine' } } });
});

test('107, 113: a root in a root has the theme that it asks for, and its subtree with it', async ({ chat }) => {
  const words = (value: string): object => ({ type: 'Text', id: value, value });
  await shown(chat, {
    type: 'Card',
    children: [
      words('outer'),
      { type: 'ListView', theme: 'dark', children: [{ type: 'ListViewItem', children: [words('dark'), { type: 'Card', theme: 'light', children: [words('light')] }] }] },
      { type: 'Basic', theme: 'dark', children: [words('bare')] },
      { type: 'Card', children: [words('plain')] },
    ],
  }, { theme: 'light' });
  const seen = async (id: string): Promise<{ isLightText: boolean; contrast: number }> => chat.item('w1').locator(`[data-component-id="${id}"]`).evaluate((text) => {
    const lightness = (colour: string): number => {
      const canvas = document.createElement('canvas').getContext('2d', { willReadFrequently: true })!;
      canvas.fillStyle = colour;
      canvas.fillRect(0, 0, 1, 1);
      const [r = 0, g = 0, b = 0] = canvas.getImageData(0, 0, 1, 1).data;
      return (r + g + b) / 765;
    };
    let ground: Element | null = text;
    while (ground && /rgba\(.*, 0\)|transparent/.test(getComputedStyle(ground).backgroundColor)) ground = ground.parentElement;
    const [own, behind] = [lightness(getComputedStyle(text).color), lightness(ground ? getComputedStyle(ground).backgroundColor : 'white')];
    return { isLightText: own > 0.5, contrast: Math.abs(own - behind) };
  });
  for (const [id, isLightText] of [['outer', false], ['dark', true], ['light', false], ['bare', true], ['plain', false]] as const) {
    const one = await seen(id);
    expect(one.isLightText, id).toBe(isLightText);
    expect(one.contrast, id).toBeGreaterThan(0.6);
  }
});

test('113: a list shows as many as it says, and the rest on demand; cards close and have a theme', async ({ chat }) => {
  const rows = Array.from({ length: 7 }, (_, index) => ({ type: 'ListViewItem', children: [{ type: 'Text', value: `Row ${index}` }] }));
  await chat.openThread([
    user('u1', 'Hi'), item({ type: 'ListView', limit: 3, children: rows }),
    item({ type: 'Card', collapsed: true, status: { text: 'Done' }, children: [{ type: 'Text', value: 'Hidden away' }] }, 'w2'),
    item({ type: 'Card', theme: 'dark', children: [{ type: 'Text', value: 'Dark' }] }, 'w3'),
  ]);
  await expect(chat.item('w1').getByRole('listitem')).toHaveCount(3);
  await chat.button('Show more').click();
  await expect(chat.item('w1').getByRole('listitem')).toHaveCount(7);
  await expect(chat.item('w2')).toContainText('Done');
  await expect(chat.item('w2')).not.toContainText('Hidden away');
  const lightness = (id: string): Promise<string> => chat.item(id).locator('.card').evaluate((card) => getComputedStyle(card).color);
  expect(await lightness('w3')).not.toBe(await lightness('w2'));
});

test('114: many options are searched, a label leads to its field, keys work', async ({ chat }) => {
  const options = Array.from({ length: 20 }, (_, index) => ({ value: `v${index}`, label: `Option ${index}` }));
  await shown(chat, { type: 'Card', children: [{ type: 'Form', children: [...FIELDS, { type: 'Select', name: 'many', options, placeholder: 'Pick one' }] }] });
  const search = chat.page.getByRole('combobox', { name: 'Pick one' });
  await search.click();
  await search.pressSequentially('17');
  await expect(chat.item('w1').getByRole('listbox').getByRole('option')).toHaveCount(1);
  await chat.page.keyboard.press('Enter');
  await expect(search).toHaveValue('Option 17');
  await chat.item('w1').locator('label').filter({ hasText: 'Title' }).click();
  await expect(chat.page.getByPlaceholder('Title')).toBeFocused();
  await chat.page.getByRole('checkbox', { name: 'Urgent' }).press('Space');
  await expect(chat.page.getByRole('checkbox', { name: 'Urgent' })).not.toBeChecked();
  await chat.page.getByRole('radio', { name: 'Small' }).press('ArrowDown');
  await expect(chat.page.getByRole('radio', { name: 'Large' })).toBeChecked();
});

test('115: the cells of tables span rows and columns', async ({ chat }) => {
  const cell = (value: string, more: object = {}): object => ({ type: 'Table.Cell', children: [{ type: 'Text', value }], ...more });
  const row = (...children: object[]): object => ({ type: 'Table.Row', children });
  await shown(chat, { type: 'Card', children: [{ type: 'Table', children: [{ ...row(cell('Wide', { colSpan: 2 })), header: true }, row(cell('Tall', { rowSpan: 2 }), cell('B')), row(cell('C'))] }] });
  const box = async (text: string): Promise<{ width: number; height: number }> => (await chat.item('w1').getByRole('cell', { name: text }).or(chat.item('w1').getByRole('columnheader', { name: text })).boundingBox())!;
  const [wide, tall, b] = [await box('Wide'), await box('Tall'), await box('B')];
  expect(Math.abs(wide.width - tall.width - b.width)).toBeLessThan(2);
  expect(tall.height).toBeGreaterThan(b.height * 1.8);
});

test('48: two widgets in the same turn act for themselves', async ({ chat, server }) => {
  await chat.openThread([user('u1', 'Hi'), item({ type: 'Card', children: [button('One', { type: 'x' })] }), item({ type: 'Card', children: [button('Two', { type: 'x' })] }, 'w2')]);
  const live = new LiveStream();
  server.answer('threads.custom_action', live.answer);
  await chat.button('Two').click();
  const { body } = await server.asked('threads.custom_action');
  expect(body.params['item_id']).toBe('w2');
  live.end();
});
