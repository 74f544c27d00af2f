// @vitest-environment node
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { InBrowser } from '../../tests/in-browser';
import type { Marker } from '../markdown';

type Markers = [number, ...number[]][];

let browser: InBrowser;

beforeAll(async () => {
  browser = await InBrowser.with('src/parts/markdown.ts');
}, 60_000);
afterAll(() => browser.close());

function marked(markers: Markers): Marker[] {
  return markers.map(([place, ...numbers]) => {
    const label = numbers.join(', ');
    return { place, numbers, label, name: `Source ${label}` };
  });
}

/** The blocks as HTML, with citations written `[1]`. */
async function shown(text: string, markers: Markers = [], images = true): Promise<string> {
  const html = await browser.run<string>(
    ([text, markers, images]) =>
      part.blocks(text, () => images, markers).map((block: { html: string }) => block.html).join(''),
    [text, marked(markers), images],
  );
  return html.replace(/<sup><button[^>]*data-citation="([\d ]+)"[^>]*>[^<]*<\/button><\/sup>/g, '[$1]').trim();
}

declare const part: typeof import('./markdown');

describe('the Markdown of GitHub', () => {
  test.each([
    ['a heading', '## Two', '<h2 dir="auto">Two</h2>'],
    ['emphasis', '*a* **b** ~~c~~ `d`', '<p dir="auto"><em>a</em> <strong>b</strong> <s>c</s> <code>d</code></p>'],
    ['a single newline', 'one\ntwo', '<p dir="auto">one<br>\ntwo</p>'],
    ['a link', '[a](https://x.org "t")', '<p dir="auto"><a href="https://x.org" title="t" target="_blank" rel="noopener noreferrer">a</a></p>'],
    ['a bare address', 'at https://x.org.', '<p dir="auto">at <a href="https://x.org" target="_blank" rel="noopener noreferrer">https://x.org</a>.</p>'],
    ['a quote', '> q', '<blockquote dir="auto">\n<p dir="auto">q</p>\n</blockquote>'],
    ['a rule', '---', '<hr>'],
    ['a list that begins at three', '3. c', '<ol start="3">\n<li dir="auto">c</li>\n</ol>'],
    ['raw HTML', '<b onclick="x()">b</b><script>x()</script>', '<p dir="auto">&lt;b onclick="x()"&gt;b&lt;/b&gt;&lt;script&gt;x()&lt;/script&gt;</p>'],
    ['a link of the page', '[a](chatkit-link://Src?Id=1)', '<p dir="auto"><a href="#" data-deeplink="chatkit-link://Src?Id=1">a</a></p>'],
    ['a relative link', '[a](/docs)', '<p dir="auto"><a>a</a></p>'],
  ])('%s', async (_name, text, html) => {
    expect(await shown(text)).toBe(html);
  });

  test('tables scroll, and are aligned without a style attribute', async () => {
    const html = await shown('| a | b |\n|:-:|--:|\n| 1 | 2 |');
    expect(html).toContain('<div class="table" tabindex="0"><table>');
    expect(html).toContain('<th data-align="center">a</th>');
    expect(html).toContain('<td data-align="right">2</td>');
    expect(html).not.toContain('style');
  });

  test('points of a task list are labelled boxes that nobody can change', async () => {
    const html = await shown('- [ ] open\n- [x] done');
    expect(html).toContain('<li class="task" dir="auto"><label><input type="checkbox" disabled=""> open</label></li>');
    expect(html).toContain('<label><input type="checkbox" disabled="" checked=""> done</label>');
  });

  test('a block of code names its language, also while it is written', async () => {
    const html = await shown('```c++ title="x"\n<a> & b');
    expect(html).toBe(
      '<div class="code" data-language="c++" dir="ltr"><pre tabindex="0"><code class="language-c++">&lt;a&gt; &amp; b</code></pre></div>',
    );
  });
});

describe('formulas', () => {
  test.each([
    ['$x^2$', 'x^2'],
    ['so $5x + 3$, then', '5x + 3'],
    ['\\(a_1\\)', 'a_1'],
    ['$5 \\times x$', '5 \\times x'],
    ['$3 \\text{cm}$', '3 \\text{cm}'],
  ])('%s is one', async (text, tex) => {
    expect(await shown(text)).toContain(`<span class="math" data-math="${tex}" dir="ltr">`);
  });

  test.each([
    ['$$\na + b\n$$', 'a + b'],
    ['\\[ a \\]', 'a'],
    ['- $$a$$', 'a'],
    ['  $$\n  a\n  $$', 'a'],
  ])('%j is one of its own', async (text, tex) => {
    expect(await shown(text)).toContain(`data-math="${tex}" data-display="true"`);
  });

  test.each([
    'It costs $5 or $10.',
    '$20, then $30',
    '$5-$10',
    '$5 (or 5$)',
    'US$5 and A$6',
    'set $HOME/$USER',
    'between $1M and $2M',
    '$ 5 $',
    'a $$ b',
    '`$x$`',
    '\\$x$',
    '$$\n\nnever closed',
  ])('%j is none', async (text) => {
    expect(await shown(text)).not.toContain('data-math');
  });
});

