/** The chat page of the server itself, against this repository's own server. */

import { createHmac } from 'node:crypto';
import type { Page } from '@playwright/test';
import { loadAxe } from './axe';
import { answers, expect, newUser, opened, say, test } from './real-server';
import { watchForScripts } from './xss';

test.afterEach(async ({ page }) => {
  expect(await page.evaluate(() => window.violations ?? []), 'violations of the policy').toEqual([]);
});

async function openPanel(page: Page): Promise<void> {
  await page.getByRole('button', { name: 'Developer' }).click();
}

async function chatAs(page: Page, user: string): Promise<void> {
  await page.getByLabel('User id').fill(user);
  await page.getByRole('button', { name: 'Apply' }).click();
}

/** What axe finds that is serious, by rule and element. */
async function serious(page: Page): Promise<string[]> {
  await loadAxe(page);
  return page.evaluate(async () => {
    type Found = { violations: { id: string; impact: string; nodes: { target: unknown[] }[] }[] };
    const { axe } = window as unknown as { axe: { run(): Promise<Found> } };
    const { violations } = await axe.run();
    return violations
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) => nodes.map(({ target }) => `${id} ${target.flat().join(' ')}`));
  });
}

function jwt(claims: object, secret: string): string {
  const encoded = (part: object): string => Buffer.from(JSON.stringify(part)).toString('base64url');
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded(claims)}`;
  return `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
}

test('greets and offers messages as the settings say', async ({ page, real }) => {
  await opened(page, real.url);
  await expect(page.getByRole('heading', { name: 'Welcome to the tests' })).toBeVisible();
  await expect(page.locator('.prompt')).toHaveText(['Say hello', 'What is new?']);
  await page.getByRole('button', { name: 'Say hello' }).click();
  await expect(answers(page)).toContainText('You said: hello there');
});

test('says that the demo model answers, and only then', async ({ page, real }) => {
  await opened(page, real.url);
  await expect(page.locator('#notice')).toBeHidden();
  await page.goto(real.demo);
  await expect(page.locator('#notice')).toContainText('the demo model answers');
});

test('shows the threads of the user that is chosen', async ({ page, real }) => {
  const [one, other] = [newUser(), newUser()];
  await opened(page, real.url, one);
  await say(page, 'mine alone');
  await expect(answers(page)).toContainText('You said: mine alone');
  await openPanel(page);
  await chatAs(page, other);
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.getByText('No chats yet')).toBeVisible();
  await page.getByRole('button', { name: 'Back' }).click();
  await chatAs(page, one);
  await page.getByRole('button', { name: 'History' }).click();
  await expect(page.locator('.thread .open')).toHaveCount(1);
});

test('tells the model of the page what a developer fills in', async ({ page, real }) => {
  await opened(page, real.url);
  await say(page, 'what are you told');
  await expect(answers(page)).not.toContainText('Prices of apples');
  await openPanel(page);
  await page.getByLabel('Title').fill('Prices of apples');
  await page.getByLabel('Name of the user').fill('Ada');
  await page.getByLabel('Send it with each message').check();
  await page.getByRole('button', { name: 'Apply' }).click();
  await say(page, 'what are you told');
  await expect(answers(page).last()).toContainText('Prices of apples');
  await expect(answers(page).last()).toContainText('Ada');
});

test('lists the events of the element', async ({ page, real }) => {
  await opened(page, real.url);
  await openPanel(page);
  await say(page, 'hello');
  await expect(page.locator('#events')).toContainText('chatkit.response.end');
});

test('shows code to embed the chat that works on another page', async ({ page, real }) => {
  await opened(page, real.url);
  await openPanel(page);
  const code = await page.locator('#embed').innerText();
  const shop = `<!doctype html><title>Shop</title><style>#chat { height: 500px }</style>${code}`;
  await page.route('**/shop', (route) => route.fulfill({ contentType: 'text/html', body: shop }));
  // Of the same server, since Chromium lets no page of elsewhere ask this machine.
  await page.goto(`${real.url}/shop`);
  await say(page, 'from a shop');
  await expect(answers(page)).toContainText('You said: from a shop');
});

test('asks nobody but its server', async ({ page, real }) => {
  const foreign = await watchForScripts(page, real.url);
  await opened(page, real.url);
  await say(page, '# A title\n\n```js\nconst one = 1;\n```');
  await expect(answers(page).locator('.copy-code')).toBeVisible();
  expect(foreign()).toEqual([]);
});

test('signs in whom the cookie names', async ({ page, real, context }) => {
  const soon = Math.floor(Date.now() / 1000) + 600;
  const token = jwt({ sub: newUser(), exp: soon }, real.jwtSecret);
  await context.addCookies([{ name: 'auth_token', value: token, url: real.closed, httpOnly: true }]);
  await opened(page, real.closed);
  await say(page, 'it is me');
  await expect(answers(page)).toContainText('You said: it is me');
  await expect(page.locator('#trouble')).toBeHidden();
  await openPanel(page);
  await expect(page.getByLabel('User id')).toBeDisabled();
});

test('says that nobody is signed in', async ({ page, real }) => {
  await opened(page, real.closed);
  const trouble = page.getByRole('alert').filter({ hasText: 'You are not signed in.' });
  await expect(trouble).toBeVisible();
  await expect(trouble).not.toContainText('Nobody is signed in');
});

test('says that the server is down', async ({ page, real }) => {
  await page.route('**/api/chatkit/config', (route) => route.abort());
  await page.goto(real.url);
  await expect(page.getByRole('alert')).toContainText('The server cannot be reached.');
  await page.unroute('**/api/chatkit/config');
  await page.getByRole('button', { name: 'Try again' }).click();
  await expect(page.locator('.text-input')).toBeVisible();
});

for (const colorScheme of ['light', 'dark'] as const) {
  test(`has nothing that axe finds serious, in ${colorScheme}`, async ({ page, real }) => {
    await page.emulateMedia({ colorScheme });
    await opened(page, real.demo);
    await openPanel(page);
    await expect(page.locator('html')).toHaveAttribute('data-scheme', colorScheme);
    await expect(page.locator('.frame')).toHaveAttribute('data-scheme', colorScheme);
    expect(await serious(page)).toEqual([]);
  });
}

test('keeps the scheme that was chosen', async ({ page, real }) => {
  await opened(page, real.url);
  await page.getByRole('button', { name: 'Dark' }).click();
  await page.reload();
  await expect(page.locator('.frame')).toHaveAttribute('data-scheme', 'dark');
});

test('fits into 320 pixels', async ({ page, real }) => {
  await page.setViewportSize({ width: 320, height: 640 });
  await opened(page, real.demo);
  await openPanel(page);
  const wide = await page.evaluate(() => document.documentElement.scrollWidth);
  expect(wide).toBe(320);
});
