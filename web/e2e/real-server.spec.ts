/** The element against this repository's own server, whose model is scripted (tests/web_server.py). */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test as base, type Page } from '@playwright/test';
import { BUILT, REACT_APP, ROOT } from './places';
import { ScriptedServer } from './scripted-server';
import { PAYLOADS, watchForScripts } from './xss';

interface Real {
  url: string;
}

const VENV = path.join(ROOT, '.venv/bin/python');

async function started(): Promise<{ url: string; process: ChildProcess }> {
  const python = process.env['PYTHON'] ?? (existsSync(VENV) ? VENV : 'python3');
  const child = spawn(python, ['-m', 'tests.web_server', '--static', BUILT], {
    cwd: ROOT,
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], PYTHONPATH: path.join(ROOT, 'src') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  // The server logs there as well.
  for await (const line of lines) {
    if (line.startsWith('{"url"')) return { url: (JSON.parse(line) as Real).url, process: child };
  }
  throw new Error('The server did not start.');
}

const test = base.extend<object, { real: Real }>({
  real: [
    async ({}, use) => {
      const { url, process: child } = await started();
      await use({ url });
      child.stdin?.end();
      await once(child, 'exit');
    },
    { scope: 'worker', timeout: 60_000 },
  ],
});

test.describe.configure({ mode: 'default' });

let user = 0;

/** The server's own page, as a user that has no threads yet. */
async function opened(page: Page, real: Real, name = `user-${++user}-${Date.now()}`): Promise<void> {
  await page.addInitScript((id) => localStorage.setItem('chatkit-page-user', id), name);
  await page.goto(real.url);
  await expect(page.locator('.text-input')).toBeVisible();
  await page.evaluate(() => {
    window.told = [];
    for (const event of ['thread.change', 'error', 'response.end']) {
      document.querySelector('openai-chatkit')!.addEventListener(`chatkit.${event}`, (told) => {
        window.told.push({ name: event, detail: (told as CustomEvent<Record<string, unknown>>).detail });
      });
    }
  });
}

async function say(page: Page, text: string): Promise<void> {
  await page.locator('.text-input').fill(text);
  await page.getByRole('button', { name: 'Send message' }).click();
}

async function reopened(page: Page): Promise<void> {
  await page.reload();
  await page.getByRole('button', { name: 'History' }).click();
  await page.locator('.thread .open').first().click();
}

const answers = (page: Page) => page.locator('.message.assistant');

test('the page of the server answers', async ({ page, real }) => {
  await opened(page, real);
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
  await opened(page, real);
  await say(page, 'slow please');
  await expect(answers(page)).toContainText('word5');
  await reopened(page);
  await expect(page.locator('.message.user')).toContainText('slow please');
  await say(page, 'and now');
  await expect(answers(page).last()).toContainText('You said: and now');
});

test('42: Stop keeps what was written, here and on the server', async ({ page, real }) => {
  await opened(page, real);
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
  await opened(page, real);
  await say(page, `fail ${Date.now()}`);
  const failure = page.locator('.failure');
  await expect(failure).toBeVisible();
  await failure.getByRole('button', { name: 'Retry' }).click();
  await expect(answers(page)).toContainText('You said: fail');
  await expect(failure).toHaveCount(0);
  await expect(page.locator('.message.user')).toHaveCount(1);
});

test('112: a form of a widget is checked, sent and answered', async ({ page, real }) => {
  await opened(page, real);
  await say(page, 'show the form');
  const submit = page.getByRole('button', { name: 'Order now' });
  await expect(submit).toBeEnabled();
  await submit.click(); // a title is required
  await expect(answers(page)).toHaveCount(0);
  await page.getByPlaceholder('Title').fill('Dune');
  await submit.click();
  await expect(answers(page)).toContainText('order: {"shop": "books", "order": {"title": "Dune"}}');
});

test('101: a file goes up and is named in the message', async ({ page, real, request }) => {
  const config = (await (await request.get(`${real.url}/api/chatkit/config`)).json().catch(() => ({}))) as {
    options?: { composer?: { attachments?: { enabled?: boolean } } };
  };
  test.fixme(!config.options?.composer?.attachments?.enabled, 'The server takes no files yet.');
  await opened(page, real);
  await page.locator('input[type="file"]').setInputFiles({ name: 'notes.txt', mimeType: 'text/plain', buffer: Buffer.from('Notes') });
  await expect(page.locator('.upload[data-state="done"]')).toContainText('notes.txt');
  await say(page, 'look at this');
  await expect(page.locator('.message.user')).toContainText('notes.txt');
  await expect(answers(page)).toContainText('look at this');
  await reopened(page);
  await expect(page.locator('.message.user')).toContainText('notes.txt');
});

test('21: offline, a message is kept; online, it goes out', async ({ page, real, context }) => {
  await opened(page, real);
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
  await opened(page, real);
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
