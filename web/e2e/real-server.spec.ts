/** The element against this repository's own server, whose model is scripted (tests/web_server.py). */

import type { Page } from '@playwright/test';
import { Line } from './line';
import { REACT_APP } from './places';
import { answers, eventually, expect, newUser, opened, reopened, say, test, told } from './real-server';
import { ScriptedServer } from './scripted-server';
import { PAYLOADS, watchForScripts } from './xss';

// Four by four, red.
const DOT = Buffer.from(
  'iVBORw0KGgoAAAANSUhEUgAAAAQAAAAECAIAAAAmkwkpAAAAEElEQVR4nGP4z8AARwzEcQCukw/x0F8jngAAAABJRU5ErkJggg==',
  'base64',
);

test('the page of the server answers', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, 'hello there');
  await expect(answers(page)).toContainText('You said: hello there');
});

for (const [version, app] of [[18, 'react-18.html'], [19, 'react.html']] as const) {
  test(`3: an app of the official binding, with React ${version}, works with only the script's address changed`, async ({ page, real }) => {
    // The app's page is elsewhere; script and API are the real server's, as a proxy would have it.
    const pages = await ScriptedServer.start(REACT_APP);
    await page.route('**/chatkit.js', async (route) => route.fulfill({ response: await route.fetch({ url: `${real.url}/chatkit.js` }) }));
    await page.route('**/chatkit/**', async (route) => route.fulfill({ response: await route.fetch({ url: real.url + new URL(route.request().url()).pathname }) }));
    await page.route('**/api', async (route) => route.fulfill({ response: await route.fetch({ url: `${real.url}/api/chatkit` }) }));
    await page.goto(`${pages.url}/${app}`);
    await expect(page.getByRole('heading', { name: 'Hello from React' })).toBeVisible();
    await say(page, 'from react');
    await expect(answers(page)).toContainText('You said: from react');
    const handled = await page.evaluate(() => window.handled.map(([name]) => name));
    expect(handled).toEqual(expect.arrayContaining(['onReady', 'onResponseStart', 'onThreadChange', 'onResponseEnd']));
    await page.unrouteAll({ behavior: 'ignoreErrors' });
    await pages.stop();
  });
}