describe('citations', () => {
  test.each<[string, string, Markers, string]>([
    ['at the end', 'It is so.', [[9, 1]], '<p dir="auto">It is so.[1]</p>'],
    ['past the end', 'So.', [[99, 1]], '<p dir="auto">So.[1]</p>'],
    ['after an emoji, by code points', '🎉🎉 so', [[2, 1]], '<p dir="auto">🎉🎉[1] so</p>'],
    ['several at one place', 'So.', [[3, 1, 2]], '<p dir="auto">So.[1 2]</p>'],
    ['after Windows line ends', 'a\r\nb\r\nc', [[4, 1]], '<p dir="auto">a<br>\nb[1]<br>\nc</p>'],
    ['after bold that ends with a stop', '**So.** More', [[7, 1]], '<p dir="auto"><strong>So.</strong>[1] More</p>'],
    ['before bold that begins with a quote', 'a **"b"** c', [[2, 1]], '<p dir="auto">a [1]<strong>"b"</strong> c</p>'],
    ['between the signs of bold', '**So** it', [[5, 1]], '<p dir="auto"><strong>So</strong>[1] it</p>'],
    ['in a code span', 'a `b c` d', [[5, 1]], '<p dir="auto">a <code>b c</code>[1] d</p>'],
    ['in a formula', 'a $b+c$ d', [[4, 1]], '<p dir="auto">a <span class="math" data-math="b+c" dir="ltr">b+c</span>[1] d</p>'],
    ['in an entity', 'a &amp; b', [[4, 1]], '<p dir="auto">a &amp;[1] b</p>'],
    ['at an escape', 'a \\* b', [[3, 1]], '<p dir="auto">a *[1] b</p>'],
    ['before a heading', '# One', [[0, 1]], '<h1 dir="auto">[1]One</h1>'],
    ['at the end of a heading', '# One #\n\ntwo', [[7, 1]], '<h1 dir="auto">One[1]</h1>\n<p dir="auto">two</p>'],
    ['in the sign of a point', '- a\n- b', [[5, 1]], '<ul>\n<li dir="auto">a</li>\n<li dir="auto">[1]b</li>\n</ul>'],
    ['on an empty line', 'a\n\nb', [[2, 1]], '<p dir="auto">a[1]</p>\n<p dir="auto">b</p>'],
    ['under a heading that is underlined', 'a\n---\nb', [[4, 1]], '<h2 dir="auto">a[1]</h2>\n<p dir="auto">b</p>'],
    ['in a text of nothing', '', [[0, 1]], '<p dir="auto">[1]</p>'],
  ])('%s', async (_name, text, markers, html) => {
    expect(await shown(text, markers)).toBe(html);
  });

  test.each([4, 8, 15, 17])('in a link, they come after it (%i)', async (place) => {
    expect(await shown('a [bcdef](https://x.org) g', [[place, 1]])).toContain('>bcdef</a>[1] g');
  });

  test('at the end of a bare address, they are no part of it', async () => {
    const html = await shown('at https://x.org/a and', [[18, 1]]);
    expect(html).toContain('<a href="https://x.org/a" target="_blank" rel="noopener noreferrer">https://x.org/a</a>[1] and');
  });

  test.each([3, 5, 8, 11])('in a block of code, they come after it (%i), which ends where it ended', async (place) => {
    const html = await shown('```\nab\nc\n```\n\nmore', [[place, 1]]);
    expect(html).toContain('<code>ab\nc\n</code></pre></div><p dir="auto">[1]</p>');
    expect(html).toContain('<p dir="auto">more</p>');
  });

  test.each([
    [3, '<th>a[1]</th>'],
    [11, '<th>b[1]</th>'],
    [13, '<th>b[1]</th>'],
    [27, '<td>1[1]</td>'],
    [31, '<td>2[1]</td>'],
  ])('in a table, they stand in a cell (%i)', async (place, html) => {
    expect(await shown('| a  | b  |\n|----|----|\n| 1 | 2 |', [[place, 1]])).toContain(html);
  });

  test('a text cannot write one itself', async () => {
    expect(await shown('a \uE0000\uE001 b')).not.toContain('citation');
  });

  test('an icon can stand for one', async () => {
    const html = await browser.run<string>(
      ([marker]) => part.blocks('a', () => false, [marker])[0]!.html,
      [{ place: 1, numbers: [1], label: '', icon: 'book-open', name: 'Source 1' }],
    );
    expect(html).toContain('data-icon="book-open"></button>');
  });

  test('names and labels are text', async () => {
    const html = await browser.run<string>(
      ([marker]) => part.blocks('a', () => false, [marker])[0]!.html,
      [{ place: 1, numbers: [1], label: '<img src=x onerror=x()>', name: '"><script>x()</script>' }],
    );
    expect(html).not.toMatch(/<img|<script/);
  });
});

