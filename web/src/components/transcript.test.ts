import { beforeEach, describe, expect, test, vi } from 'vitest';
import './transcript';
import { json } from '../../tests/scripted-server';
import { inDocument, loadPlainParts, settled, shown, withItems, type Shown } from '../../tests/shown';
import { XSS } from '../../tests/xss';
import type { Annotation, Task, ThreadItem, Workflow } from '../protocol';
import type { Transcript } from './transcript';

beforeEach(() => {
  loadPlainParts();
  document.body.replaceChildren();
});

const base = { thread_id: 'thr_1', created_at: '2026-01-02T03:04:05' };
const user = (id: string, more: object = {}): ThreadItem => ({ ...base, id, type: 'user_message', content: [{ type: 'input_text', text: 'Hi' }], attachments: [], inference_options: {}, ...more });
const answer = (id: string, text: string, annotations: Annotation[] = []): ThreadItem => ({ ...base, id, type: 'assistant_message', content: [{ type: 'output_text', text, annotations }] });
const workflow = (id: string, more: Partial<Workflow>): ThreadItem => ({ ...base, id, type: 'workflow', workflow: { type: 'custom', tasks: [], ...more } });
const url = (title: string, address: string, index?: number): Annotation => ({ type: 'annotation', source: { type: 'url', title, url: address }, ...(index === undefined ? {} : { index }) });

async function show(test: Shown, items: ThreadItem[], more: object = {}): Promise<Transcript> {
  withItems(test, items, more);
  return inDocument<Transcript>('ck-transcript', { ui: test.ui, tick: 0 });
}

async function change(test: Shown, view: Transcript, items: ThreadItem[], pending: string[] = []): Promise<void> {
  test.ui.chat.slot.conversation = { ...test.ui.chat.conversation, items, pending: new Set(pending) };
  view.tick += 1;
  await settled();
}

/** As if a response ran. */
function respond(test: Shown, isRunning: boolean): void {
  test.ui.chat.slot.response = (isRunning ? { allowCancel: true, stop: () => undefined } : null) as never;
}

describe('a long thread', () => {
  test('turns that have not changed are not rendered while another streams', async () => {
    const test = shown();
    const items = Array.from({ length: 1_000 }, (_, index) => (index % 2 === 0 ? user(`u${index}`) : answer(`a${index}`, 'Text')));
    const view = await show(test, items);
    respond(test, true);
    await change(test, view, [...items.slice(0, -1), answer('a999', 'Text ')], ['a999']);
    const rendered = vi.spyOn(customElements.get('ck-markdown')!.prototype as { render(): unknown }, 'render');
    const actions = vi.spyOn(customElements.get('ck-turn-actions')!.prototype as { render(): unknown }, 'render');
    for (let step = 0; step < 3; step += 1) {
      await change(test, view, [...items.slice(0, -1), answer('a999', `Text ${'.'.repeat(step + 1)}`)], ['a999']);
    }
    expect(rendered.mock.calls.length).toBe(3);
    expect(actions.mock.calls.length).toBe(0);
    vi.restoreAllMocks();
  }, 30_000);

  test('older items that cannot be read are asked for once, and again by a button', async () => {
    const test = shown();
    test.server.answer('items.list', json({}, 429), json({ data: [user('u0')], has_more: false }));
    const view = await show(test, [user('u')]);
    test.ui.chat.slot.conversation = { ...test.ui.chat.conversation, olderAfter: 'u' };
    Object.defineProperty(view.querySelector('.scroller'), 'clientHeight', { value: 100 });
    for (let round = 0; round < 5; round += 1) await change(test, view, [user('u')]);
    expect(test.server.requests).toHaveLength(1);
    view.querySelector<HTMLButtonElement>('.hint button')?.click();
    await settled();
    expect(test.ui.chat.conversation.items).toHaveLength(2);
    await change(test, view, [user('u')]);
    expect(view.querySelector('.hint button')).toBeNull();
  });

  test('an item that is replaced keeps its place, and one that is removed is gone', async () => {
    const test = shown();
    const view = await show(test, [user('u'), answer('a', 'One'), answer('b', 'Two')]);
    await change(test, view, [user('u'), answer('a', 'Other'), answer('b', 'Two')]);
    expect([...view.querySelectorAll('.message')].map((item) => (item as HTMLElement).dataset['itemId'])).toEqual(['u', 'a', 'b']);
    await change(test, view, [user('u')]);
    expect(view.querySelectorAll('.message')).toHaveLength(1);
  });

  test('a turn is the same when the server gives its message another id', async () => {
    const test = shown();
    const view = await show(test, [user('u'), answer('a', 'One')]);
    await change(test, view, [user('u'), answer('a', 'One'), user('local-1')]);
    const [, turn] = view.querySelectorAll('.turn');
    await change(test, view, [user('u'), answer('a', 'One'), user('v')]);
    expect(view.querySelectorAll('.turn')[1]).toBe(turn);
    expect((turn as HTMLElement).dataset['turn']).toBe('v');
    expect((turn as HTMLElement).style.getPropertyValue('min-block-size')).not.toBe('');
  });

  test('an item of a kind that is not known is nothing to see', async () => {
    const view = await show(shown(), [user('u'), { ...base, id: 'x', type: 'new_kind' } as unknown as ThreadItem, answer('a', 'One')]);
    expect(view.querySelectorAll('[data-item-id]')).toHaveLength(2);
  });
});

