import { describe, expect, it } from 'vitest';
import { created, done, user } from '../../tests/chat-under-test';
import { events, held, json, unreachable } from '../../tests/scripted-server';
import { buttonIf, click, drawn, textOf, uiUnderTest, type UiUnderTest } from '../../tests/ui-under-test';
import type { ElementOptions } from '../options';
import './header';
import type { Header } from './header';

interface Test extends UiUnderTest {
  header: Header;
  /** The names of the buttons, in order. */
  buttons: () => string[];
  title: () => string;
  send: () => Promise<void>;
  history: (isOpen: boolean) => Promise<void>;
}

async function headerWith(options: Partial<ElementOptions> = {}): Promise<Test> {
  const test = uiUnderTest(options);
  const header = await test.show<Header>('ck-header');
  return {
    ...test,
    header,
    buttons: () => [...header.querySelectorAll('button')].map((one) => one.getAttribute('aria-label') ?? ''),
    title: () => textOf(header.querySelector('h2')),
    async send() {
      const thread = { ...(created('thr_1') as { thread: object }).thread, title: 'Apples' };
      test.server.answer('threads.create', events([{ type: 'thread.created', thread }, done(user('u1', 'Hi'))]));
      await test.ui.chat.send({ content: [{ type: 'input_text', text: 'Hi' }], attachments: [], quotedText: '', inferenceOptions: {} });
      await drawn();
    },
    async history(isOpen) {
      test.ui.chat.history.isOpen = isOpen;
      header.tick += 1;
      await drawn();
    },
  };
}

describe('the header', () => {
  it('leads to the history at the start, to a new chat from one, and back from the history', async () => {
    const { header, buttons, send, history, title, ui } = await headerWith();
    expect(buttons()).toEqual(['History']);
    expect(header.querySelector('h2')).toBeNull(); // a heading without a text is none
    await send();
    expect(buttons()).toEqual(['New chat', 'History']);
    expect(title()).toBe('Apples');
    let asked = 0;
    header.addEventListener('ck-history', () => (asked += 1));
    await click(header, 'History');
    expect(asked).toBe(1);
    await history(true);
    expect(buttons()).toEqual(['Back', 'New chat']);
    expect(title()).toBe('History');
    let begun = 0;
    header.addEventListener('ck-new-chat', () => (begun += 1));
    await click(header, 'New chat');
    expect(begun).toBe(1);
    expect(asked).toBe(2);
    expect(ui.chat.threadId).toBeNull();
  });

  it('leads to a new chat also from a message that did not go, and from a chat that loads or cannot', async () => {
    const { header, buttons, server, ui } = await headerWith();
    server.answer('threads.create', unreachable());
    await ui.chat.send({ content: [{ type: 'input_text', text: 'Hi' }], attachments: [], quotedText: '', inferenceOptions: {} }).catch(() => undefined);
    await drawn();
    expect(buttons()).toContain('New chat');
    await click(header, 'New chat');
    expect(buttons()).toEqual(['History']);
    const loading = held(json({ detail: 'gone' }, 404));
    server.answer('threads.get_by_id', loading.answer);
    void ui.chat.open('thr_9').catch(() => undefined);
    await drawn();
    expect(buttons()).toContain('New chat');
    loading.release();
    await drawn();
    expect(ui.chat.loadFailure).not.toBeNull();
    expect(buttons()).toContain('New chat');
  });

  it('has a title of the page, or none', async () => {
    const { title, send, set } = await headerWith({ header: { title: { text: 'Shop' } } });
    expect(title()).toBe('Shop');
    await send();
    expect(title()).toBe('Shop');
    await set({ header: { title: { enabled: false } } });
    expect(title()).toBe('');
  });

  it('has no button for a history that is off, and those of the page always', async () => {
    const clicked: string[] = [];
    const { header, buttons, send } = await headerWith({
      history: { enabled: false },
      header: {
        leftAction: { icon: 'menu', onClick: () => clicked.push('menu') },
        rightAction: { icon: 'settings-cog', onClick: () => clicked.push('cog') },
      },
    });
    expect(buttons()).toEqual(['menu', 'settings-cog']);
    await send();
    expect(buttons()).toEqual(['menu', 'New chat', 'settings-cog']);
    expect(buttonIf(header, 'History')).toBeUndefined();
    await click(header, 'menu');
    await click(header, 'settings-cog');
    expect(clicked).toEqual(['menu', 'cog']);
  });
});
