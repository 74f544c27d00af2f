/** A page with the element on it, and the server that it talks to. */

import { test as base, expect, type BrowserContext, type FileChooser, type Locator, type Page } from '@playwright/test';
import { BUILT, REACT_APP } from './places';
import { events, LiveStream, ScriptedServer, type Answer } from './scripted-server';

export interface Told {
  name: string;
  detail?: Record<string, unknown> | null;
}

declare global {
  interface Window {
    told: Told[];
    violations: string[];
    given: Record<string, unknown>;
    handled: [string, unknown][];
    reactVersion: string;
    chat: { setThreadId(threadId: string | null): Promise<void> };
    start(options: object): Promise<void>;
    listen(element: Element): void;
    untilTold(name: string, count: number): Promise<void>;
  }
}

const TELLS_WITHIN_MS = 15_000;

export class ChatPage {
  /** Requests for other machines than the server's. */
  foreign: string[] = [];
  errors: string[] = [];
  private readonly fileChoosers: FileChooser[] = [];

  constructor(
    readonly page: Page,
    readonly server: ScriptedServer,
  ) {
    page.on('request', (request) => {
      const url = request.url();
      if (!url.startsWith(server.url) && !/^(data|blob|about):/.test(url)) this.foreign.push(url);
    });
    page.on('pageerror', (error) => this.errors.push(error.message));
    // From the beginning: the browser is told of it beside the keys, and could hear of the key first.
    page.on('filechooser', (chooser) => this.fileChoosers.push(chooser));
  }

  /** The next dialog in which files are chosen. */
  async fileChooser(): Promise<FileChooser> {
    await eventually(() => this.fileChoosers.length, 'dialogs for files').toBeGreaterThan(0);
    return this.fileChoosers.shift()!;
  }

  async goto(path = '/'): Promise<void> {
    await this.page.goto(`${this.server.url}${path}`, { waitUntil: 'domcontentloaded' });
  }

  /** Load the page, and give the element these options. */
  async open(options: object = {}): Promise<void> {
    await this.goto();
    await this.set(options);
    await this.untilTold('ready');
  }

  /** Options without functions; those are set by `run`. */
  async set(options: object): Promise<void> {
    await this.page.evaluate((given) => window.start(given), options);
  }

  /** Until what has changed is shown, which is so after two frames; layout that follows it takes more. */
  async frames(count = 2): Promise<void> {
    await this.page.evaluate(async (count) => {
      for (let frame = 0; frame < count; frame++) await new Promise((resolve) => requestAnimationFrame(resolve));
    }, count);
  }

  /** Open a thread that the server has already. */
  async openThread(items: readonly object[], more: object = {}, options: object = {}): Promise<void> {
    const thread = {
      id: 'thr_1',
      created_at: '2026-01-02T03:04:05',
      status: { type: 'active' },
      ...more,
      items: { data: items, has_more: false },
    };
    this.server.answer('threads.get_by_id', (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end(JSON.stringify(thread));
    });
    await this.open({ initialThread: 'thr_1', ...options });
    await this.untilTold('thread.load.end');
  }

  /** Send a message whose answer is this stream, and wait for its end. */
  async ask(text: string, list: readonly unknown[]): Promise<void> {
    this.answerNext(events(list));
    const ended = (await this.details('response.end')).length;
    await this.send(text);
    await this.untilTold('response.end', ended + 1);
  }

  /** Send what is written already, and wait for the end of this answer. */
  async sendWritten(list: readonly unknown[]): Promise<void> {
    this.answerNext(events(list));
    await this.sendButton.click();
    await this.untilTold('response.end');
  }

  /** Send a message that is answered while the test looks. */
  async askLive(text = 'Hi', ...list: readonly unknown[]): Promise<LiveStream> {
    const live = new LiveStream();
    this.answerNext(live.answer);
    const count = this.server.operations.length;
    await this.send(text);
    await this.server.until(() => this.server.operations.length > count, 'message');
    live.send(...list);
    return live;
  }

  /** The answer to the next message, whether it begins a thread or not. */
  answerNext(answer: Answer): void {
    this.server.answer('message', answer);
  }

  async write(text: string): Promise<void> {
    await this.field.fill(text);
  }

  async send(text: string): Promise<void> {
    await this.write(text);
    await this.sendButton.click();
  }