describe('sources', () => {
  test('are listed once each, numbered as in the text', async () => {
    const test = shown();
    const notes = [url('B', 'https://b.test', 3), url('A', 'https://a.test', 1), url('A', 'https://a.test', 3)];
    const view = await show(test, [user('u'), answer('a', 'Text', notes)]);
    const sources = view.querySelector<HTMLButtonElement>('button[aria-label=Sources]');
    expect(sources?.getAttribute('aria-expanded')).toBe('false');
    sources?.click();
    await settled();
    expect([...view.querySelectorAll('.sources li a')].map((link) => link.textContent)).toEqual(['A', 'B']);
    const { markers } = view.querySelector('ck-markdown') as unknown as { markers: { place: number; numbers: number[]; label: string }[] };
    expect(markers.map(({ place, numbers, label }) => [place, numbers, label])).toEqual([[1, [1], '1'], [3, [2, 1], '2, 1']]);
  });

  test('places are held within the text, in code points; without one they are its end', async () => {
    const notes = [url('A', 'https://a.test', -4), url('B', 'https://b.test', 99), url('C', 'https://c.test')];
    const view = await show(shown(), [answer('a', '🎉ab', notes)]);
    const { markers } = view.querySelector('ck-markdown') as unknown as { markers: { place: number }[] };
    expect(markers.map(({ place }) => place)).toEqual([0, 3]);
  });

  test('of the page have a label or an icon', async () => {
    const entity = (id: string, more: object): Annotation => ({ type: 'annotation', index: Number(id), source: { type: 'entity', id, title: 'E', ...more } });
    const view = await show(shown(), [answer('a', 'Text', [entity('1', { inline_label: 'Doc' }), entity('2', { icon: 'bolt' }), entity('3', {})])]);
    const { markers } = view.querySelector('ck-markdown') as unknown as { markers: { label: string; icon?: string }[] };
    expect(markers.map(({ label, icon }) => [label, icon])).toEqual([['Doc', undefined], ['', 'bolt'], ['3', undefined]]);
  });

  test('files are no links, and neither are addresses of scripts', async () => {
    const file: Annotation = { type: 'annotation', source: { type: 'file', title: 'F', filename: 'f.pdf' } };
    const view = await show(shown(), [answer('a', 'Text', [file, url('A', 'javascript:x()'), url('D', 'data:text/html,x')])]);
    view.querySelector<HTMLButtonElement>('button[aria-label=Sources]')?.click();
    await settled();
    expect(view.querySelectorAll('.sources li')).toHaveLength(3);
    expect(view.querySelector('.sources a')).toBeNull();
  });

  test('a marker that is pointed at shows its sources, until Escape', async () => {
    const asked: string[] = [];
    const clicked: string[] = [];
    const test = shown({ entities: { onClick: (entity) => void clicked.push(entity.id), onRequestPreview: async (entity) => { asked.push(entity.id); return { preview: null }; } } });
    const source = (id: string, interactive: boolean): Annotation => ({ type: 'annotation', index: 4, source: { type: 'entity', id, title: `Title ${id}`, interactive } });
    const view = await show(test, [answer('a', 'Text', [source('e1', true), source('e2', false)])]);
    const marker = document.createElement('button');
    marker.dataset['citation'] = '1 2';
    view.querySelector('ck-markdown')?.append(marker);
    for (let times = 0; times < 2; times += 1) {
      marker.dispatchEvent(new MouseEvent('mouseover', { bubbles: true }));
      await settled();
      expect(view.querySelector('#ck-source')?.textContent).toMatch(/Title e1[\s\S]*Title e2/);
      marker.dispatchEvent(new KeyboardEvent('keydown', { key: 'Escape', bubbles: true }));
      await settled();
      expect(view.querySelector('#ck-source')).toBeNull();
    }
    marker.click();
    expect([asked, clicked]).toEqual([['e1'], ['e1']]);
  });
});

