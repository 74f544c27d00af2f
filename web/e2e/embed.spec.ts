/** docs/embed.md: its code puts the chat of a real server into pages of another origin. */

import { createHmac, randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import type { Page } from '@playwright/test';
import './chat-page';
import { Guide } from './guide';
import type { HostSite } from './host-site';
import { WEB } from './places';
import { answers, eventually, expect, say, test, type Real } from './real-server';

interface RouteModule {
  POST(request: Request): Promise<Response>;
}

/** A page with the element's script, and around it whatever a page has. */
function pageWith(script: string, inside: string): string {
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Pricing</title>
    ${script}</head><body><h1>Plans</h1>${inside}</body></html>`;
}

/** What the element asked for since, as it went out. */
function operations(page: Page, path = '/api/chatkit'): Record<string, unknown>[] {
  const seen: Record<string, unknown>[] = [];
  page.on('request', (request) => {
    if (request.method() !== 'POST' || new URL(request.url()).pathname !== path) return;
    seen.push(request.postDataJSON() as Record<string, unknown>);
  });
  return seen;
}

test('the plain page shows the chat, also under the policy of the guide', async ({ page, site, real }) => {
  const guide = await Guide.of(real.url, 'html');
  const nonce = randomBytes(8).toString('base64');
  // Nothing is allowed but what the guide names, and the page's own inline script and styles.
  const policy = guide.header('Content-Security-Policy').replace("script-src 'self'", `script-src 'self' 'nonce-${nonce}'`);
  const html = guide.code('index.html').replace('<script type="module"', `$& nonce="${nonce}"`).replace('<style', `$& nonce="${nonce}"`);
  site.page('/', html, { 'Content-Security-Policy': `default-src 'none'; style-src 'nonce-${nonce}'; ${policy}` });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (event) => {
      window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
    });
  });
  await page.goto(site.url);
  await expect(page.getByRole('heading', { name: 'How can we help?' })).toBeVisible();
  await page.getByRole('button', { name: 'Opening hours' }).click();
  await expect(answers(page)).toContainText('You said: When are you open?');
  await say(page, '**bold** `code`\n\n```js\nlet x = 1;\n```\n\n$$x^2$$');
  await expect(answers(page).last().locator('pre span').first()).toBeVisible(); // coloured by a part
  expect(await page.locator('openai-chatkit').evaluate((chat) => chat.clientHeight)).toBe(600);
  expect(await page.evaluate(() => window.violations)).toEqual([]);
});

test('the React component shows the chat', async ({ page, site, real }) => {
  const guide = await Guide.of(real.url, 'react');
  const { script } = await guide.app(`
    import { createRoot } from 'react-dom/client';
    import { SupportChat } from './support-chat';
    createRoot(document.getElementById('root')).render(<SupportChat />);
  `);
  const [, tag] = /^\+(<script .*<\/script>)$/m.exec(guide.text)!;
  site.script('/app.js', script);
  site.page('/react', pageWith(tag!, '<div id="root"></div><script src="/app.js" type="module"></script>'));
  await page.goto(`${site.url}/react`);
  await expect(page.getByRole('heading', { name: 'How can we help?' })).toBeVisible();
  await say(page, 'from react');
  await expect(answers(page)).toContainText('You said: from react');
});

test('the Vue component shows the chat', async ({ page, site, real }) => {
  const guide = await Guide.of(real.url, 'vue');
  const { script, styles } = await guide.app(
    "import { createApp } from 'vue'; import SupportChat from './SupportChat.vue'; createApp(SupportChat).mount('#root');",
    'vite.config.js',
  );
  const warnings: string[] = [];
  page.on('console', (message) => warnings.push(message.text()));
  site.script('/app.js', script);
  site.page('/vue', pageWith(
    `<script src="${real.url}/chatkit.js" async></script><style>${styles}</style>`,
    '<div id="root"></div><script src="/app.js" type="module"></script>',
  ));
  await page.goto(`${site.url}/vue`);
  await expect(page.getByRole('heading', { name: 'How can we help?' })).toBeVisible();
  expect(await page.locator('openai-chatkit').evaluate((chat) => chat.clientHeight)).toBe(600);
  await say(page, 'from vue');
  await expect(answers(page)).toContainText('You said: from vue');
  expect(warnings).toEqual([]);
});

test('through the route of the guide, a cookie that no script can read signs in', async ({ page, context, site, real }) => {
  const guide = await Guide.of(real.url, 'next');
  const { script } = await guide.app(`
    import { createRoot } from 'react-dom/client';
    import { Chat } from './app/chat';
    createRoot(document.getElementById('root')).render(<Chat />);
  `);
  site.route('/api/chatkit', (await routeBefore(real, guide)).POST);
  site.script('/app.js', script);
  site.page('/next', pageWith(
    `<script src="${real.url}/chatkit.js" async></script>`,
    '<div id="root"></div><script src="/app.js" type="module"></script>',
  ));
  await context.addCookies([{ name: 'auth_token', value: tokenFor('ada', real), url: site.url, httpOnly: true, sameSite: 'Lax' }]);
  const asked = operations(page);
  await page.goto(`${site.url}/next`);
  await say(page, 'through next');
  await expect(answers(page)).toContainText('You said: through next');
  expect(asked.find(({ type }) => type === 'threads.create')?.['metadata']).toEqual({
    pageContext: { title: 'Pricing', url: `${site.url}/next`, headings: ['Plans'] },
  });
});

test('the route of the guide streams, stops with its client, and passes refusals on', async ({ site, real }) => {
  const { POST } = await routeBefore(real, await Guide.of(real.url, 'route'));
  const cookie = `auth_token=${tokenFor('bo', real)}`;
  const leaving = new AbortController();
  const answer = await POST(turn('slow please', site, { Cookie: cookie }, leaving.signal));
  expect(answer.status).toBe(200);
  expect(answer.headers.get('content-type')).toContain('text/event-stream');
  let text = '';
  const reader = answer.body!.pipeThrough(new TextDecoderStream()).getReader();
  // Of sixty words that take their time; then the client goes.
  while (!text.includes('word3')) text += (await reader.read()).value ?? '';
  expect(text).not.toContain('word59');
  leaving.abort();
  await expect(reader.read().then(() => reader.read())).rejects.toThrow();

  const stranger = await POST(turn('hello', site));
  expect(stranger.status).toBe(401);
  expect(await stranger.json()).toMatchObject({ error: { code: 'not_signed_in' } });
  const token = await POST(turn('hello', site, { Authorization: `Bearer ${await secretOf(real)}` }));
  expect(await token.text()).toContain('client_secret_unknown'); // it reached the server, which is another one
});

test('the options of our own do what the guide says', async ({ page, site, real }) => {
  const guide = await Guide.of(real.url, 'own');
  const secrets: string[] = [];
  site.route('/chat-secret', async () => {
    const secret = await secretOf(real, 'ada');
    secrets.push(secret);
    return Response.json({ client_secret: secret });
  });
  site.script('/own.js', `await customElements.whenDefined('openai-chatkit');
    const chat = document.querySelector('openai-chatkit');\n${guide.code('own-options.js')}`);
  site.page('/own', pageWith(
    `<script src="${real.url}/chatkit.js" async></script><meta name="description" content="What it costs">
     <style>${guide.code('chat.css')} openai-chatkit { height: 600px }</style>`,
    '<openai-chatkit></openai-chatkit><script src="/own.js" type="module"></script>',
  ));
  const pictures: string[] = [];
  await page.route(/\.png$/, (route) => {
    pictures.push(route.request().url());
    return route.fulfill({ contentType: 'image/svg+xml', body: '<svg xmlns="http://www.w3.org/2000/svg" />' });
  });
  const asked = operations(page);
  const bearers: (string | undefined)[] = [];
  page.on('request', (request) => {
    if (request.url() === `${real.url}/api/chatkit` && request.method() === 'POST') bearers.push(request.headers()['authorization']);
  });
  await page.goto(`${site.url}/own`);
  await expect(page.locator('.prompt, h1').first()).toBeVisible();
  await expectParts(page, ['frame', 'header', 'start-screen', 'composer']);
  await say(page, '![one](https://images.example.com/1.png) ![two](https://elsewhere.example/2.png)');
  await eventually(() => pictures).toEqual(['https://images.example.com/1.png']);
  await expect(answers(page)).toContainText('You said');
  expect(secrets).toHaveLength(1);
  expect(new Set(bearers)).toEqual(new Set([`Bearer ${secrets[0]}`]));
  expect(asked.find(({ type }) => type === 'threads.create')?.['metadata']).toEqual({
    pageContext: { title: 'Pricing', url: `${site.url}/own`, description: 'What it costs', headings: ['Plans'] },
    userInfo: { name: 'Ada', programmingExperience: 'beginner' },
  });
  await expectParts(page, ['frame', 'header', 'user-message', 'bubble', 'assistant-message', 'composer']);
  const bubble = page.locator('[part~="bubble"]');
  expect(await bubble.evaluate((part) => getComputedStyle(part).backgroundColor)).toBe('rgb(0, 90, 160)');
  await page.getByRole('button', { name: 'History' }).click();
  await expectParts(page, ['history']);
});

test('a script from elsewhere speaks to the server that its tag names', async ({ page, site, real }) => {
  const guide = await Guide.of(real.url, 'vendored');
  const [, tag] = /`(<script src="\/vendor\/chatkit\.js"[^`]*)`/.exec(guide.text)!;
  site.route('/vendor/', ({ url }) => fetch(real.url + new URL(url).pathname.slice('/vendor'.length)).then(plain));
  site.route('/chat-secret', async () => Response.json({ client_secret: await secretOf(real) }));
  site.script('/own.js', `await customElements.whenDefined('openai-chatkit');
    const getClientSecret = async () => (await (await fetch('/chat-secret', { method: 'POST' })).json()).client_secret;
    document.querySelector('openai-chatkit').setOptions({ api: { getClientSecret } });`);
  site.page('/vendored', pageWith(tag!, '<openai-chatkit></openai-chatkit><script src="/own.js" type="module"></script>'));
  await page.goto(`${site.url}/vendored`);
  await say(page, 'from a copy, **bold**');
  await expect(answers(page).locator('strong')).toHaveText('bold');
});

test('the guide names every part of the element, and no other', async () => {
  const guide = await Guide.of('https://chat.example.com', 'parts');
  const [, table = ''] = /\| Part \|.*\n([\s\S]*?)\n\n/.exec(guide.text) ?? [];
  const told = table.split('\n').flatMap((row) => [...(row.split('|')[1] ?? '').matchAll(/`(.+?)`/g)].map(([, name]) => name));
  const there: (string | undefined)[] = [];
  for (const file of await readdir(path.join(WEB, 'src'), { recursive: true })) {
    if (!file.endsWith('.ts') || file.endsWith('.test.ts')) continue;
    const code = await readFile(path.join(WEB, 'src', file), 'utf8');
    there.push(...[...code.matchAll(/\bpart="([\w-]+)"/g)].map(([, name]) => name));
  }
  expect([...new Set(told)].sort()).toEqual([...new Set(there)].sort());
});

/** The guide's route before the server that lets nobody in but who is signed in. */
async function routeBefore(real: Real, guide: Guide): Promise<RouteModule> {
  process.env['BACKEND_URL'] = real.closed;
  return guide.module<RouteModule>('app/api/chatkit/route.ts');
}

function turn(text: string, site: HostSite, headers: Record<string, string> = {}, signal?: AbortSignal): Request {
  const input = { content: [{ type: 'input_text', text }], attachments: [], inference_options: {} };
  return new Request(`${site.url}/api/chatkit`, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Origin: site.url, ...headers },
    body: JSON.stringify({ type: 'threads.create', params: { input } }),
    ...(signal ? { signal } : {}),
  });
}

function tokenFor(user: string, real: Real): string {
  const encoded = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const signed = `${encoded({ alg: 'HS256', typ: 'JWT' })}.${encoded({ sub: user, exp: Math.floor(Date.now() / 1000) + 600 })}`;
  return `${signed}.${createHmac('sha256', real.jwtSecret).update(signed).digest('base64url')}`;
}

async function secretOf(real: Real, user = 'bo'): Promise<string> {
  const answer = await fetch(`${real.url}/api/chatkit/session?userId=${user}`, { method: 'POST' });
  return ((await answer.json()) as { client_secret: string }).client_secret;
}

/** Unpacked by `fetch`, so that its headers of the packed one do not fit. */
async function plain(answer: Response): Promise<Response> {
  const type = answer.headers.get('content-type') ?? 'text/plain';
  return new Response(await answer.arrayBuffer(), { headers: { 'Content-Type': type } });
}

async function expectParts(page: Page, names: string[]): Promise<void> {
  for (const name of names) await expect(page.locator(`[part~="${name}"]`).first(), name).toBeVisible();
}
