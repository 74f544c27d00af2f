/** This repository's own server, whose model is scripted (tests/web_server.py), and its chat page. */

import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { expect, test as base, type Locator, type Page } from '@playwright/test';
import { BUILT, ROOT } from './places';

export interface Real {
  url: string;
  /** Of a server that answers with the demo model. */
  demo: string;
  /** Of a server that lets nobody in but who has a cookie with a JWT. */
  closed: string;
  jwtSecret: string;
}

const VENV = path.join(ROOT, '.venv/bin/python');

/** @param settings - Of all the servers, by their names in the environment. */
export async function started(settings: Record<string, string> = {}): Promise<{ real: Real; process: ChildProcess }> {
  const python = process.env['PYTHON'] ?? (existsSync(VENV) ? VENV : 'python3');
  const child = spawn(python, ['-m', 'tests.web_server', '--static', BUILT], {
    cwd: ROOT,
    env: {
      PATH: process.env['PATH'],
      HOME: process.env['HOME'],
      PYTHONPATH: path.join(ROOT, 'src'),
      ...settings,
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  const lines = createInterface({ input: child.stdout });
  // The server logs there as well, at times into the same line.
  for await (const line of lines) {
    const [told] = /\{"url".*?\}/.exec(line) ?? [];
    if (!told) continue;
    child.stdout.resume(); // a server that nobody listens to would wait to be heard
    return { real: JSON.parse(told) as Real, process: child };
  }
  throw new Error('The server did not start.');
}

export const test = base.extend<object, { real: Real }>({
  real: [
    async ({}, use) => {
      const { real, process: child } = await started();
      await use(real);
      child.stdin?.end();
      await once(child, 'exit');
    },
    { scope: 'worker', timeout: 90_000 },
  ],
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

export { expect };
