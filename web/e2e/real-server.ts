/** Pages of this repository's own server, whose model is scripted (tests/web_server.py). */

import type { Locator, Page } from '@playwright/test';
import { eventually, expect, test as base } from './chat-page';
import { HostSite } from './host-site';
import { realServers, type RealServers } from './real-servers';

export type Real = RealServers;

/** Of the same kind as the tests with a scripted server: a worker that ran those can run these. */
export const test = base.extend<{ real: Real; site: HostSite }>({
  real: [async ({}, use) => use(await realServers()), { timeout: 120_000 }],
  // The servers know it, as docs/embed.md says they must.
  site: async ({}, use, { parallelIndex }) => {
    const port = process.env['E2E_SITE_PORTS']!.split(' ')[parallelIndex];
    const site = await HostSite.start(Number(port));
    await use(site);
    await site.stop();
  },
});

let users = 0;

/** A user that has no threads yet. */
export function newUser(): string {
  return `user-${++users}-${Date.now()}`;
}

/** The server's own page. */
export async function opened(page: Page, url: string, user = newUser()): Promise<void> {
  await page.addInitScript((id) => {
    localStorage.setItem('chatkit-page-user', id);
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  }, user);
  await page.goto(url);
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

/** How often the element told this, since the page was opened. */
export function told(page: Page, event: string): Promise<number> {
  return page.evaluate((event) => window.told.filter(({ name }) => name === event).length, event);
}

export async function say(page: Page, text: string): Promise<void> {
  await page.locator('.text-input').fill(text);
  await page.getByRole('button', { name: 'Send message' }).click();
}

export async function reopened(page: Page): Promise<void> {
  await page.reload();
  await page.getByRole('button', { name: 'History' }).click();
  await page.locator('.thread .open').first().click();
}

export function answers(page: Page): Locator {
  return page.locator('.message.assistant');
}

export { eventually, expect };
