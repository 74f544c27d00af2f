/** Files with a message (UI-SPEC 6: attachments). */

import { assistant, created, done, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import { events, held, json } from './scripted-server';

const PIXEL = Buffer.from('iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==', 'base64');
const DIRECT = { url: '/api', uploadStrategy: { type: 'direct', uploadUrl: '/upload' } };
const TWO_PHASE = { url: '/api', uploadStrategy: { type: 'two_phase' } };
const TEXT = { name: 'a.txt', mimeType: 'text/plain', buffer: Buffer.from('some text') };
const IMAGE = { name: 'a.png', mimeType: 'image/png', buffer: PIXEL };

function uploaded(id: string, name = 'a.txt'): object {
  return { id, type: 'file', name, mime_type: 'text/plain', preview_url: null, upload_descriptor: null };
}

async function attach(chat: ChatPage, ...files: (typeof TEXT)[]): Promise<void> {
  await chat.page.locator('.composer input[type="file"]').setInputFiles(files);
}

function open(chat: ChatPage, api: object, attachments: object = {}): Promise<void> {
  return chat.open({ api, composer: { attachments: { enabled: true, ...attachments } } });
}

test('100: without being switched on, or without a place for files, there is no button', async ({ chat }) => {
  await chat.open({ api: DIRECT });
  await expect(chat.button('Attach files')).toHaveCount(0);
  const warned = chat.page.waitForEvent('console', (message) => message.type() === 'warning');
  await chat.set({ composer: { attachments: { enabled: true } } });
  await warned;
  await expect(chat.button('Attach files')).toHaveCount(0);
});

test('101: a direct upload is one part of a form, through the page\'s fetch', async ({ chat, server }) => {
  await chat.goto();
  await chat.page.evaluate(() =>
    window.start({
      api: {
        url: '/api',
        uploadStrategy: { type: 'direct', uploadUrl: '/upload' },
        fetch: (url: string, init: RequestInit) => fetch(url, { ...init, headers: { ...(init.headers as object), 'X-Own': 'yes' } }),
      },
      composer: { attachments: { enabled: true } },
    }),
  );
  server.answer('/upload', json(uploaded('atc_1')));
  await attach(chat, TEXT);
  const upload = await server.asked('/upload');
  expect(upload.headers['x-own']).toBe('yes');
  expect(upload.headers['content-type']).toMatch(/^multipart\/form-data; boundary=/);
  const parts = upload.bytes.toString();
  expect(parts.match(/Content-Disposition/g)).toHaveLength(1);
  expect(parts).toContain('name="file"; filename="a.txt"');
  expect(parts).toContain('some text');
  await chat.ask('Look', [created('thr_1'), done(user('u1', 'Look'))]);
  expect((server.of('threads.create')[0]!.body.params['input'] as { attachments: unknown }).attachments).toEqual(['atc_1']);
  expect(server.of('attachments.create')).toHaveLength(0);
});

test('102: two phases with PUT send the bytes alone', async ({ chat, server }) => {
  await open(chat, TWO_PHASE);
  server.answer('attachments.create', json({ ...uploaded('atc_1'), upload_descriptor: { url: '/put', method: 'PUT', headers: { 'X-Signed': 'abc' } } }));
  server.answer('/put', json({}));
  await attach(chat, TEXT);
  const put = await server.asked('/put');
  expect(server.of('attachments.create')[0]!.body.params).toEqual({ name: 'a.txt', size: 9, mime_type: 'text/plain' });
  expect(put.method).toBe('PUT');
  expect(put.bytes.toString()).toBe('some text');
  expect(put.headers['content-type']).toBe('text/plain');
  expect(put.headers['x-signed']).toBe('abc');
  expect(put.headers['authorization']).toBeUndefined();
  await expect(chat.page.locator('.upload[data-state="done"]')).toHaveCount(1);
});

test('102: two phases with POST, and of old servers, send a form', async ({ chat, server }) => {
  await open(chat, TWO_PHASE);
  server.answer(
    'attachments.create',
    json({ ...uploaded('atc_1'), upload_descriptor: { url: '/post', method: 'POST', headers: {} } }),
    json({ ...uploaded('atc_2'), upload_url: '/legacy' }),
  );
  server.answer('/post', json({}));
  server.answer('/legacy', json({}));
  await attach(chat, TEXT);
  expect((await server.asked('/post')).headers['content-type']).toMatch(/^multipart/);
  await attach(chat, { ...TEXT, name: 'b.txt' });
  const legacy = await server.asked('/legacy');
  expect(legacy.method).toBe('POST');
  expect(legacy.headers['content-type']).toMatch(/^multipart/);
});

test('103: sending waits for uploads; a failed one is tried again or removed', async ({ chat, server }) => {
  await open(chat, DIRECT);
  await chat.write('Text');
  const slow = held(json({ message: 'No' }, 500));
  server.answer('/upload', slow.answer, json(uploaded('atc_1')));
  await attach(chat, TEXT);
  await expect(chat.page.locator('.upload')).toBeVisible();
  await expect(chat.sendButton).toBeDisabled();
  slow.release();
  await chat.button('Retry upload of a.txt').click();
  await expect(chat.page.locator('.upload[data-state="done"]')).toHaveCount(1);
  await expect(chat.sendButton).toBeEnabled();
  await chat.button('Remove a.txt').click();
  const { body } = await server.asked('attachments.delete');
  expect(body.params).toEqual({ attachment_id: 'atc_1' });
  await chat.call('setComposerValue', { attachments: [{ type: 'file', id: 'given', name: 'given.pdf', mime_type: 'application/pdf' }] });
  await chat.button('Remove given.pdf').click();
  await expect(chat.page.locator('.upload')).toHaveCount(0);
  expect(server.of('attachments.delete')).toHaveLength(1);
});

test('104: size, count and type hold for the picker, a drop, pasting and the method', async ({ chat, server }) => {
  await open(chat, DIRECT, { maxCount: 2, maxSize: { 'image/*': 10, '*': 100 }, accept: { 'image/png': ['.png'], 'text/plain': ['.txt'] } });
  const toast = chat.page.locator('.toast');
  await attach(chat, IMAGE);
  await expect(toast.last()).toContainText('a.png is larger than');
  const give = (how: 'drop' | 'paste' | 'method'): Promise<void> =>
    chat.page.evaluate(async (how) => {
      const element = document.getElementById('chat') as unknown as HTMLElement & { setComposerValue(value: object): Promise<void> };
      const file = new File(['x'], `${how}.exe`, { type: 'application/x-msdownload' });
      if (how === 'method') return element.setComposerValue({ files: [file] });
      const data = new DataTransfer();
      data.items.add(file);
      const field = element.shadowRoot!.querySelector('.text-input')!;
      field.dispatchEvent(
        how === 'drop'
          ? new DragEvent('drop', { dataTransfer: data, bubbles: true, cancelable: true })
          : new ClipboardEvent('paste', { clipboardData: data, bubbles: true, cancelable: true }),
      );
    }, how);
  for (const how of ['drop', 'paste', 'method'] as const) {
    await give(how);
    await expect(toast.filter({ hasText: `${how}.exe` })).toBeVisible();
  }
  expect(server.requests).toEqual([]);
  server.answer('/upload', json(uploaded('1')), json(uploaded('2')));
  await attach(chat, { ...TEXT, name: '1.txt' }, { ...TEXT, name: '2.txt' }, { ...TEXT, name: '3.txt' });
  await expect(toast.filter({ hasText: 'At most 2' })).toBeVisible();
  await expect(chat.page.locator('.upload')).toHaveCount(2);
});

test('105: a message of files alone has no content; pictures are shown, files named', async ({ chat, server }) => {
  await open(chat, DIRECT);
  server.answer('/upload', json(uploaded('atc_1')));
  await attach(chat, TEXT);
  await expect(chat.page.locator('.upload[data-state="done"]')).toHaveCount(1);
  const preview_url = `data:image/png;base64,${PIXEL.toString('base64')}`;
  const attachments = [uploaded('atc_1'), { id: 'atc_2', type: 'image', name: 'a.png', mime_type: 'image/png', preview_url }];
  const message = { ...user('u1', ''), content: [], attachments };
  chat.answerNext(events([created('thr_1'), done(message), done(assistant('a1', 'Nice'))]));
  await chat.sendButton.click();
  await expect(chat.item('a1')).toBeVisible();
  expect((server.of('threads.create')[0]!.body.params['input'] as { content: unknown }).content).toEqual([]);
  await expect(chat.item('u1')).toContainText('a.txt');
  await expect(chat.item('u1').getByRole('img', { name: 'a.png' })).toHaveAttribute('src', preview_url);
  await chat.openThread([message]);
  await expect(chat.item('u1')).toContainText('a.txt');
  await expect(chat.item('u1').getByRole('img', { name: 'a.png' })).toBeVisible();
});
