// Where the focus goes when the history closes is for the e2e suite: happy-dom keeps it on what is gone.

import { describe, expect, it } from 'vitest';
import { json, unreachable } from '../../tests/scripted-server';
import { buttonIf, click, drawn, press, textOf, texts, uiUnderTest, type UiUnderTest } from '../../tests/ui-under-test';
import type { ElementOptions } from '../options';
import './history';
import type { HistoryView } from './history';

interface Test extends UiUnderTest {
  view: HistoryView;
  titles: () => string[];
  focused: () => Element | null;
  closed: () => number;
}

const row = (id: string, title: string | null): object => ({
  id,
  title,
  created_at: '2026-01-02T23:30:00',
  status: { type: 'active' },
  items: { data: [], has_more: false },
});
const ROWS = [row('t1', 'Apples'), row('t2', 'Pears'), row('t3', null)];
const page = (data: object[], more: object = { has_more: false }): ReturnType<typeof json> => json({ data, ...more });

async function historyWith(first: ReturnType<typeof json> = page(ROWS), options: Partial<ElementOptions> = {}): Promise<Test> {
  const test = uiUnderTest(options);
  test.server.answer('threads.list', first);
  void test.ui.chat.history.refresh();
  const view = await test.show<HistoryView>('ck-history');
  let closed = 0;
  view.addEventListener('ck-close', () => (closed += 1));
  return {
    ...test,
    view,
    titles: () => texts(view, '.open'),
    focused: () => (view.getRootNode() as ShadowRoot).activeElement,
    closed: () => closed,
  };
}

async function search(view: HistoryView, text: string): Promise<void> {
  const field = view.querySelector<HTMLInputElement>('input[type=search]')!;
  field.value = text;
  field.dispatchEvent(new Event('input'));
  await drawn();
}

describe('the history', () => {
  it('shows titles in the order of the server, and a date where there is none', async () => {
    const { titles, view, focused } = await historyWith();
    expect(titles()).toEqual(['Apples', 'Pears', expect.stringMatching(/^New chat Jan [23], 2026$/)]);
    expect(focused()).toBe(view.querySelector('input[type=search]'));
  });

  it('finds titles as they are shown', async () => {
    const { titles, view } = await historyWith();
    await search(view, ' PEA ');
    expect(titles()).toEqual(['Pears']);
    await search(view, 'new');
    expect(titles()).toHaveLength(1);
    await search(view, 'plums');
    expect(titles()).toEqual([]);
    expect(textOf(view.querySelector('.hint'))).toBe('No matches');
  });

  it('says that there is nothing, or what went wrong', async () => {
    expect(textOf((await historyWith(page([]))).view.querySelector('.hint'))).toBe('No chats yet');
    const { view, titles, server } = await historyWith(json({ detail: 'no' }, 400));
    expect(textOf(view.querySelector('[role=alert] span'))).toBe('Your chats could not be loaded.');
    expect(buttonIf(view, 'Load more')).toBeUndefined();
    server.answer('threads.list', page(ROWS));
    await click(view, 'Try again');
    expect(titles()).toHaveLength(3);
  });

  it('goes on by a button, also where a page brings nothing new, or nothing', async () => {
    const { view, titles, server } = await historyWith(page([], { has_more: true, after: 'a' }));
    server.answer(
      'threads.list',
      page(ROWS.slice(0, 1), { has_more: true, after: 't1' }),
      page(ROWS.slice(0, 1), { has_more: true, after: 'b' }),
      page(ROWS.slice(1)),
    );
    for (let round = 0; round < 3; round++) await click(view, 'Load more');
    expect(titles()).toHaveLength(3);
    expect(server.bodies.map(({ params }) => params['after'])).toEqual([undefined, 'a', 't1', 'b']);
    expect(buttonIf(view, 'Load more')).toBeUndefined();
  });

  it('opens a chat, and closes', async () => {
    const { view, ui, server, closed } = await historyWith();
    server.answer('threads.get_by_id', json(row('t2', 'Pears')));
    await click(view, 'Pears');
    expect(ui.chat.threadId).toBe('t2');
    expect(closed()).toBe(1);
    expect(view.querySelector('[aria-current]')).toBe(view.querySelector('[data-thread-id=t2]'));
  });

  it('is closed by Escape', async () => {
    const { view, closed } = await historyWith();
    press(view.querySelector('input')!, 'Escape', { isComposing: true });
    expect(closed()).toBe(0);
    press(view.querySelector('input')!, 'Escape');
    expect(closed()).toBe(1);
  });
});

