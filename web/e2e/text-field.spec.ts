/** What the browser itself does in the text field, and where the focus goes. */

import { created, done, user } from '../tests/chat-under-test';
import { expect, test } from './chat-page';
import { events } from './scripted-server';

const PASTED = '<b>Bold</b> text<br>next';

test('90: pasted text is plain, and can be taken back', async ({ chat }) => {
  await chat.open();
  await chat.page.evaluate(async (html) => {
    const blob = (type: string, text: string): Blob => new Blob([text], { type });
    await navigator.clipboard.write([
      new ClipboardItem({ 'text/html': blob('text/html', html), 'text/plain': blob('text/plain', 'Bold text\nnext') }),
    ]);
  }, PASTED);
  await chat.field.click();
  await chat.page.keyboard.type('Hi ');
  await chat.page.keyboard.press('Control+v');
  await expect(chat.field).toHaveText('Hi Bold text next', { useInnerText: true });
  await expect(chat.field.locator('b')).toHaveCount(0);
  await chat.page.keyboard.press('Control+b');
  await expect(chat.field.locator('b')).toHaveCount(0);
  await chat.page.keyboard.press('Control+z');
  await expect(chat.field).toHaveText('Hi', { useInnerText: true });
});

test('90: a line that is broken at the end is there, and is sent', async ({ chat, server }) => {
  await chat.open();
  await chat.field.click();
  await chat.page.keyboard.type('one');
  const before = (await chat.field.boundingBox())!.height;
  for (let line = 0; line < 3; line++) await chat.page.keyboard.press('Shift+Enter');
  expect((await chat.field.boundingBox())!.height).toBeGreaterThan(before);
  await chat.page.keyboard.type('two');
  chat.answerNext(events([created('thr_1'), done(user('u1', 'x'))]));
  await chat.page.keyboard.press('Enter');
  await server.until(() => server.operations.length > 0, 'message');
  const input = server.requests[0]?.body.params['input'] as { content: unknown };
  expect(input.content).toEqual([{ type: 'input_text', text: 'one\n\n\ntwo' }]);
});

test('96: a command begins a line, also the second', async ({ chat }) => {
  await chat.open({ commands: { enabled: true }, composer: { models: [{ id: 'm', label: 'Small' }] } });
  await chat.field.click();
  await chat.page.keyboard.type('words');
  await chat.page.keyboard.press('Shift+Enter');
  await chat.page.keyboard.type('/sm');
  await expect(chat.page.getByRole('option', { name: 'Small' })).toBeVisible();
  await chat.page.keyboard.press('Enter');
  await expect(chat.field).toHaveText('words');
  await expect(chat.page.getByRole('listbox')).toHaveCount(0);
});

test('124: the history gives the focus back', async ({ chat, server }) => {
  await chat.open();
  for (const close of ['Escape', 'Back']) {
    server.answer('threads.list', (_request, response) => {
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{"data":[],"has_more":false}');
    });
    await chat.button('History').focus();
    await chat.page.keyboard.press('Enter');
    await expect(chat.page.getByRole('searchbox')).toBeFocused();
    if (close === 'Escape') await chat.page.keyboard.press('Escape');
    else await chat.button('Back').click();
    await expect(chat.button('History')).toBeFocused();
  }
});

test('84: what is set at once after the options is there', async ({ chat }) => {
  await chat.goto();
  await chat.page.waitForFunction(() => customElements.get('openai-chatkit'));
  await chat.page.evaluate(async () => {
    const element = document.getElementById('chat') as unknown as {
      setOptions(options: object): void;
      setComposerValue(value: object): Promise<void>;
    };
    element.setOptions({ api: { url: '/api' } });
    await element.setComposerValue({ text: 'Early' });
  });
  await expect(chat.field).toHaveText('Early');
});

test('84: a text that ends with a line break keeps it, and what is typed goes on in that line', async ({ chat }) => {
  await chat.open();
  await chat.call('setComposerValue', { text: 'one' });
  const before = (await chat.field.boundingBox())!.height;
  await chat.call('setComposerValue', { text: 'one\n' });
  expect((await chat.field.boundingBox())!.height).toBeGreaterThan(before);
  await chat.call('focusComposer');
  await chat.page.keyboard.type('two');
  await expect(chat.field).toHaveText('one\ntwo', { useInnerText: true });
  await chat.page.keyboard.press('Shift+Enter');
  await chat.page.evaluate(() => (document.activeElement as HTMLElement).blur());
  await chat.call('focusComposer');
  await chat.page.keyboard.type('three');
  chat.answerNext(events([created('thr_1'), done(user('u1', 'x'))]));
  await chat.page.keyboard.press('Enter');
  await chat.server.until(() => chat.server.operations.length > 0, 'message');
  const input = chat.server.requests[0]?.body.params['input'] as { content: unknown };
  expect(input.content).toEqual([{ type: 'input_text', text: 'one\ntwo\nthree' }]);
});

test('84: the end of a long text is in sight', async ({ chat }) => {
  await chat.open();
  await chat.call('setComposerValue', { text: 'line\n'.repeat(40) });
  await chat.call('focusComposer');
  const below = (): Promise<number> =>
    chat.field.evaluate((field) => field.scrollHeight - field.clientHeight - field.scrollTop);
  await expect.poll(below).toBeLessThan(2);
  await chat.page.keyboard.type('last');
  expect(await below()).toBeLessThan(2);
});
