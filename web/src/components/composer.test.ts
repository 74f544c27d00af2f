import { describe, expect, it } from 'vitest';
import { CAN_STOP, created, done, questions, user } from '../../tests/chat-under-test';
import { events, held, json, LiveStream, unreachable } from '../../tests/scripted-server';
import {
  button,
  buttonIf,
  click,
  drawn,
  press,
  textOf,
  texts,
  uiUnderTest,
  type UiUnderTest,
} from '../../tests/ui-under-test';
import { fieldOf, write } from '../../tests/writing';
import type { ElementOptions } from '../options';
import './composer';
import type { Composer } from './composer';

interface Test extends UiUnderTest {
  composer: Composer;
  placeholder: () => string | null | undefined;
  written: () => string;
}

async function composerWith(options: Partial<ElementOptions> = {}): Promise<Test> {
  const test = uiUnderTest(options);
  const composer = await test.show<Composer>('ck-composer');
  return {
    ...test,
    composer,
    placeholder: () => fieldOf(composer).dataset['placeholder'],
    written: () => fieldOf(composer).textContent ?? '',
  };
}

const ANSWERED = [created('thr_1'), done(user('u1', 'Hi'))];
const status = (type: string, reason?: string): object => ({
  type: 'thread.updated',
  thread: { id: 'thr_1', created_at: '2026-01-01T00:00:00', status: { type, reason }, items: { data: [], has_more: false } },
});

describe('sending', () => {
  it('takes everything along, and leaves an empty composer', async () => {
    const { composer, server, written } = await composerWith();
    server.answer('threads.create', events(ANSWERED));
    composer.setValue({
      attachments: [{ type: 'file', id: 'atc_1', name: 'a.txt', mime_type: 'text/plain' }],
      reply: ' quoted ',
    });
    await write(composer, ' Hi ');
    expect(texts(composer, '.upload-name')).toEqual(['a.txt']);
    expect(textOf(composer.querySelector('blockquote'))).toBe('quoted');
    press(fieldOf(composer), 'Enter');
    await drawn();
    expect(server.bodies[0]?.params['input']).toEqual({
      content: [{ type: 'input_text', text: 'Hi' }],
      attachments: ['atc_1'],
      quoted_text: 'quoted',
      inference_options: {},
    });
    expect(written()).toBe('');
    expect(composer.querySelector('.upload, .quote-chip')).toBeNull();
    expect(button(composer, 'Send message').disabled).toBe(true);
  });

  it('needs something: white space or a quote is nothing, an attachment is enough', async () => {
    const { composer, server } = await composerWith();
    composer.setValue({ reply: 'quoted' });
    await write(composer, ' \n ');
    expect(button(composer, 'Send message').disabled).toBe(true);
    press(fieldOf(composer), 'Enter');
    expect(server.requests).toEqual([]);
    composer.setValue({ text: '', attachments: [{ type: 'file', id: 'atc_1', name: 'a', mime_type: 'text/plain' }] });
    await drawn();
    server.answer('threads.create', events(ANSWERED));
    await click(composer, 'Send message');
    expect(server.bodies[0]?.params['input']).toMatchObject({ content: [], attachments: ['atc_1'] });
  });

  it('waits for the answer, and keeps what is written meanwhile', async () => {
    const { composer, server, written } = await composerWith();
    const live = new LiveStream();
    server.answer('threads.create', live.answer);
    await write(composer, 'Hi');
    press(fieldOf(composer), 'Enter');
    await drawn();
    expect(button(composer, 'Send message').disabled).toBe(true);
    live.send(...ANSWERED, CAN_STOP);
    await drawn();
    await write(composer, 'More');
    press(fieldOf(composer), 'Enter');
    expect(written()).toBe('More');
    expect(server.requests).toHaveLength(1);
    await click(composer, 'Stop');
    expect(live.isAborted).toBe(true);
    expect(written()).toBe('More');
    expect(button(composer, 'Send message').disabled).toBe(false);
  });

  it('that fails puts the message back, until Retry sends it', async () => {
    const { ui, composer, server, written } = await composerWith();
    server.answer('threads.create', unreachable(), events(ANSWERED));
    composer.setValue({ text: 'Hi', reply: 'quoted' });
    await drawn();
    await click(composer, 'Send message');
    expect(written()).toBe('Hi');
    expect(composer.quote).toBe('quoted');
    ui.chat.conversation.unsent[0]?.retry();
    await drawn();
    expect(written()).toBe('');
    expect(composer.quote).toBe('');
  });

  it('that fails and is changed takes the place of what failed', async () => {
    const { ui, composer, server } = await composerWith();
    server.answer('threads.create', unreachable(), events(ANSWERED));
    await write(composer, 'Hi');
    await click(composer, 'Send message');
    await write(composer, ' there');
    await click(composer, 'Send message');
    expect(ui.chat.conversation.unsent).toEqual([]);
    expect(ui.chat.conversation.items.filter(({ type }) => type === 'user_message')).toHaveLength(1);
  });

  it('that fails leaves alone what was written since, and stays when that is sent', async () => {
    const { ui, composer, server, written } = await composerWith();
    const failing = held(unreachable());
    server.answer('threads.create', failing.answer, events(ANSWERED));
    await write(composer, 'Hi');
    await click(composer, 'Send message');
    await write(composer, 'Other');
    failing.release();
    await drawn();
    expect(written()).toBe('Other');
    await click(composer, 'Send message');
    const [lost] = ui.chat.conversation.unsent;
    expect(ui.chat.conversation.items[0]?.id).toBe(lost?.id);
    expect(JSON.stringify(ui.chat.conversation.items[0])).toContain('"Hi"');
  });
});

