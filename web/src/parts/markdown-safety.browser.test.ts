// @vitest-environment node
import { afterAll, beforeAll, expect, test } from 'vitest';
import { InBrowser } from '../../tests/in-browser';
import { XSS } from '../../tests/xss';

declare const part: typeof import('../../tests/texts-in-page');

let browser: InBrowser;

beforeAll(async () => {
  browser = await InBrowser.with('tests/texts-in-page.ts');
}, 60_000);
afterAll(() => browser.close());

test.each(XSS.map((text) => [text]))('%j is a text', async (text) => {
  browser.noticed.length = 0;
  const wrong = await browser.run<string[]>(([text]) => part.wrongWith(text), [text]);
  expect(wrong).toEqual([]);
  expect(browser.noticed).toEqual([]);
});

test('what is done to texts is needed', async () => {
  expect(await browser.run<string[]>(([html]) => part.wrongIn(html), ['<p><a href="javascript:x()" style="x">x</a></p>'])).toEqual([
    'href javascript:x()',
    'style',
  ]);
});