describe('a chat', () => {
  async function renaming(test: Test, title: string): Promise<HTMLInputElement> {
    await click(test.view, 'Rename: Pears');
    const field = test.view.querySelector<HTMLInputElement>('.rename input')!;
    field.value = title;
    return field;
  }
  async function submit(test: Test): Promise<void> {
    test.view.querySelector('form')!.dispatchEvent(new Event('submit', { bubbles: true, cancelable: true }));
    await drawn();
  }

  it('is renamed in its place', async () => {
    const test = await historyWith();
    test.server.answer('threads.update', json(row('t2', 'Plums')));
    await renaming(test, ' Plums ');
    await submit(test);
    expect(test.server.bodies.at(-1)).toEqual({ type: 'threads.update', params: { thread_id: 't2', title: 'Plums' } });
    expect(test.titles()[1]).toBe('Plums');
    expect(test.focused()).toBe(test.view.querySelector('[data-thread-id=t2]'));
  });

  it('keeps its title with Escape, without a title, and where it is the same', async () => {
    const test = await historyWith();
    press(await renaming(test, 'Plums'), 'Escape');
    await drawn();
    expect(test.closed()).toBe(0);
    expect(test.titles()[1]).toBe('Pears');
    expect(test.focused()).toBe(test.view.querySelector('[data-thread-id=t2]'));
    await renaming(test, '  ');
    await submit(test);
    expect(test.view.querySelector('.rename')).not.toBeNull();
    await click(test.view, 'Cancel');
    await renaming(test, 'Pears');
    await submit(test);
    expect(test.server.operations).toEqual(['threads.list']);
  });

  it('has its title back where the server refuses, and both are told once', async () => {
    const test = await historyWith();
    test.server.answer('threads.update', unreachable());
    await renaming(test, 'Plums');
    await submit(test);
    expect(test.titles()[1]).toBe('Pears');
    expect(test.toasts).toEqual(['The chat could not be renamed.']);
    expect(test.details('error')).toHaveLength(1);
  });

  it('is deleted after a question', async () => {
    const { view, server, titles, focused } = await historyWith();
    server.answer('threads.delete', json({}));
    await click(view, 'Delete: Pears');
    expect(textOf(focused())).toBe('Cancel');
    press(focused()!, 'Escape');
    await drawn();
    expect(server.operations).toEqual(['threads.list']);
    await click(view, 'Delete: Pears');
    await click(view, 'Delete');
    expect(server.bodies.at(-1)).toEqual({ type: 'threads.delete', params: { thread_id: 't2' } });
    expect(titles()).toHaveLength(2);
    expect(focused()).toBe(view.querySelector('input[type=search]'));
  });

  it('is back where it cannot be deleted, and both are told once', async () => {
    const { view, server, titles, toasts, details } = await historyWith();
    server.answer('threads.delete', unreachable());
    await click(view, 'Delete: Pears');
    await click(view, 'Delete');
    expect(titles()[1]).toBe('Pears');
    expect(toasts).toEqual(['The chat could not be deleted.']);
    expect(details('error')).toHaveLength(1);
  });

  it('can be renamed and deleted only where the page says so', async () => {
    const { view } = await historyWith(page(ROWS), { history: { showRename: false, showDelete: false } });
    expect(buttonIf(view, 'Rename: Pears')).toBeUndefined();
    expect(buttonIf(view, 'Delete: Pears')).toBeUndefined();
  });
});