describe('what a page sets', () => {
  it('is changed, and the rest stays', async () => {
    const { composer, written } = await composerWith();
    await write(composer, 'Draft');
    composer.setValue({ reply: 'quoted' });
    expect(written()).toBe('Draft');
    composer.setValue({ text: 'no', content: [{ type: 'input_tag', id: 'e1', text: 'Anna' }] });
    expect(written()).toBe('@Anna');
    expect(composer.quote).toBe('quoted');
    composer.setValue({ reply: '' });
    expect(composer.quote).toBe('');
  });

  it('is no quote of more than 2,000 characters', async () => {
    const { composer } = await composerWith();
    composer.setValue({ reply: 'x'.repeat(3_000) });
    expect(composer.quote).toHaveLength(2_000);
  });

  it('can be taken away by the user', async () => {
    const { composer } = await composerWith();
    composer.setValue({ reply: 'quoted' });
    await drawn();
    await click(composer, 'Remove quote');
    expect(composer.quote).toBe('');
    expect(composer.getRootNode()).toHaveProperty('activeElement', fieldOf(composer));
  });
});

const tools = [
  { id: 'search', label: 'Search the web', shortLabel: 'Search', icon: 'globe' as const, placeholderOverride: 'Search for' },
  { id: 'draw', label: 'Draw', icon: 'images' as const, pinned: true, persistent: true },
];

describe('tools', () => {
  it('are chosen in the menu and by buttons, one at a time, and every change is told', async () => {
    const { composer, details, placeholder } = await composerWith({ composer: { tools } });
    await click(composer, 'Tools');
    await click(composer, 'Search the web');
    expect(placeholder()).toBe('Search for');
    expect(texts(composer, '.tool.chip')).toEqual(['Search']);
    await click(composer, 'Draw');
    expect(button(composer, 'Draw').getAttribute('aria-pressed')).toBe('true');
    expect(texts(composer, '.tool.chip')).toEqual([]);
    expect(placeholder()).toBe('Message the AI');
    await click(composer, 'Draw');
    composer.setValue({ selectedToolId: 'search' });
    composer.setValue({ selectedToolId: 'search' });
    composer.setValue({ selectedToolId: 'unknown' });
    await drawn();
    await click(composer, 'Remove Search the web');
    const changes = ['search', 'draw', null, 'search', null];
    expect(details('tool.change')).toEqual(changes.map((toolId) => ({ toolId })));
  });

  it('are sent, and forgotten then unless they are persistent', async () => {
    const { ui, composer, server, details } = await composerWith({ composer: { tools } });
    server.answer('threads.create', events(ANSWERED));
    server.answer('threads.add_user_message', events([done(user('u2', 'x'))]), events([done(user('u3', 'x'))]));
    for (const toolId of ['search', 'draw', undefined]) {
      composer.setValue({ text: 'Hi', ...(toolId ? { selectedToolId: toolId } : {}) });
      await drawn();
      await click(composer, 'Send message');
    }
    expect(ui.chat.isResponding).toBe(false);
    const sent = server.bodies.map(({ params }) => (params['input'] as { inference_options: object }).inference_options);
    expect(sent).toEqual(['search', 'draw', 'draw'].map((id) => ({ tool_choice: { id } })));
    expect(details('tool.change').map((detail) => (detail as { toolId: string }).toolId)).toEqual(['search', null, 'draw']);
  });

  it('that the page takes away are not chosen any more', async () => {
    const { composer, set, details } = await composerWith({ composer: { tools } });
    composer.setValue({ selectedToolId: 'search' });
    await set({ composer: { tools: tools.slice(1) } });
    expect(details('tool.change')).toEqual([{ toolId: 'search' }, { toolId: null }]);
    expect(composer.inferenceOptions()).toEqual({});
  });
});

