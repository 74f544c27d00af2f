/** Secrets for the hosted form (UI-SPEC 6: client secret). */

import { assistant, created, done, user } from '../tests/chat-under-test';
import { type ChatPage, eventually, expect, test } from './chat-page';
import { events, json } from './scripted-server';

const ANSWER = [created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello you'))];

interface Secrets {
  asked: (string | null)[];
  hosted: (more?: object) => object;
}

declare global {
  interface Window {
    secrets: Secrets;
  }
}

/** The element with secrets that are numbered as they are asked for. */
async function hosted(chat: ChatPage, options: object = {}): Promise<void> {
  await chat.goto();
  await chat.page.evaluate((more) => {
    const asked: (string | null)[] = [];
    window.secrets = {
      asked,
      hosted: (others = {}) => ({
        ...others,
        api: {
          url: '/api',
          getClientSecret: async (current: string | null) => {
            asked.push(current);
            return `secret-${asked.length}`;
          },
        },
      }),
    };
    return window.start(window.secrets.hosted(more));
  }, options);
  await eventually(() => chat.names()).toContain('ready');
}

function asked(chat: ChatPage): Promise<(string | null)[]> {
  return chat.page.evaluate(() => window.secrets.asked);
}

test('24: the secret is asked for once, and sent with every request', async ({ chat, server }) => {
  await hosted(chat);
  await eventually(() => asked(chat)).toEqual([null]);
  await chat.ask('Hi', ANSWER);
  await chat.call('showHistory');
  await server.asked('threads.list');
  expect(server.requests.map(({ headers }) => headers['authorization'])).toEqual(['Bearer secret-1', 'Bearer secret-1']);
  expect(await asked(chat)).toEqual([null]);
});

test('25: a 401 asks for a new secret, and the request goes out once more', async ({ chat, server }) => {
  await hosted(chat);
  server.answer('threads.create', json({}, 401), events(ANSWER));
  await chat.send('Hi');
  await expect(chat.item('a1')).toBeVisible();
  expect(await asked(chat)).toEqual([null, 'secret-1']);
  expect(server.operations.map(({ headers }) => headers['authorization'])).toEqual(['Bearer secret-1', 'Bearer secret-2']);
});

test('25: three requests refused at once share one new secret', async ({ chat, server }) => {
  await hosted(chat);
  await chat.ask('Hi', [...ANSWER, done(assistant('a2', 'B'))]);
  server.answer('threads.list', json({}, 401), json({ data: [], has_more: false }));
  server.answer('threads.get_by_id', json({}, 401), json({ id: 'thr_1', created_at: '2026-01-01T00:00:00', status: { type: 'active' }, items: { data: [], has_more: false } }));
  server.answer('threads.sync_custom_action', json({}, 401), json({}));
  server.answer('threads.custom_action', json({}, 401), events([]));
  await chat.page.evaluate(async () => {
    const chat = document.getElementById('chat') as unknown as Record<string, (...args: unknown[]) => Promise<void>>;
    await Promise.all([chat['showHistory']!(), chat['fetchUpdates']!(), chat['sendCustomAction']!({ type: 'x' })]);
  });
  await server.asked('threads.list', 2);
  expect(await asked(chat)).toEqual([null, 'secret-1']);
});

test('26: a second 401 is a failure', async ({ chat, server }) => {
  await hosted(chat);
  server.answer('threads.create', json({}, 401), json({}, 401));
  await chat.send('Hi');
  await expect(chat.page.locator('[data-unsent]')).toBeVisible();
  expect(server.operations).toHaveLength(2);
  expect(await asked(chat)).toHaveLength(2);
});

test('26: without a secret nothing is sent', async ({ chat, server }) => {
  await chat.goto();
  await chat.page.evaluate(() =>
    window.start({ api: { url: '/api', getClientSecret: () => Promise.reject(new Error('Signed out')) } }),
  );
  await chat.send('Hi');
  await expect(chat.page.locator('[data-unsent]')).toBeVisible();
  expect(server.requests).toEqual([]);
  expect(await chat.details('error')).toContainEqual({ error: 'Signed out', isError: true });
});

test('27: new functions at a new render ask for no new secret', async ({ chat }) => {
  await hosted(chat);
  await eventually(() => asked(chat)).toEqual([null]);
  await chat.page.evaluate(() => window.start(window.secrets.hosted({ theme: 'dark' })));
  await chat.ask('Hi', ANSWER);
  expect(await asked(chat)).toEqual([null]);
});
