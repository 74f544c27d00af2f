/** Runs a module of the element in Chromium: what is said to be safe there is so for a real parser. */

import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import path from 'node:path';
import { chromium, type Browser, type Page } from '@playwright/test';
import { build } from 'vite';

const WEB = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const INSTALLED = '/usr/bin/chromium';

export class InBrowser {
  /** Scripts, dialogs and requests that there should be none of. */
  readonly noticed: string[] = [];

  private constructor(
    readonly browser: Browser,
    readonly page: Page,
  ) {}

  /** @param module - What the page knows as `part`, by its path in `web/`. */
  static async with(module: string): Promise<InBrowser> {
    const built = await build({
      configFile: false,
      root: WEB,
      logLevel: 'silent',
      build: {
        write: false,
        minify: false,
        target: 'es2022',
        lib: { entry: path.join(WEB, module), formats: ['iife'], name: 'part', fileName: () => 'part.js' },
      },
    });
    const [output] = Array.isArray(built) ? built : [built];
    const code = output && 'output' in output ? output.output[0].code : '';
    const browser = await chromium.launch({
      ...(existsSync(INSTALLED) ? { executablePath: INSTALLED } : {}),
      args: [
        '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
        '--disable-background-networking', '--disable-component-update', '--disable-sync',
      ],
    });
    const page = await browser.newPage();
    const self = new InBrowser(browser, page);
    await page.route('**', (route) => {
      const url = route.request().url();
      if (url === 'https://page.test/') return route.fulfill({ contentType: 'text/html', body: '<!doctype html>' });
      self.noticed.push(url);
      return route.abort();
    });
    page.on('dialog', (dialog) => {
      self.noticed.push(dialog.message());
      void dialog.dismiss();
    });
    await page.goto('https://page.test/');
    await page.addScriptTag({ content: code });
    return self;
  }

  /** What a function returns in the page. */
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- arguments of any kind
  run<Result>(work: (given: any) => Result | Promise<Result>, given: unknown[]): Promise<Result> {
    return this.page.evaluate(work as (given: unknown[]) => Result, given) as Promise<Result>;
  }

  async close(): Promise<void> {
    await this.browser.close();
  }
}
