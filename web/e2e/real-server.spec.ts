/** The element against this repository's own server, whose model is scripted (tests/web_server.py). */

import './chat-page';
import { REACT_APP } from './places';
import { answers, expect, opened, reopened, say, test } from './real-server';
import { ScriptedServer } from './scripted-server';
import { PAYLOADS, watchForScripts } from './xss';

// Four by four, red.
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==',
  'base64',
);

test.describe.configure({ mode: 'default' });

test('the page of the server answers', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, 'hello there');
  await expect(answers(page)).toContainText('You said: hello there');
});

test("3: an app of the official React binding works with only the script's address changed", async ({ page, real }) => {
  // The app's page is elsewhere; script and API are the real server's, as a proxy would have it.
  const pages = await ScriptedServer.start(REACT_APP);
  await page.route('**/chatkit.js', async (route) => route.fulfill({ response: await route.fetch({ url: `${real.url}/chatkit.js` }) }));
  await page.route('**/chatkit/**', async (route) => route.fulfill({ response: await route.fetch({ url: real.url + new URL(route.request().url()).pathname }) }));
  await page.route('**/api', async (route) => route.fulfill({ response: await route.fetch({ url: `${real.url}/api/chatkit` }) }));
  await page.goto(`${pages.url}/react.html`);
  await expect(page.getByRole('heading', { name: 'Hello from React' })).toBeVisible();
  await say(page, 'from react');
  await expect(answers(page)).toContainText('You said: from react');
  const handled = await page.evaluate(() => window.handled.map(([name]) => name));
  expect(handled).toEqual(expect.arrayContaining(['onReady', 'onResponseStart', 'onThreadChange', 'onResponseEnd']));
  await page.unrouteAll({ behavior: 'ignoreErrors' });
  await pages.stop();
});

test('140: a reload in the middle of an answer shows what the server has, and a new message works', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, 'slow please');
  await expect(answers(page)).toContainText('word5');
  await reopened(page);
  await expect(page.locator('.message.user')).toContainText('slow please');
  await say(page, 'and now');
  await expect(answers(page).last()).toContainText('You said: and now');
});

test('42: Stop keeps what was written, here and on the server', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, 'slow please');
  await expect(answers(page)).toContainText('word5');
  await page.getByRole('button', { name: 'Stop' }).click();
  await expect(page.getByRole('button', { name: 'Send message' })).toBeVisible();
  const kept = (await answers(page).innerText()).trim();
  expect(kept).not.toContain('word59');
  await reopened(page);
  await expect(answers(page)).toContainText('word5');
  await expect(answers(page)).not.toContainText('word59');
});

test('47: an error is retried', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, `fail ${Date.now()}`);
  const failure = page.locator('.failure');
  await expect(failure).toBeVisible();
  await failure.getByRole('button', { name: 'Retry' }).click();
  await expect(answers(page)).toContainText('You said: fail');
  await expect(failure).toHaveCount(0);
  await expect(page.locator('.message.user')).toHaveCount(1);
});

test('112: a form of a widget is checked, sent and answered', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, 'show the form');
  const submit = page.getByRole('button', { name: 'Order now' });
  await expect(submit).toBeEnabled();
  await submit.click(); // a title is required
  await expect(answers(page)).toHaveCount(0);
  await page.getByPlaceholder('Title').fill('Dune');
  await submit.click();
  await expect(answers(page)).toContainText('order: {"shop": "books", "order": {"title": "Dune"}}');
});

test('101: a file goes up and is named in the message', async ({ page, real }) => {
  await opened(page, real.url);
  await page.locator('input[type="file"]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Notes') });
  await expect(page.locator('.upload[data-state="done"]')).toContainText('notes.txt');
  await say(page, 'look at this');
  await expect(page.locator('.message.user')).toContainText('notes.txt');
  await expect(answers(page)).toContainText('look at this');
  await reopened(page);
  await expect(page.locator('.message.user')).toContainText('notes.txt');
});

test('105: a picture is shown beside its message, also after a reload', async ({ page, real }) => {
  await opened(page, real.url);
  await page.locator('input[type="file"]').setInputFiles({ name: 'dot.png', mimeType: 'image/png', buffer: DOT });
  await expect(page.locator('.upload[data-state="done"]')).toHaveCount(1);
  await say(page, 'what is it?');
  await expect(answers(page)).toContainText('what is it?');
  await reopened(page);
  const picture = page.locator('.message.user').getByRole('img', { name: 'dot.png' });
  await expect.poll(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(4);
  // Its address is signed: a page cannot send a token along with a picture.
  expect(await picture.getAttribute('src')).toMatch(/\/preview\?./);
});

test('21: offline, a message is kept; online, it goes out', async ({ page, real, context }) => {
  await opened(page, real.url);
  await say(page, 'first');
  await expect(answers(page)).toContainText('You said: first');
  await context.setOffline(true);
  await say(page, 'while away');
  const unsent = page.locator('[data-unsent]');
  await expect(unsent).toContainText('while away');
  await context.setOffline(false);
  await unsent.getByRole('button', { name: 'Retry' }).click();
  await expect(answers(page).last()).toContainText('You said: while away');
  await expect(unsent).toHaveCount(0);
  await expect(page.locator('.message.user')).toHaveCount(2);
});

test('120: no text that goes through the server runs a script, or asks anybody', async ({ page, real }) => {
  test.slow();
  const foreign = await watchForScripts(page, real.url);
  await opened(page, real.url);
  for (let from = 0; from < PAYLOADS.length; from += 6) {
    await say(page, PAYLOADS.slice(from, from + 6).join('\n\n'));
    await expect(answers(page)).toHaveCount(from / 6 + 1);
    await expect.poll(() => page.evaluate(() => window.told.filter(({ name }) => name === 'response.end').length)).toBe(from / 6 + 1);
  }
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('button', { name: /^Rename:/ }).click();
  await page.getByRole('textbox', { name: 'Rename' }).fill(PAYLOADS[0]!);
  await page.keyboard.press('Enter');
  await expect(page.locator('.thread .open')).toContainText(PAYLOADS[0]!);
  await reopened(page);
  await expect(answers(page)).not.toHaveCount(0);
  expect(await page.evaluate(() => window.pwned ?? [])).toEqual([]);
  expect(foreign()).toEqual([]);
});