describe('models', () => {
  const models = [
    { id: 'off', label: 'Off', disabled: true, default: true },
    { id: 'small', label: 'Small' },
    { id: 'large', label: 'Large', default: true },
  ];

  it('begin with the default that can be chosen, else with the first', async () => {
    const { composer, set } = await composerWith({ composer: { models } });
    expect(composer.inferenceOptions()).toEqual({ model: 'large' });
    await set({ composer: { models: models.slice(0, 2) } });
    expect(composer.inferenceOptions()).toEqual({ model: 'small' });
    await set({ composer: { models: models.slice(0, 1) } });
    expect(composer.inferenceOptions()).toEqual({});
  });

  it('stay chosen until they are gone; one that is disabled cannot be', async () => {
    const { composer, set } = await composerWith({ composer: { models } });
    await click(composer, 'Model: Large');
    await click(composer, 'Off');
    expect(composer.inferenceOptions()).toEqual({ model: 'large' });
    await click(composer, 'Small');
    expect(buttonIf(composer, 'Model: Small')).toBeDefined();
    composer.setValue({ selectedModelId: 'off' });
    expect(composer.inferenceOptions()).toEqual({ model: 'small' });
    await set({ composer: { models: [models[2]!] } });
    await set({ composer: { models } });
    expect(composer.inferenceOptions()).toEqual({ model: 'large' });
  });
});

describe('files', () => {
  const attachments = { enabled: true, maxCount: 2 };
  const api = { url: 'https://chat.test/api', uploadStrategy: { type: 'two_phase' as const } };

  it('are off by default, and where nothing says where they go', async () => {
    const plain = await composerWith();
    expect(buttonIf(plain.composer, 'Attach files')).toBeUndefined();
    const { composer, server } = await composerWith({ composer: { attachments } });
    expect(buttonIf(composer, 'Attach files')).toBeUndefined();
    composer.setValue({ files: [new File(['x'], 'a.txt')] });
    await drawn();
    expect(server.requests).toEqual([]);
  });

  it('keep the message from going until they are there; those that are refused are told', async () => {
    const { composer, server, toasts } = await composerWith({ api, composer: { attachments } });
    const creating = held(json({ id: 'atc_1', type: 'file', name: 'a', mime_type: 'text/plain' }));
    server.answer('attachments.create', creating.answer, () => new Response('', { status: 500 }));
    await write(composer, 'Hi');
    composer.setValue({ files: ['a', 'b', 'c'].map((name) => new File(['x'], name)) });
    await drawn();
    expect(toasts).toEqual(['At most 2 files can be attached.']);
    expect(button(composer, 'Send message').disabled).toBe(true);
    creating.release();
    await drawn();
    expect(button(composer, 'Send message').disabled).toBe(true);
    expect(texts(composer, '[role=alert]')).toEqual(['b could not be uploaded.']);
    expect(buttonIf(composer, 'Retry upload of b')).toBeDefined();
    await click(composer, 'Remove b');
    expect(button(composer, 'Send message').disabled).toBe(false);
  });

  it('can be dropped, though not on a locked chat', async () => {
    const { ui, composer, server } = await composerWith({ api, composer: { attachments } });
    server.answer('attachments.create', json({ id: 'atc_1', type: 'file', name: 'a', mime_type: 'text/plain' }));
    server.answer('threads.create', events([...ANSWERED, status('locked')]));
    const drop = async (): Promise<Event> => {
      const event = Object.assign(new Event('drop', { cancelable: true, bubbles: true }), {
        dataTransfer: { files: [new File(['x'], 'a.txt')], types: ['Files'] },
      });
      composer.querySelector('.composer')?.dispatchEvent(event);
      await drawn();
      return event;
    };
    expect((await drop()).defaultPrevented).toBe(true);
    expect(texts(composer, '.upload-name')).toEqual(['a.txt']);
    await click(composer, 'Send message');
    expect(ui.chat.isOpen).toBe(false);
    expect((await drop()).defaultPrevented).toBe(true);
    expect(texts(composer, '.upload-name')).toEqual([]);
  });
});