  get field(): Locator {
    return this.page.locator('.text-input');
  }

  /** In any language; Stop takes its place. */
  get sendButton(): Locator {
    return this.page.locator('.send');
  }

  button(name: string | RegExp): Locator {
    return this.page.getByRole('button', { name, exact: true });
  }

  get log(): Locator {
    return this.page.getByRole('log');
  }

  item(id: string): Locator {
    return this.page.locator(`[data-item-id="${id}"]`);
  }

  get itemIds(): Promise<string[]> {
    return this.page
      .locator('[data-item-id]')
      .evaluateAll((all) => all.map((one) => one.getAttribute('data-item-id') ?? ''));
  }

  told(): Promise<Told[]> {
    return this.page.evaluate(() => window.told);
  }

  async names(): Promise<string[]> {
    return (await this.told()).map(({ name }) => name).filter((name) => name !== 'log');
  }

  async details(name: string): Promise<unknown[]> {
    return (await this.told()).filter((one) => one.name === name).map(({ detail }) => detail);
  }

  /** Until the element has told this so often; it is an event, so that nobody has to look again and again. */
  async untilTold(name: string, count = 1): Promise<void> {
    const late = `The element did not tell ${name} (${count}).`;
    const isTold = this.page.evaluate(([name, count]) => window.untilTold(name, count), [name, count] as const);
    await Promise.race([isTold, new Promise((_, reject) => setTimeout(() => reject(new Error(late)), TELLS_WITHIN_MS).unref())]);
  }

  /** Forget what was told and asked so far. */
  async forget(): Promise<void> {
    await this.page.evaluate(() => {
      window.told.length = 0;
    });
    this.server.requests = [];
  }

  /** Call a method of the element; resolves to how it ended. */
  call(method: string, ...args: unknown[]): Promise<{ code?: string; name?: string; message?: string; ok: boolean }> {
    return this.page.evaluate(
      async ([name, given]) => {
        const chat = document.getElementById('chat') as unknown as Record<string, (...all: unknown[]) => unknown>;
        try {
          await chat[name as string]!(...(given as unknown[]));
          return { ok: true };
        } catch (error) {
          const { code, name: kind, message } = error as Error & { code?: string };
          return { ok: false, name: kind, message, ...(code ? { code } : {}) };
        }
      },
      [method, args] as const,
    );
  }
}

interface Fixtures {
  chat: ChatPage;
  server: ScriptedServer;
}

interface WorkerFixtures {
  sharedServer: ScriptedServer;
  sharedPage: { context: BrowserContext; page: Page };
}

/** Tests share a page, which each loads anew: that is much faster than a new one. */
export const test = base.extend<Fixtures, WorkerFixtures>({
  sharedServer: [
    async ({}, use) => {
      const server = await ScriptedServer.start(BUILT, REACT_APP);
      await use(server);
      await server.stop();
    },
    { scope: 'worker' },
  ],
  sharedPage: [
    async ({ browser }, use) => {
      const context = await browser.newContext({
        locale: 'en-US',
        permissions: ['clipboard-read', 'clipboard-write', 'microphone'],
        viewport: { width: 900, height: 700 },
        reducedMotion: 'reduce',
      });
      context.setDefaultTimeout(15_000);
      await use({ context, page: await context.newPage() });
      await context.close();
    },
    { scope: 'worker' },
  ],
  server: async ({ sharedServer }, use) => {
    sharedServer.reset();
    await use(sharedServer);
  },
  chat: async ({ sharedPage, server }, use) => {
    const { page } = sharedPage;
    const chat = new ChatPage(page, server);
    await use(chat);
    const violations = await page.evaluate(() => window.violations ?? []);
    page.removeAllListeners();
    await page.goto('about:blank', { waitUntil: 'commit' });
    expect(chat.errors, 'errors of the page').toEqual([]);
    expect(violations, 'violations of the content security policy').toEqual([]);
    expect(server.unscripted, 'requests that no script answers').toEqual([]);
    expect(chat.foreign, 'requests to other hosts').toEqual([]);
  },
});

/** Like `expect.poll`, which looks again after 100 ms only: most of what is waited for takes a frame or two. */
export function eventually<Value>(actual: () => Value | Promise<Value>, message = '') {
  return expect.poll(actual, { message, intervals: [10, 20, 50, 100, 250] });
}

export { expect };