describe('workflows', () => {
  const task = (title: string, more: object = {}): Task => ({ type: 'custom', title, ...more });
  const head = (view: Element): string => view.querySelector('.workflow-head span')?.textContent?.trim() ?? '';

  test.each<[string, Partial<Workflow>, boolean, string]>([
    ['a title that came early', { summary: { title: 'Plan' }, tasks: [task('One')] }, true, 'Plan'],
    ['the newest task', { tasks: [task('One'), task('Two')] }, true, 'Two'],
    ['work', { tasks: [] }, true, 'Working…'],
    ['thought', { type: 'reasoning', tasks: [] }, true, 'Thinking…'],
    ['the first line of a thought', { type: 'reasoning', tasks: [{ type: 'thought', content: '**Look around**\nthen' }] }, true, 'Look around'],
    ['a duration only at the end', { type: 'reasoning', summary: { duration: 9 }, tasks: [] }, true, 'Thinking…'],
    ['a moment', { summary: { duration: 0 } }, false, 'Thought for a moment'],
    ['seconds', { summary: { duration: 12 } }, false, 'Thought for 12 s'],
    ['minutes', { summary: { duration: 135 } }, false, 'Thought for 2 min 15 s'],
    ['nothing', { tasks: [task('One')] }, false, 'Done'],
  ])('%s is their heading', async (_name, more, isPending, title) => {
    const test = shown();
    const view = await show(test, [user('u'), workflow('w', more)]);
    respond(test, isPending);
    await change(test, view, [user('u'), workflow('w', more)], isPending ? ['w'] : []);
    expect(head(view)).toBe(title);
    expect(view.querySelector('.workflow .shimmer') !== null).toBe(isPending);
  });

  test('the server opens them, and the wish of the user wins from then on', async () => {
    const test = shown();
    const of = (expanded: boolean): ThreadItem => workflow('w', { expanded, tasks: [task('One')] });
    const view = await show(test, [of(false)]);
    expect(view.querySelector('.tasks')).toBeNull();
    await change(test, view, [of(true)]);
    expect(view.querySelector('.tasks')).not.toBeNull();
    view.querySelector<HTMLElement>('.workflow-head')?.click();
    await settled();
    await change(test, view, [of(false)]);
    await change(test, view, [of(true)]);
    expect(view.querySelector('.tasks')).toBeNull();
  });

  const KINDS: [string, Task, string][] = [
    ['custom', task('Look', { icon: 'bolt', content: 'More' }), 'Look'],
    ['web_search', { type: 'web_search', title_query: 'tea', queries: ['tea shops'], sources: [{ type: 'url', title: 'T', url: 'https://t.test' }] }, 'Searched the web'],
    ['thought', { type: 'thought', content: 'Hm.\nmore' }, 'Hm.'],
    ['file', { type: 'file', sources: [{ type: 'file', title: 'Report', filename: 'r.pdf' }] }, 'Read files'],
    ['image', { type: 'image' }, 'Created image'],
  ];

  test.each(KINDS)('a task of kind %s is shown in one with its state, and alone without', async (_kind, one, title) => {
    const test = shown();
    const states = ['loading', 'complete', 'none'] as const;
    const tasks = states.map((status_indicator) => ({ ...one, status_indicator }));
    const alone: ThreadItem = { ...base, id: 't', type: 'task', task: { ...one, status_indicator: 'loading' } };
    const view = await show(test, []);
    respond(test, true);
    await change(test, view, [user('u'), workflow('w', { tasks, expanded: true }), alone], ['w']);
    const lines = [...view.querySelectorAll('.tasks .task')];
    expect(lines).toHaveLength(3);
    expect(lines.map((line) => line.querySelector('.spinner') !== null)).toEqual([true, false, false]);
    expect(lines[0]?.textContent).toContain(title);
    const single = view.querySelector('[data-item-type=task]');
    expect(single?.textContent).toContain(title);
    expect(single?.querySelector('.spinner')).toBeNull();
    expect(single?.querySelector('.shimmer')).not.toBeNull();
    respond(test, false);
    await change(test, view, [user('u'), workflow('w', { tasks, expanded: true }), alone]);
    expect(view.querySelector('.spinner, .shimmer')).toBeNull();
  });

  test('two tasks that are equal are two rows', async () => {
    const view = await show(shown(), [workflow('w', { tasks: [task('Same'), task('Same')], expanded: true })]);
    expect(view.querySelectorAll('.tasks > li')).toHaveLength(2);
  });
});