describe('images', () => {
  test('are shown where they may come from, without telling where they are shown', async () => {
    expect(await shown('![a "b"](https://x.org/a.png)')).toBe(
      '<p dir="auto"><img src="https://x.org/a.png" alt="a &quot;b&quot;" loading="lazy" referrerpolicy="no-referrer"></p>',
    );
  });

  test('show their text where they may not', async () => {
    expect(await shown('![a](https://x.org/a.png)', [], false)).toBe('<p dir="auto"><span class="blocked-image">a</span></p>');
  });

  test.each(['data:image/svg+xml,<svg/>', 'javascript:x()', 'file:///a.png', '//x.org/a.png', '/a.png', 'data:text/html,x'])(
    'never come from %s',
    async (source) => {
      expect(await shown(`![a](<${source}>)`)).not.toContain('<img');
    },
  );
});

describe('a text that grows', () => {
  const TEXT = [
    '# Title', 'A *paragraph* that\ngoes on.', '1. one\n\n2. two\n\n   more\n\n3. three', '- a\n\n- b',
    '```js\nlet a = 1;\n\nlet b;\n```', '| a | b |\n|---|---|\n| 1 | 2 |', '$$\nx\n$$', '> q\n\n> r', '---',
    'Set\n===', '    code\n\n    more', '* x\n  * y\n\n    z', '\\[ a \\]', 'Last.',
  ].join('\n\n');

  test('looks at each moment as if it had come at once', async () => {
    const wrong = await browser.run<string[]>(
      ([text, markers]) => {
        const growing = new part.GrowingText(() => true);
        const wrong: string[] = [];
        for (let end = 0; end <= text.length; end += 1) {
          const so_far = text.slice(0, end);
          const html = (all: readonly { html: string }[]): string => all.map((block) => block.html).join('|');
          const there = markers.filter((marker: { place: number }) => marker.place <= end);
          const once = html(part.blocks(so_far, () => true, there));
          if (html(growing.blocks(so_far, there)) !== once) wrong.push(so_far);
        }
        return wrong;
      },
      [TEXT, marked([[3, 1], [20, 2], [60, 3], [130, 4], [200, 5]])],
    );
    expect(wrong).toEqual([]);
  });

  test('keeps finished blocks as they are', async () => {
    const same = await browser.run<boolean>(() => {
      const growing = new part.GrowingText(() => true);
      const [before] = growing.blocks('One.\n\nTwo.\n\nThr');
      const [after] = growing.blocks('One.\n\nTwo.\n\nThree.');
      return before === after;
    }, []);
    expect(same).toBe(true);
  });

  test('a definition of a link that comes last reaches links before it', async () => {
    const html = await browser.run<string>(() => {
      const growing = new part.GrowingText(() => true);
      growing.blocks('[a]\n\nb\n\nc');
      return growing.blocks('[a]\n\nb\n\nc\n\n[a]: https://x.org')[0]!.html;
    }, []);
    expect(html).toContain('href="https://x.org"');
  });

  test('20 kB in 2,000 steps take no three seconds', async () => {
    const ms = await browser.run<number>(([text]) => {
      const whole = text.repeat(Math.ceil(20_000 / text.length)).slice(0, 20_000);
      const growing = new part.GrowingText(() => true);
      const start = performance.now();
      for (let end = 10; end <= whole.length; end += 10) growing.blocks(whole.slice(0, end));
      return performance.now() - start;
    }, [`${TEXT}\n\n`]);
    expect(ms).toBeLessThan(3_000);
  });

  test('what never closes does not take long', async () => {
    const slow = await browser.run<unknown>(() => {
      const slow: [string, number][] = [];
      for (const sign of ['$$\n', '\\(', '$a', '[', '**a ', '`', '\\[\n', '![', '<a', '| a ', '> ', '- ']) {
        const start = performance.now();
        part.blocks(sign.repeat(3_000), () => true);
        const ms = performance.now() - start;
        if (ms > 4_000) slow.push([sign, ms]);
      }
      return slow;
    }, []);
    expect(slow).toEqual([]);
  }, 30_000);
});