test('a reload in the middle of an answer shows what the server has, and a new message works', async ({ page, real }) => {
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
  await eventually(() => picture.evaluate((image: HTMLImageElement) => image.naturalWidth)).toBe(4);
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

test('21: a connection that is lost in an answer is told; back online, the answer comes by Retry', async ({ page, real, context }) => {
  const line = await Line.to(real.url);
  await opened(page, line.url);
  await say(page, 'slow please');
  await expect(answers(page)).toContainText('word5');
  await context.setOffline(true);
  line.cut();
  const failure = page.locator('.failure');
  await expect(failure).toContainText('interrupted');
  await expect(answers(page)).toContainText('word5'); // what was there stays
  await failure.getByRole('button', { name: 'Retry' }).click();
  await eventually(() => told(page, 'error')).toBe(2); // there is no way yet
  await context.setOffline(false);
  await failure.getByRole('button', { name: 'Retry' }).click();
  await expect(failure).toHaveCount(0);
  await expect(answers(page)).toContainText('word5');
  await page.getByRole('button', { name: 'Stop' }).click();
  await say(page, 'and now');
  await expect(answers(page).last()).toContainText('You said: and now');
  await expect(page.locator('.message.user')).toHaveText([/slow please/, /and now/]);
  await line.stop();
});

test('two tabs of one user show, and go on with, the same thread', async ({ page: first, context, real }) => {
  const user = newUser();
  await opened(first, real.url, user);
  await say(first, 'from the first');
  await expect(answers(first)).toContainText('You said: from the first');
  const second = await context.newPage();
  await opened(second, real.url, user);
  await reopened(second);
  await say(second, 'from the second');
  await expect(answers(second)).toHaveText([/from the first/, /from the second/]);
  await say(first, 'once more'); // without having seen what the other tab did
  await expect(answers(first).last()).toContainText('You said: once more');
  for (const page of [first, second]) {
    await page.evaluate(() => (document.querySelector('openai-chatkit') as unknown as { fetchUpdates(): Promise<void> }).fetchUpdates());
    await expect(page.locator('.message.user')).toHaveText([/from the first/, /from the second/, /once more/]);
  }
});

test.describe('the server that starts anew', () => {
  // One after the other: what one stops is the other's server, too.
  test.describe.configure({ mode: 'default' });

  test('a server that starts anew between two messages goes on with the thread', async ({ page, real }) => {
    await opened(page, real.restarted);
    await say(page, 'before');
    await expect(answers(page)).toContainText('You said: before');
    const restart = await fetch(real.restart, { method: 'POST' });
    expect(restart.status).toBe(204);
    await say(page, 'after');
    await expect(answers(page)).toHaveText([/You said: before/, /You said: after/]);
    await reopened(page);
    await expect(answers(page)).toHaveText([/You said: before/, /You said: after/]);
  });

  test('25: a client secret that ends in an answer cuts nothing, and is replaced for the next message', async ({ page, real }) => {
    const site = `<!doctype html><title>Shop</title><script src="/chatkit.js"></script>
      <openai-chatkit></openai-chatkit><script type="module">
        const secret = async (path, body) => {
          const answer = await fetch(path, { method: 'POST', headers: { 'Content-Type': 'application/json' }, body });
          return (await answer.json()).client_secret;
        };
        window.asked = [];
        document.querySelector('openai-chatkit').setOptions({ api: { url: '/api/chatkit', getClientSecret: (current) => {
          window.asked.push(current);
          return current ? secret('/api/chatkit/refresh', JSON.stringify({ currentClientSecret: current })) : secret('/api/chatkit/session?userId=${newUser()}', '{}');
        } } });
      </script>`;
    await page.route('**/shop', (route) => route.fulfill({ contentType: 'text/html', body: site }));
    const refused: string[] = [];
    page.on('response', (response) => {
      if (response.status() === 401) refused.push(String(response.request().postDataJSON()?.type));
    });
    await page.goto(`${real.restarted}/shop`);
    await say(page, 'slow please');
    // Secrets of this server end after a second, and these words take two.
    await expect(answers(page)).toContainText('word25');
    await page.getByRole('button', { name: 'Stop' }).click();
    const before = await page.evaluate(() => window.asked.length);
    await say(page, 'and now');
    await expect(answers(page).last()).toContainText('You said: and now');
    expect(refused.filter((type) => type === 'threads.add_user_message')).toHaveLength(1);
    const asked = await page.evaluate(() => window.asked);
    expect(asked[0]).toBeNull();
    expect(asked.slice(before)).toEqual([expect.stringMatching(/^ck_sess_/)]);
    await expect(page.locator('.message.user')).toHaveText([/slow please/, /and now/]);
  });
});

declare global {
  interface Window {
    asked: (string | null)[];
  }
}

test('120: no text that goes through the server runs a script, or asks anybody', async ({ page, real }) => {
  test.slow();
  const foreign = await watchForScripts(page, real.url);
  await opened(page, real.url);
  const all = PAYLOADS.join(' ');
  const chunks = Array.from({ length: 4 }, (_, part) => PAYLOADS.filter((_, index) => index % 4 === part));
  const files = PAYLOADS.slice(0, 10).map((name) => ({ name, mimeType: 'text/plain', buffer: Buffer.from('Notes') }));
  await page.locator('input[type="file"]').setInputFiles(files);
  await expect(page.locator('.upload[data-state="done"]')).toHaveCount(files.length);
  const texts = [...chunks.map((chunk) => chunk.join('\n\n')), `show ${all}`, `cite ${all}`];
  for (const [index, text] of texts.entries()) {
    await say(page, text);
    await eventually(() => told(page, 'response.end')).toBe(index + 1);
  }
  await page.getByRole('button', { name: 'History' }).click();
  await page.getByRole('button', { name: /^Rename:/ }).click();
  await page.getByRole('textbox', { name: 'Rename' }).fill(PAYLOADS[1]!);
  await page.keyboard.press('Enter');
  await expect(page.locator('.thread .open')).toContainText(PAYLOADS[1]!);
  await page.getByRole('button', { name: 'Back' }).click();
  await expectHarmless(page, foreign);
  await reopened(page);
  await expectHarmless(page, foreign);
});

/** All that came from the server is there, as text, and does nothing when it is clicked. */
async function expectHarmless(page: Page, foreign: () => string[]): Promise<void> {
  await expect(page.locator('.title')).toContainText(PAYLOADS[1]!);
  await expect(page.locator('.message.user').first()).toContainText(PAYLOADS[9]!); // a file's name
  await expect(page.locator('[data-widget-type="Title"]')).toContainText(PAYLOADS[1]!);
  const sources = page.getByRole('button', { name: 'Sources' });
  await sources.click();
  await expect(page.locator('.sources li')).toHaveCount(3);
  await expect(page.locator('.sources')).toContainText(PAYLOADS[1]!);
  const strange = await page.getByRole('log').evaluate((log) => {
    for (const link of log.querySelectorAll('a')) if (!/^https?:/.test(link.getAttribute('href') ?? '')) link.click();
    const urls = [...log.querySelectorAll('[href], [src]')].map((one) => one.getAttribute('href') ?? one.getAttribute('src') ?? '');
    return urls.filter((url) => !/^(https?:|mailto:|data:image\/(png|jpeg|gif|webp);)/.test(url));
  });
  expect(strange).toEqual([]);
  await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50))));
  expect(await page.evaluate(() => window.pwned ?? ['not watched'])).toEqual([]);
  expect(await page.evaluate(() => window.violations)).toEqual([]); // what only the page's policy has stopped
  expect(foreign()).toEqual([]);
}