describe('pictures that are made', () => {
  const picture = (more: object): ThreadItem => ({ ...base, id: 'g', type: 'generated_image', ...more });
  const image = { id: 'i', url: 'data:image/png;base64,x' };

  test('are a placeholder, then what there is of them, then the whole, to enlarge and to download', async () => {
    const test = shown();
    const view = await show(test, []);
    respond(test, true);
    await change(test, view, [user('u'), picture({})], ['g']);
    expect(view.querySelector('.placeholder')).not.toBeNull();
    await change(test, view, [user('u'), picture({ image, progress: 0.5 })], ['g']);
    expect(view.querySelector('progress')?.getAttribute('value')).toBe('0.5');
    expect(view.querySelector<HTMLElement>('figure')?.dataset['progress']).toBe('2');
    respond(test, false);
    await change(test, view, [user('u'), picture({ image })]);
    expect(view.querySelector('progress, [data-progress], .placeholder')).toBeNull();
    expect(view.querySelector('a[download]')).not.toBeNull();
    view.querySelector<HTMLElement>('.enlarge')?.click();
    expect(view.querySelector('dialog img')?.getAttribute('src')).toBe(image.url);
  });

  test('are nothing to see if none came, or from where no picture comes', async () => {
    const view = await show(shown(), [user('u'), picture({}), picture({ id: 'h', image: { id: 'i', url: 'javascript:x()' } })]);
    expect(view.querySelector('figure')).toBeNull();
  });
});

