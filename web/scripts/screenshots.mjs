// Makes the pictures of the documentation, in docs/images, from the server itself with fixed answers.

import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { chromium } from '@playwright/test';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const images = path.join(root, 'docs/images');
const built = path.resolve(process.env.CHATKIT_STATIC ?? path.join(root, 'src/chatkit_backend/static'));
const QUESTION = 'How do I choose a model?';
const WIDE = { width: 1200, height: 800 };

async function served() {
  const own = path.join(root, '.venv/bin/python');
  const python = process.env.PYTHON ?? (existsSync(own) ? own : 'python3');
  const told = ['--static', built, '--answers', path.join(here, 'answers.json')];
  const server = spawn(python, ['-m', 'tests.web_server', ...told], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, PYTHONPATH: path.join(root, 'src') },
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  for await (const line of createInterface({ input: server.stdout })) {
    const [found] = /\{"url".*?\}/.exec(line) ?? [];
    if (!found) continue;
    server.stdout.resume();
    return { url: JSON.parse(found).url, stop: () => server.stdin.end() };
  }
  throw new Error('The server did not start.');
}

let browser;
let url;

/** A page of the server, as a user whose threads are only those of this picture. */
async function opened(name, { size = WIDE, colorScheme = 'light' } = {}) {
  const page = await browser.newPage({ viewport: size, colorScheme, reducedMotion: 'reduce', locale: 'en-US' });
  await page.addInitScript((user) => localStorage.setItem('chatkit-page-user', user), name);
  await page.goto(url);
  await page.locator('.text-input').waitFor();
  return page;
}

async function say(page, text) {
  await page.locator('.text-input').fill(text);
  await page.locator('.send').click();
  await page.locator('.scroller[aria-busy="false"] .message.user').last().waitFor();
}

async function ask(page, text) {
  await say(page, text);
  await page.locator('.turn[data-newest] .turn-actions').waitFor();
}

async function take(page, name) {
  await page.mouse.move(0, 0);
  // A caret blinks.
  await page.evaluate(() => document.activeElement?.blur());
  await page.evaluate(() => document.fonts.ready);
  await page.waitForTimeout(400); // colours of code come last
  await page.screenshot({ path: path.join(images, `${name}.png`), caret: 'hide' });
  await page.close();
}

const WIDGET = {
  type: 'Card',
  size: 'md',
  status: { text: 'Your order', icon: 'cube' },
  children: [
    {
      type: 'Row',
      children: [
        { type: 'Title', value: 'Espresso beans', size: 'sm' },
        { type: 'Spacer' },
        { type: 'Badge', label: 'In stock', color: 'success' },
      ],
    },
    { type: 'Text', value: 'Roasted on Monday, 2 × 500 g', color: 'secondary' },
    { type: 'Divider' },
    {
      type: 'Form',
      gap: 3,
      onSubmitAction: { type: 'order' },
      children: [
        { type: 'Select', name: 'grind', placeholder: 'Grind', options: [{ value: 'whole', label: 'Whole beans' }], defaultValue: 'whole', block: true },
        { type: 'Checkbox', name: 'gift', label: 'Wrap it as a gift', defaultChecked: true },
        { type: 'Button', label: 'Order now', submit: true, style: 'primary', block: true },
      ],
    },
  ],
};
const CHART = {
  type: 'Card',
  size: 'md',
  children: [
    { type: 'Title', value: 'Cups of coffee', size: 'sm' },
    {
      type: 'Chart',
      height: 180,
      data: ['Mon', 'Tue', 'Wed', 'Thu', 'Fri'].map((day, index) => ({ day, office: [12, 18, 15, 21, 9][index], home: [3, 2, 4, 2, 5][index] })),
      xAxis: 'day',
      series: [
        { type: 'bar', dataKey: 'office', label: 'Office' },
        { type: 'bar', dataKey: 'home', label: 'Home' },
      ],
    },
  ],
};

/** A thread that a server might have made, with components of every kind. */
function eventsOfWidgets() {
  const head = { thread_id: 'thr_1', created_at: '2026-01-02T03:04:05' };
  const question = { ...head, id: 'u1', type: 'user_message', content: [{ type: 'input_text', text: 'Order coffee, please' }], attachments: [], inference_options: {} };
  const items = [question, ...[WIDGET, CHART].map((widget, index) => ({ ...head, id: `w${index}`, type: 'widget', widget }))];
  const thread = { id: 'thr_1', created_at: head.created_at, status: { type: 'active' }, title: 'Coffee' };
  const events = [{ type: 'thread.created', thread }, ...items.map((item) => ({ type: 'thread.item.done', item }))];
  return events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join('');
}

const pictures = {
  async 'chat-light'() {
    const page = await opened('light');
    await ask(page, QUESTION);
    return page;
  },
  async 'chat-dark'() {
    const page = await opened('dark', { colorScheme: 'dark' });
    await ask(page, QUESTION);
    return page;
  },
  async mobile() {
    const page = await opened('mobile', { size: { width: 390, height: 844 } });
    await ask(page, QUESTION);
    return page;
  },
  async widgets() {
    const page = await opened('widgets', { size: { width: 1200, height: 940 } });
    await page.route('**/api/chatkit?*', (route) => route.fulfill({ contentType: 'text/event-stream', body: eventsOfWidgets() }));
    await say(page, 'Order coffee, please');
    await page.locator('.chart svg').waitFor();
    return page;
  },
  async history() {
    const page = await opened('history');
    for (const text of ['Plan a weekend in Lisbon', 'What may my users attach?', QUESTION]) {
      await ask(page, text);
      await page.getByRole('button', { name: 'New chat' }).click();
    }
    await page.getByRole('button', { name: 'History' }).click();
    await page.locator('.thread').nth(2).waitFor();
    return page;
  },
  async error() {
    const page = await opened('error');
    await ask(page, 'What may my users attach?');
    await say(page, 'failures: where are they logged?');
    await page.locator('.failure').waitFor();
    return page;
  },
};

await mkdir(images, { recursive: true });
const server = await served();
url = server.url;
browser = await chromium.launch({
  executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  for (const [name, draw] of Object.entries(pictures)) await take(await draw(), name);
} finally {
  await browser.close();
  server.stop();
}
