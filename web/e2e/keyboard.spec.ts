/** The whole chat by keyboard alone (UI-SPEC 6: accessibility). */

import { added, assistant, CAN_STOP, created, delta, done, other, thread, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import { events, json, LiveStream } from './scripted-server';

const ANSWER = [created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello'))];
// More stops than there are on any of these pages.
const MOST_STOPS = 40;
const FIRST = 'Before the chat';
const LAST = 'After the chat';

class Keyboard {
  private constructor(private readonly chat: ChatPage) {}

  /** The keyboard of an open page. What is put round the chat keeps Tab from the browser's own buttons. */
  static async of(chat: ChatPage): Promise<Keyboard> {
    await chat.page.evaluate(([first, last]) => {
      document.body.prepend(Object.assign(document.createElement('button'), { textContent: first }));
      document.body.append(Object.assign(document.createElement('button'), { textContent: last }));
    }, [FIRST, LAST] as const);
    return new Keyboard(chat);
  }

  press(...keys: string[]): Promise<void> {
    return keys.reduce((before, key) => before.then(() => this.chat.page.keyboard.press(key)), Promise.resolve());
  }

  type(text: string): Promise<void> {
    return this.chat.page.keyboard.type(text);
  }

  /** Go on with Tab until what has this name has the focus. */
  async tabTo(name: string | RegExp): Promise<void> {
    for (let count = 0; count < MOST_STOPS; count++) {
      const label = await this.focused();
      if (typeof name === 'string' ? label === name : name.test(label)) return;
      if (label === LAST) await this.chat.page.getByRole('button', { name: FIRST }).focus();
      await this.press('Tab');
    }
    throw new Error(`Tab does not lead to ${String(name)}.`);
  }

  async enter(name: string | RegExp): Promise<void> {
    await this.tabTo(name);
    await this.press('Enter');
  }

  /** What has the focus is called. */
  private focused(): Promise<string> {
    return this.chat.page.evaluate(() => {
      let active: Element | null = document.activeElement;
      while (active?.shadowRoot?.activeElement) active = active.shadowRoot.activeElement;
      const { labels, placeholder } = active as HTMLInputElement;
      const told = active?.getAttribute('aria-label') || labels?.[0]?.textContent || placeholder;
      return (told || active?.textContent || '').trim();
    });
  }
}

test('124: by keyboard a message is written, sent, stopped, sent again and copied', async ({ chat, server }) => {
  await chat.open({ startScreen: { prompts: [{ label: 'Opening hours', prompt: 'When?' }] } });
  const keys = await Keyboard.of(chat);
  const live = new LiveStream();
  chat.answerNext(live.answer);
  await keys.enter('Opening hours');
  live.send(created('thr_1'), done(user('u1', 'When?')), CAN_STOP, added(assistant('a1')), delta('a1', 'Half'));
  await expect(chat.item('a1')).toContainText('Half');
  await keys.enter('Stop');
  await server.until(() => live.isAborted, 'disconnect');
  await keys.tabTo('Message');
  await keys.type('And now');
  chat.answerNext(events([done(user('u2', 'And now')), done(assistant('a2', 'At nine'))]));
  await keys.press('Enter');
  await expect(chat.item('a2')).toBeVisible();
  await expect(chat.field).toBeFocused();
  await keys.type('Once more');
  chat.answerNext(events([done(user('u3', 'Once more')), done(assistant('a3', 'At ten'))]));
  await keys.enter('Send message');
  await expect(chat.item('a3')).toBeVisible();
  await chat.page.getByRole('log').focus();
  await keys.tabTo('Copy'); // of the first answer; then those of the others
  for (let turn = 0; turn < 2; turn++) {
    await keys.press('Tab');
    await keys.tabTo('Copy');
  }
  await keys.press('Enter');
  await expect(chat.button('Copied')).toBeVisible();
  expect(await chat.page.evaluate(() => navigator.clipboard.readText())).toBe('At ten');
});

test('124: by keyboard a tool, a model and a file go along with a message', async ({ chat, server }) => {
  await chat.open({
    api: { url: '/api', uploadStrategy: { type: 'direct', uploadUrl: '/upload' } },
    composer: {
      attachments: { enabled: true },
      tools: [{ id: 'search', label: 'Search the web', icon: 'search' }, { id: 'deep', label: 'Deep', icon: 'atom' }],
      models: [{ id: 'a', label: 'Alpha' }, { id: 'b', label: 'Beta' }],
    },
  });
  const keys = await Keyboard.of(chat);
  const menu = chat.page.getByRole('menu');
  await keys.enter('Tools');
  await expect(menu).toBeVisible();
  await keys.press('Escape');
  await expect(menu).toHaveCount(0);
  await expect(chat.button('Tools')).toBeFocused();
  await keys.press('ArrowDown');
  await expect(chat.page.getByRole('menuitem', { name: 'Attach files' })).toBeFocused();
  await keys.press('ArrowUp');
  await expect(chat.page.getByRole('menuitemradio', { name: 'Deep' })).toBeFocused();
  await keys.press('Enter');
  await expect(chat.page.locator('.tool.chip')).toContainText('Deep');
  await keys.enter('Model: Alpha');
  await expect(chat.page.getByRole('menuitemradio', { name: 'Alpha' })).toBeFocused();
  await keys.press('ArrowDown', 'Enter');
  await expect(chat.button('Model: Beta')).toBeFocused();

  for (const [id, name] of [['f1', 'one.txt'], ['f2', 'two.txt']]) {
    server.answer('/upload', json({ id, type: 'file', name, mime_type: 'text/plain' }));
    await keys.enter('Tools');
    await expect(menu).toBeVisible();
    await keys.press('Home');
    await expect(chat.page.getByRole('menuitem', { name: 'Attach files' })).toBeFocused();
    await keys.press('Enter');
    await (await chat.fileChooser()).setFiles({ name: name!, mimeType: 'text/plain', buffer: Buffer.from('x') });
    await expect(chat.page.locator('.upload[data-state="done"]').filter({ hasText: name })).toBeVisible();
  }
  await keys.enter('Remove one.txt');
  await expect(chat.page.locator('.upload')).toHaveCount(1);
  await server.asked('attachments.delete');
  await expect(chat.field).toBeFocused();
  await keys.type('Look');
  chat.answerNext(events(ANSWER));
  await keys.press('Enter');
  await expect(chat.item('a1')).toBeVisible();
  expect(server.of('threads.create')[0]!.body.params['input']).toMatchObject({
    content: [{ type: 'input_text', text: 'Look' }],
    attachments: ['f2'],
    inference_options: { tool_choice: { id: 'deep' }, model: 'b' },
  });
});

test('124: by keyboard a form of a widget is filled in and sent', async ({ chat, server }) => {
  const form = {
    type: 'Card', asForm: true, confirm: { label: 'Order', action: { type: 'order' } }, cancel: { label: 'Not now', action: { type: 'no' } },
    children: [
      { type: 'Label', value: 'Title', fieldName: 'title' }, { type: 'Input', name: 'title', required: true },
      { type: 'Select', name: 'kind', placeholder: 'Kind', options: [{ value: 'a', label: 'Paper' }, { value: 'b', label: 'File' }] },
      { type: 'Checkbox', name: 'gift', label: 'Gift' },
      { type: 'RadioGroup', name: 'size', options: [{ value: 's', label: 'Small' }, { value: 'l', label: 'Large' }] },
    ],
  };
  await chat.openThread([user('u1', 'Hi'), other('w1', 'widget', { widget: form })]);
  const keys = await Keyboard.of(chat);
  await keys.enter('Order'); // a title is required
  await expect(chat.item('w1').getByRole('textbox')).toBeFocused();
  await keys.type('Dune');
  await keys.tabTo('Kind');
  await keys.press('ArrowDown', 'ArrowDown');
  await keys.tabTo('Gift');
  await keys.press('Space');
  await keys.tabTo('Small');
  await keys.press('ArrowDown');
  await expect(chat.item('w1').getByRole('radio', { name: 'Large' })).toBeChecked();
  server.answer('threads.custom_action', events([done(assistant('a1', 'Ordered'))]));
  await keys.enter('Order');
  await expect(chat.item('a1')).toBeVisible();
  expect(server.of('threads.custom_action')).toHaveLength(1);
  expect(server.of('threads.custom_action')[0]!.body.params['action']).toEqual({
    type: 'order',
    payload: { title: 'Dune', kind: 'b', gift: true, size: 'l' },
  });
});

test('124: by keyboard chats are renamed, deleted, opened, and left again', async ({ chat, server }) => {
  const list = ['One', 'Two', 'Three'].map((title, index) => thread(`thr_${index + 1}`, { title }));
  await chat.open();
  const keys = await Keyboard.of(chat);
  server.answer('threads.list', json({ data: list, has_more: false }));
  await keys.enter('History');
  await expect(chat.button('One')).toBeVisible();
  server.answer('threads.update', json(thread('thr_1', { title: 'Bills' })));
  await keys.enter('Rename: One');
  await keys.type('Bills'); // what was there is selected
  await keys.press('Enter');
  await expect(chat.button('Bills')).toBeFocused();
  await keys.enter('Delete: Two');
  await expect(chat.page.getByRole('alertdialog')).toBeVisible();
  await keys.press('Escape');
  await expect(chat.button('Two')).toBeFocused();
  await keys.enter('Delete: Two');
  await keys.enter('Delete');
  await expect(chat.button('Two')).toHaveCount(0);
  await expect(chat.page.getByRole('searchbox')).toBeFocused();
  expect((await server.asked('threads.update')).body.params).toEqual({ thread_id: 'thr_1', title: 'Bills' });
  expect((await server.asked('threads.delete')).body.params).toEqual({ thread_id: 'thr_2' });
  await keys.press('Escape');
  await expect(chat.button('History')).toBeFocused(); // where it was opened
  server.answer('threads.list', json({ data: [list[0], list[2]], has_more: false }));
  await keys.press('Enter');
  server.answer('threads.get_by_id', json({ ...thread('thr_3', { title: 'Three' }), items: { data: [user('u3', 'Hi')], has_more: false } }));
  await keys.enter('Three');
  await expect(chat.item('u3')).toBeVisible();
  await keys.enter('New chat');
  await expect(chat.item('u3')).toHaveCount(0);
  await expect(chat.field).toBeFocused();
});