describe('what can be done with an answer', () => {
  const names = (view: Element): (string | null)[] => [...view.querySelectorAll('.turn-actions > button')].map((button) => button.getAttribute('aria-label'));
  const end: ThreadItem = { ...base, id: 'end', type: 'end_of_turn' };

  test('by default it can be copied', async () => {
    expect(names(await show(shown(), [user('u'), answer('a', 'One')]))).toEqual(['Copy']);
  });

  test('is offered when the turn is over: at the end of the response, or when the server says so', async () => {
    const test = shown();
    const view = await show(test, []);
    respond(test, true);
    await change(test, view, [user('u'), answer('a', 'One')], ['a']);
    expect(names(view)).toEqual([]);
    await change(test, view, [user('u'), answer('a', 'One'), end]);
    expect(names(view)).toEqual(['Copy']);
    respond(test, false);
    await change(test, view, [user('u'), answer('a', 'One')]);
    expect(names(view)).toEqual(['Copy']);
  });

  test('a turn of nothing to see has none, and one of nothing to copy has no copy', async () => {
    expect(names(await show(shown(), [user('u'), end]))).toEqual([]);
    const widget: ThreadItem = { ...base, id: 'w', type: 'widget', widget: { type: 'Card' } };
    expect(names(await show(shown(), [user('u'), widget]))).toEqual([]);
  });

  test('all texts of the turn are copied, in order', async () => {
    const written: string[] = [];
    vi.stubGlobal('navigator', { clipboard: { writeText: async (text: string) => void written.push(text) } });
    const widget: ThreadItem = { ...base, id: 'w', type: 'widget', widget: { type: 'Card' }, copy_text: 'Widget' };
    const view = await show(shown(), [user('u'), answer('a', '**One**'), widget, answer('b', 'Two')]);
    view.querySelector<HTMLElement>('[aria-label=Copy]')?.click();
    await settled();
    vi.unstubAllGlobals();
    expect(written).toEqual(['**One**\n\nWidget\n\nTwo']);
    expect(names(view)).toEqual(['Copied']);
  });

  test('all texts of the turn are quoted where nothing of it is selected, unless the thread takes no messages', async () => {
    const test = shown();
    const items = [user('u'), answer('a', 'One'), answer('b', 'Two')];
    const view = await show(test, items);
    const quoted: unknown[] = [];
    view.addEventListener('ck-reply', (event) => quoted.push((event as CustomEvent).detail));
    view.querySelector<HTMLElement>('[aria-label=Quote]')?.click();
    expect(quoted).toEqual(['One\n\nTwo']);
    test.ui.chat.slot.conversation = { ...test.ui.chat.conversation, thread: { id: 't', created_at: '', status: { type: 'locked' } } };
    view.tick += 1;
    await settled();
    expect(view.querySelector('[aria-label=Quote]')).toBeNull();
  });

  test('another answer is asked for in the newest turn only, and not while one comes', async () => {
    const test = shown({ threadItemActions: { retry: true } });
    const view = await show(test, [user('u'), answer('a', 'One'), user('v'), answer('b', 'Two')]);
    expect(names(view)).toEqual(['Copy', 'Copy', 'Retry']);
    expect(names(await show(shown({ threadItemActions: { retry: true } }), [answer('b', 'No user')]))).toEqual(['Copy']);
  });

  test('an answer is rated once each way, and not if the server fails', async () => {
    const test = shown({ threadItemActions: { feedback: true } });
    test.server.answer('items.feedback', json({}), () => new Response('no', { status: 500 }));
    const view = await show(test, [user('u'), answer('a', 'One'), answer('b', 'Two')]);
    const thumb = (name: string): HTMLElement => view.querySelector(`[aria-label="${name}"]`)!;
    thumb('Good response').click();
    thumb('Good response').click();
    await change(test, view, [...test.ui.chat.conversation.items]);
    expect(test.server.bodies.map(({ params }) => params)).toEqual([{ thread_id: 'thr_1', item_ids: ['a', 'b'], kind: 'positive' }]);
    expect(thumb('Good response').getAttribute('aria-pressed')).toBe('true');
    thumb('Bad response').click();
    await settled();
    await change(test, view, [...test.ui.chat.conversation.items]);
    expect(thumb('Good response').getAttribute('aria-pressed')).toBe('true');
    expect(test.toasts).toHaveLength(1);
  });
});

describe('texts of others', () => {
  test.each(XSS.map((text) => [text]))('%j is a text in every item', async (text) => {
    const test = shown();
    const source = { title: text, description: text, group: text, timestamp: text };
    const annotations: Annotation[] = [
      { type: 'annotation', source: { type: 'url', url: text, attribution: text, ...source } },
      { type: 'annotation', source: { type: 'file', filename: text, ...source } },
      { type: 'annotation', source: { type: 'entity', id: text, icon: text, label: text, inline_label: text, ...source } },
    ];
    const files = ['file', 'image'].map((type) => ({ id: text, type, name: text, mime_type: text, preview_url: text }));
    const view = await show(test, [
      user('u', { content: [{ type: 'input_text', text }, { type: 'input_tag', id: 't', text, data: {} }], quoted_text: text, attachments: files }),
      answer('a', 'x', annotations),
      workflow('w', { expanded: true, summary: { title: text, icon: text }, tasks: [
        { type: 'custom', title: text, icon: text, content: text },
        { type: 'web_search', title: text, title_query: text, queries: [text], sources: [{ type: 'url', url: text, title: text }] },
        { type: 'file', sources: [{ type: 'file', filename: text, title: text }] },
      ] }),
      { ...base, id: 'g', type: 'generated_image', image: { id: 'i', url: text } },
    ]);
    view.querySelector<HTMLElement>('button[aria-label=Sources]')?.click();
    await settled();
    expect(view.querySelector('script, iframe, object, embed, link, base, meta, style, form, [onerror], [onload], [onclick], [onmouseover], [style*=url]')).toBeNull();
    for (const link of view.querySelectorAll('a[href]')) {
      expect(link.getAttribute('href')).toMatch(/^https?:/);
      expect(link.getAttribute('rel')).toBe('noopener noreferrer');
    }
  });
});