describe('the place of the text field', () => {
  async function inThread(...list: object[]): Promise<Test> {
    const test = await composerWith({ composer: { tools } });
    test.server.answer('threads.create', events([...ANSWERED, ...list]));
    test.composer.setValue({ text: 'Hi' });
    await drawn();
    await click(test.composer, 'Send message');
    await write(test.composer, 'Draft');
    return test;
  }
  const isShown = (composer: Composer): boolean => fieldOf(composer).closest('[hidden]') === null;

  it('stays for a locked chat, which takes nothing', async () => {
    const { composer, placeholder } = await inThread(status('locked', 'Case solved'));
    expect(placeholder()).toBe('Case solved');
    expect(fieldOf(composer).getAttribute('aria-disabled')).toBe('true');
    expect(button(composer, 'Send message').disabled).toBe(true);
    expect(button(composer, 'Tools').disabled).toBe(true);
    expect(composer.canFocus).toBe(true);
  });

  it('is taken by why the chat is closed, also where questions wait; the draft is kept', async () => {
    const { ui, composer, server, written } = await inThread(done(questions('q1')), status('closed'));
    expect(isShown(composer)).toBe(false);
    expect(composer.canFocus).toBe(false);
    expect(textOf(composer.querySelector('.closed'))).toBe('This chat is closed.');
    expect(composer.querySelector('ck-structured-form')).toBeNull();
    server.answer('threads.get_by_id', json({ ...(status('active') as { thread: object }).thread }));
    await ui.chat.fetchUpdates();
    await drawn();
    expect(isShown(composer)).toBe(true);
    expect(written()).toBe('Draft');
  });

  it('is taken by questions; the draft and the focus are back after the answer', async () => {
    const { composer, server, written } = await inThread(done(questions('q1')));
    expect(isShown(composer)).toBe(false);
    expect(composer.canFocus).toBe(false);
    const answer = composer.querySelector<HTMLInputElement>('ck-structured-form input')!;
    answer.focus();
    server.answer('threads.add_structured_input', events([{ type: 'thread.item.replaced', item: questions('q1', 'answered') }]));
    await click(composer, 'Submit');
    expect(isShown(composer)).toBe(true);
    expect(written()).toBe('Draft');
    expect(composer.getRootNode()).toHaveProperty('activeElement', fieldOf(composer));
  });

  it('is not taken by questions in a locked chat', async () => {
    const { composer } = await inThread(done(questions('q1')), status('locked'));
    expect(isShown(composer)).toBe(true);
  });
});

describe('the button for mentions', () => {
  it('begins one, and is there only with a search', async () => {
    const without = await composerWith({ entities: { showComposerMenu: true } });
    expect(buttonIf(without.composer, 'Mention')).toBeUndefined();
    const asked: string[] = [];
    const { composer, written } = await composerWith({
      entities: { showComposerMenu: true, onTagSearch: async (query) => (asked.push(query), []) },
    });
    await write(composer, 'Ask');
    await click(composer, 'Mention');
    expect(written()).toBe('Ask @');
    expect(asked).toEqual(['']);
  });
});
