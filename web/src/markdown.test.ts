import { beforeEach, expect, test, vi } from 'vitest';
import { inDocument, settled, shown } from '../tests/shown';
import { loadPartsWith } from './parts';
import { ENGLISH } from './strings';
import { inlineMarkdown, parsedDeeplink, type MarkdownView } from './markdown';
import { render } from 'lit';

// The real sanitiser needs a real browser, and is tested in one.
vi.mock('dompurify', () => ({ default: { sanitize: (html: string) => html } }));

beforeEach(async () => {
  document.body.replaceChildren();
  const parts: Record<string, unknown> = {
    markdown: await import('./parts/markdown'),
    highlight: await import('./parts/highlight'),
    math: await import('./parts/math'),
  };
  loadPartsWith(async (name) => parts[name]);
});

const show = async (text: string, more: Partial<MarkdownView> = {}, test = shown()): Promise<MarkdownView> => {
  const view = await inDocument<MarkdownView>('ck-markdown', { ui: test.ui, text, ...more });
  await settled();
  return view;
};

test('finished blocks keep their elements while later text streams', async () => {
  const view = await show('# One\n\n- a\n- b\n\nTh', { streaming: true });
  const [heading, list, open] = [...view.querySelectorAll('h1, ul, p:not(li p)')];
  view.text = '# One\n\n- a\n- b\n\nThree\n\nFo';
  await settled();
  expect(view.querySelector('h1')).toBe(heading);
  expect(view.querySelector('ul')).toBe(list);
  expect(open?.isConnected).toBe(false);
  expect([...view.querySelectorAll('p')].map((block) => block.textContent)).toEqual(['Three', 'Fo']);
});

test('code has its colours and a button once it is whole, and only once', async () => {
  const view = await show('```js\nlet a = 1;\n```', { streaming: true });
  expect(view.querySelector('.copy-code, .hljs-keyword')).toBeNull();
  view.text = '```js\nlet a = 1;\n```\n\nDone';
  await settled();
  view.streaming = false;
  await settled();
  expect(view.querySelectorAll('.copy-code')).toHaveLength(1);
  expect(view.querySelector('.hljs-keyword')?.textContent).toBe('let');
});

test('a button copies the code as it was written', async () => {
  const written: string[] = [];
  vi.stubGlobal('navigator', { clipboard: { writeText: async (text: string) => void written.push(text) } });
  const view = await show('```html\n<b>&amp;</b>\n```');
  view.querySelector<HTMLElement>('.copy-code')?.click();
  await settled();
  vi.unstubAllGlobals();
  expect(written).toEqual(['<b>&amp;</b>\n']);
  expect(view.querySelector('.copy-code')?.textContent).toBe('Copied');
});

test('the button for code speaks the language that is chosen while it is there', async () => {
  const test = shown();
  const view = await show('```js\nlet a = 1;\n```', {}, test);
  test.ui.strings = { ...ENGLISH, copyCode: 'Code kopieren' };
  view.strings = test.ui.strings;
  await settled();
  expect(view.querySelector('.copy-code')?.textContent).toBe('Code kopieren');
});

test('a long text that takes long to draw leaves the page time for itself, and is whole once it is over', async () => {
  const long = 'word '.repeat(3_000);
  const view = await show(long, { streaming: true });
  const drawn: number[] = [];
  const render = (view as unknown as { render(): unknown }).render.bind(view);
  let now = 1_000;
  vi.spyOn(performance, 'now').mockImplementation(() => now);
  (view as unknown as { render(): unknown }).render = () => {
    now += 300;
    drawn.push(view.text.length - long.length);
    return render();
  };
  const grow = async (): Promise<void> => {
    view.text += '+';
    await settled();
  };
  now += 5_000;
  for (let round = 0; round < 5; round += 1) await grow();
  expect(drawn).toEqual([1]);
  view.streaming = false;
  await settled();
  expect(drawn).toEqual([1, 5]);
  expect(view.textContent).toContain('word +++++');
  vi.restoreAllMocks();
});

test('formulas are typeset, without styles of their own', async () => {
  const view = await show('$x^2$ and $\\fcolorbox{red}{blue}{y}$ and $\\nonsense$');
  expect(view.querySelectorAll('math').length).toBeGreaterThan(1);
  expect(view.querySelector('[style]')).toBeNull();
});

test('links of the page are told to it, and not followed', async () => {
  const test = shown();
  const view = await show('[a](chatkit-link://source?source_id=1)', {}, test);
  const event = new MouseEvent('click', { bubbles: true, cancelable: true });
  view.querySelector('a')?.dispatchEvent(event);
  expect(event.defaultPrevented).toBe(true);
  expect(test.told).toEqual([{ name: 'deeplink', detail: { name: 'source', data: { source_id: '1' } } }]);
});

test.each([
  ['chatkit-link://Source?Id=1&Id=2', { name: 'Source', data: { Id: '2' } }],
  ['chatkit-link://a%20b/more?x=%C3%A4+b', { name: 'a b', data: { x: 'ä b' } }],
  ['chatkit-link:plain', { name: 'plain', data: {} }],
  ['CHATKIT-LINK://x?a=b?c', { name: 'x', data: { a: 'b?c' } }],
  ['chatkit-link://%zz', { name: '%zz', data: {} }],
])('%s names %j', (link, told) => {
  expect(parsedDeeplink(link)).toEqual(told);
});

test('images are asked for again when other places are allowed', async () => {
  const test = shown();
  const view = await show('![a](https://x.test/a.png)', { domains: '' }, test);
  expect(view.querySelector('img')).toBeNull();
  test.ui.chat.slot.conversation = { ...test.ui.chat.conversation, thread: { id: 't', created_at: '', allowed_image_domains: ['x.test'] } };
  view.domains = 'x.test';
  await settled();
  expect(view.querySelector('img')).not.toBeNull();
});

test('a text is shown plainly where Markdown cannot be loaded', async () => {
  vi.resetModules();
  const { loadPartsWith: load } = await import('./parts');
  const fresh = await import('./markdown');
  load(() => Promise.reject(new Error('offline')));
  const place = document.createElement('p');
  render(fresh.inlineMarkdown(shown().ui, '<b>**x**</b>'), place);
  await settled();
  expect(place.textContent?.trim()).toBe('<b>**x**</b>');
});

test('a line has emphasis, and no block', async () => {
  await show('x');
  const place = document.createElement('p');
  render(inlineMarkdown(shown().ui, '# **x**'), place);
  expect(place.querySelector('strong')?.textContent).toBe('x');
  expect(place.querySelector('h1')).toBeNull();
});
