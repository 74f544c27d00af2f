/** Writing a message (UI-SPEC 6: composer). */

import { assistant, created, done, user } from '../tests/chat-under-test';
import { type ChatPage, eventually, expect, test } from './chat-page';
import { events, json } from './scripted-server';

const BEGUN = [created('thr_1'), done(user('u1', 'Hi'))];
const ANSWER = [...BEGUN, done(assistant('a1', 'Hello'))];
const NEXT = [done(user('u2', 'x')), done(assistant('a2', 'More'))];

interface Input {
  content: Record<string, unknown>[];
  inference_options: unknown;
  quoted_text: string;
}

function inputs(chat: ChatPage): Input[] {
  return chat.server.bodies.map(({ params }) => params['input'] as Input);
}

test('90: Enter sends, Shift+Enter breaks the line, and nothing is not sent', async ({ chat, server }) => {
  await chat.open();
  await chat.field.click();
  await chat.page.keyboard.press('Enter');
  await chat.write('   ');
  await chat.page.keyboard.press('Enter');
  await expect(chat.sendButton).toBeDisabled();
  expect(server.requests).toEqual([]);
  await chat.write('');
  await chat.page.keyboard.type('One');
  await chat.page.keyboard.press('Shift+Enter');
  await chat.page.keyboard.type('two');
  chat.answerNext(events(ANSWER));
  await chat.page.keyboard.press('Enter');
  await expect(chat.item('a1')).toBeVisible();
  expect(inputs(chat)[0]!.content).toEqual([{ type: 'input_text', text: 'One\ntwo' }]);
  await expect(chat.field).toHaveText('');
  await expect(chat.field).toBeFocused();
});

test('90: Enter that ends a composition does not send', async ({ chat, server }) => {
  await chat.open();
  await chat.write('にほん');
  await chat.field.evaluate((field) => {
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', isComposing: true, bubbles: true, cancelable: true }));
    field.dispatchEvent(new KeyboardEvent('keydown', { key: 'Enter', keyCode: 229, bubbles: true, cancelable: true }));
  });
  await expect(chat.field).toHaveText('にほん');
  expect(server.requests).toEqual([]);
});

test('91: Enter while an answer comes keeps the draft', async ({ chat, server }) => {
  await chat.open();
  const live = await chat.askLive('Hi', ...BEGUN);
  await chat.write('Next');
  await chat.page.keyboard.press('Enter');
  await expect(chat.field).toHaveText('Next');
  expect(server.operations).toHaveLength(1);
  live.end();
});

test('92: tools are chosen from a menu, shown, sent, and cleared unless they stay', async ({ chat }) => {
  await chat.open({
    composer: {
      tools: [
        { id: 'search', label: 'Search the web', shortLabel: 'Web', icon: 'search', placeholderOverride: 'Search for' },
        { id: 'deep', label: 'Deep', icon: 'atom', pinned: true, persistent: true },
      ],
    },
  });
  await chat.button('Tools').click();
  await chat.page.getByRole('menuitemradio', { name: 'Search the web' }).click();
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'Search for');
  await expect(chat.page.locator('.tool.chip')).toContainText('Web');
  await chat.ask('cats', ANSWER);
  await expect(chat.page.locator('.tool.chip')).toHaveCount(0);
  await expect(chat.field).toHaveAttribute('aria-placeholder', 'Message the AI');
  await chat.button('Deep').click();
  await expect(chat.button('Deep')).toHaveAttribute('aria-pressed', 'true');
  await chat.ask('more', NEXT);
  await expect(chat.button('Deep')).toHaveAttribute('aria-pressed', 'true');
  await chat.button('Deep').click();
  await chat.ask('plain', [done(user('u3', 'x'))]);
  expect(inputs(chat).map((input) => input.inference_options)).toEqual([{ tool_choice: { id: 'search' } }, { tool_choice: { id: 'deep' } }, {}]);
  expect(await chat.details('tool.change')).toEqual([{ toolId: 'search' }, { toolId: null }, { toolId: 'deep' }, { toolId: null }]);
});

test('93: the default model is sent, a disabled one cannot be chosen', async ({ chat }) => {
  await chat.open({
    composer: {
      models: [{ id: 'a', label: 'Alpha' }, { id: 'b', label: 'Beta', default: true }, { id: 'c', label: 'Gamma', disabled: true, description: 'Not yours' }],
    },
  });
  await chat.button('Model: Beta').click();
  await expect(chat.page.getByRole('menu')).toContainText('Not yours');
  await chat.page.getByRole('menuitemradio', { name: /Gamma/ }).click({ force: true });
  await expect(chat.page.locator('.menu-button').filter({ hasText: 'Beta' })).toBeVisible();
  await chat.page.keyboard.press('Escape');
  await chat.ask('one', ANSWER);
  chat.answerNext(events(NEXT));
  await chat.call('sendUserMessage', { text: 'two', model: 'a' });
  await expect(chat.item('a2')).toBeVisible();
  await chat.button('Model: Beta').click();
  await chat.page.getByRole('menuitemradio', { name: 'Alpha' }).click();
  await chat.ask('three', [done(user('u3', 'x'))]);
  expect(inputs(chat).map((input) => input.inference_options)).toEqual([{ model: 'b' }, { model: 'a' }, { model: 'a' }]);
});

declare global {
  interface Window {
    queries: string[];
    answerLate: () => void;
    picked: unknown[];
    microphones: MediaStream[];
  }
}

/** A page that knows cities and an article. */
async function openWithEntities(chat: ChatPage, more: object = {}): Promise<void> {
  await chat.goto();
  await chat.page.evaluate((more) => {
    window.queries = [];
    const all = [
      { id: 'rome', title: 'Rome', group: 'Cities', icon: 'map-pin', data: { kind: 'city' }, interactive: true },
      { id: 'art', title: 'The Future of AI' },
      { id: 'oslo', title: 'Oslo', group: 'Cities' },
    ];
    return window.start({
      ...more,
      entities: {
        showComposerMenu: true,
        onTagSearch: async (query: string) => {
          window.queries.push(query);
          if (query === 'o') await new Promise<void>((resolve) => (window.answerLate = resolve));
          return all.filter(({ title }) => title.toLowerCase().includes(query.toLowerCase()));
        },
      },
    });
  }, more);
}

test('94: @ finds things by what is written, in groups, and sends them in their places', async ({ chat }) => {
  await openWithEntities(chat);
  await chat.field.click();
  await chat.page.keyboard.type('About @');
  const options = chat.page.getByRole('option');
  await expect(options).toHaveCount(3);
  await expect(options.first()).toContainText('The Future of AI'); // what has no group is first
  await expect(chat.page.getByRole('listbox')).toContainText('Cities');
  await chat.page.keyboard.type('ro');
  await expect(options).toHaveCount(1);
  await chat.page.keyboard.press('Enter');
  await expect(chat.field).toContainText('Rome');
  await chat.page.keyboard.type('and more');
  await chat.sendWritten(ANSWER);
  expect(inputs(chat)[0]!.content).toEqual([
    { type: 'input_text', text: 'About ' },
    { type: 'input_tag', id: 'rome', text: 'Rome', data: { kind: 'city' }, group: 'Cities', interactive: true },
    { type: 'input_text', text: ' and more' },
  ]);
  const queries = await chat.page.evaluate(() => window.queries);
  expect(queries[0]).toBe('');
  expect(queries.at(-1)).toBe('ro');
  await expect(chat.item('u1')).toBeVisible();
});

test('94: an answer that comes too late is dropped', async ({ chat }) => {
  await openWithEntities(chat);
  await chat.field.click();
  await chat.page.keyboard.type('@o');
  await chat.page.waitForFunction(() => window.queries.includes('o'));
  await chat.page.keyboard.type('sl');
  await expect(chat.page.getByRole('option')).toHaveText([/Oslo/]);
  await chat.page.evaluate(() => window.answerLate());
  await chat.frames();
  await expect(chat.page.getByRole('option')).toHaveText([/Oslo/]);
  await chat.page.keyboard.press('Escape');
  await expect(chat.page.getByRole('option')).toHaveCount(0);
});

test('94: a pill is deleted as a whole', async ({ chat }) => {
  await openWithEntities(chat);
  await chat.field.click();
  await chat.page.keyboard.type('@rom');
  await expect(chat.page.getByRole('option')).toHaveCount(1);
  await chat.page.keyboard.press('Tab');
  await expect(chat.field).toContainText('Rome');
  await chat.page.keyboard.press('Backspace'); // the space behind it
  await chat.page.keyboard.press('Backspace');
  await expect(chat.field).not.toContainText('Rome');
  await expect(chat.sendButton).toBeDisabled();
});

test('95: the button for @ opens the list, and is there only with a search', async ({ chat }) => {
  await openWithEntities(chat);
  await chat.button('Mention').click();
  await expect(chat.field).toHaveText('@');
  await expect(chat.page.getByRole('option')).toHaveCount(3);
  await chat.set({ entities: { showComposerMenu: true } });
  await expect(chat.button('Mention')).toHaveCount(0);
});

test('96: commands are found, lead on, insert things, or fail with a word', async ({ chat }) => {
  await chat.goto();
  await chat.page.evaluate(() => {
    window.picked = [];
    const commands = [
      { id: 'insert', label: 'Insert Rome', group: 'Places' },
      { id: 'more', label: 'More places', group: 'Places' },
      { id: 'fails', label: 'Fails', description: 'Always' },
      { id: 'void', label: 'Silent' },
    ];
    return window.start({
      composer: { tools: [{ id: 'search', label: 'Search tool', icon: 'search' }] },
      commands: {
        enabled: true,
        onSearch: async (query: string) => commands.filter(({ label }) => label.toLowerCase().includes(query.toLowerCase())),
        onSelect: async (command: { id: string }) => {
          window.picked.push(command.id);
          if (command.id === 'insert') return { type: 'entity', entity: { id: 'rome', title: 'Rome' } };
          if (command.id === 'more') return { type: 'menu', commands: [{ id: 'deep', label: 'Deep place' }] };
          if (command.id === 'fails') throw new Error('No luck');
          return undefined;
        },
      },
    });
  });
  const options = chat.page.getByRole('option');
  const open = async (query: string): Promise<void> => {
    await chat.write('');
    await chat.field.click();
    await chat.page.keyboard.type(`/${query}`);
  };
  await open('');
  await expect(options).toHaveCount(5);
  await expect(chat.page.getByRole('listbox')).toContainText('Places');
  await open('silent');
  await expect(options).toHaveCount(1);
  await chat.page.keyboard.press('Enter');
  await expect(options).toHaveCount(0);
  await expect(chat.field).toHaveText('');
  await open('insert');
  await expect(options).toHaveCount(1);
  await options.click();
  await expect(chat.field).toContainText('Rome');
  await open('more');
  await expect(options).toHaveCount(1);
  await chat.page.keyboard.press('Enter');
  await expect(options).toHaveText([/Deep place/]);
  await chat.page.keyboard.press('Enter');
  await expect(options).toHaveCount(0);
  await open('fails');
  await expect(options).toHaveCount(1);
  await chat.page.keyboard.press('Enter');
  await expect(chat.page.locator('.toast')).toBeVisible();
  expect(await chat.details('error')).toEqual([{ error: 'No luck', isError: true }]);
  await open('search');
  await expect(options).toHaveCount(1);
  await chat.page.keyboard.press('Enter');
  await expect(chat.page.locator('.tool.chip')).toContainText('Search tool');
  expect(await chat.page.evaluate(() => window.picked)).toEqual(['void', 'insert', 'more', 'deep', 'fails']);
});

test('96: a menu of commands leads back, step by step', async ({ chat }) => {
  await chat.goto();
  await chat.page.evaluate(() =>
    window.start({
      commands: {
        enabled: true,
        onSearch: async () => [{ id: 'places', label: 'Places' }],
        onSelect: async ({ id }: { id: string }) => ({ type: 'menu', commands: [{ id: `${id}-in`, label: `In ${id}` }, { id: 'other', label: 'Other' }] }),
      },
    }),
  );
  const options = chat.page.getByRole('option');
  const press = (key: string): Promise<void> => chat.page.keyboard.press(key);
  await chat.field.click();
  await chat.page.keyboard.type('/');
  await expect(options).toHaveText([/Places/]);
  await press('Enter');
  await expect(options).toHaveText([/In places/, /Other/]);
  await press('Enter');
  await expect(options).toHaveText([/In places-in/, /Other/]);
  await chat.page.keyboard.type('ot'); // what is written filters the menu that is shown
  await expect(options).toHaveText([/Other/]);
  await press('Backspace');
  await press('Backspace');
  await expect(options).toHaveText([/In places-in/, /Other/]);
  await press('Backspace');
  await expect(options).toHaveText([/In places\s*$/, /Other/]);
  await press('Backspace');
  await expect(options).toHaveText([/Places/]);
  await press('Backspace');
  await expect(chat.page.getByRole('listbox')).toHaveCount(0);
  await expect(chat.field).toHaveText('');
});

test('96: what the composer itself can do is among the commands, as far as it can', async ({ chat }) => {
  await chat.goto();
  const attachments = { enabled: true };
  const composer = { tools: [{ id: 'search', label: 'Search tool', icon: 'search' }], models: [{ id: 'a', label: 'Alpha' }, { id: 'b', label: 'Beta' }, { id: 'c', label: 'Gamma', disabled: true }], dictation: { enabled: true } };
  await chat.page.evaluate((composer) =>
    window.start({
      api: { url: '/api', uploadStrategy: { type: 'two_phase' } },
      composer,
      commands: { enabled: true },
      entities: { onTagSearch: async () => [{ id: 'rome', title: 'Rome' }] },
    }), { ...composer, attachments });
  const options = chat.page.getByRole('option');
  const choose = async (query: string): Promise<void> => {
    await chat.field.click();
    await chat.page.keyboard.type(`/${query}`);
    await expect(options).toHaveCount(1);
    await chat.page.keyboard.press('Enter');
    await expect(chat.field).not.toContainText('/');
  };
  await chat.field.click();
  await chat.page.keyboard.type('/');
  await expect(options).toHaveText([/Attach files/, /Search tool/, /Alpha/, /Beta/, /Mention/, /Start dictation/]);
  await chat.page.keyboard.press('Backspace');
  await choose('attach');
  expect((await chat.fileChooser()).isMultiple()).toBe(true);
  await choose('beta');
  await expect(chat.button('Model: Beta')).toBeVisible();
  await choose('mention');
  await expect(options).toHaveText([/Rome/]);
  await chat.page.keyboard.press('Enter');
  await expect(chat.field).toContainText('Rome');
  await chat.write('');
  await choose('dictation');
  await chat.button('Cancel dictation').click();

  await chat.set({ commands: { enabled: true }, composer: { models: [{ id: 'a', label: 'Alpha' }] } });
  await chat.write('');
  await chat.field.click();
  await chat.page.keyboard.type('/');
  await expect(options).toHaveText([/Alpha/]);
});

test('97: prompts are sent at once, and the draft stays', async ({ chat }) => {
  const prompt = [{ type: 'input_text', text: 'Tell of ' }, { type: 'input_tag', id: 'e1', text: 'Rome' }];
  await chat.open({ startScreen: { greeting: 'Hello there', prompts: [{ label: 'Plain', prompt: 'Say hi', icon: 'bolt' }, { label: 'Rich', prompt }] } });
  await expect(chat.page.getByRole('heading', { name: 'Hello there' })).toBeVisible();
  await chat.write('Draft');
  chat.answerNext(events(ANSWER));
  await chat.button('Plain').click();
  await expect(chat.item('a1')).toBeVisible();
  await expect(chat.field).toHaveText('Draft');
  await chat.button('New chat').click();
  chat.answerNext(events([created('thr_2'), done(user('u2', 'x')), done(assistant('a2', 'More'))]));
  await chat.button('Rich').click();
  await expect(chat.item('a2')).toBeVisible();
  expect(inputs(chat).map(({ content }) => content)).toEqual([
    [{ type: 'input_text', text: 'Say hi' }],
    [{ type: 'input_text', text: 'Tell of ' }, { type: 'input_tag', id: 'e1', text: 'Rome', data: {} }],
  ]);
});

test('98: a quote is shown, can be taken away, and is sent', async ({ chat }) => {
  await chat.open();
  await chat.call('setComposerValue', { reply: 'Said before' });
  await chat.button('Remove quote').click();
  await expect(chat.page.locator('.quote-chip')).toHaveCount(0);
  await chat.call('setComposerValue', { reply: 'Said before' });
  await chat.ask('Why?', [created('thr_1'), done({ ...user('u1', 'Why?'), quoted_text: 'Said before' })]);
  expect(inputs(chat)[0]!.quoted_text).toBe('Said before');
  await expect(chat.item('u1').locator('blockquote')).toHaveText('Said before');
  await expect(chat.page.locator('.quote-chip')).toHaveCount(0);
});

test('98: a selection of an answer becomes the quote', async ({ chat }) => {
  await chat.open();
  await chat.ask('Hi', [...BEGUN, done(assistant('a1', 'These words matter'))]);
  await chat.item('a1').locator('p').click({ clickCount: 3 });
  await chat.button('Reply').click();
  await expect(chat.page.locator('.quote-chip')).toContainText('These words matter');
  await expect(chat.field).toBeFocused();
});

test('98: an answer, or what is selected of it, is quoted by keyboard alone, and told where one writes', async ({ chat }) => {
  await chat.open({ threadItemActions: { retry: true } });
  await chat.ask('Hi', [...BEGUN, done(assistant('a1', 'These **words** matter')), done(assistant('a2', 'More'))]);
  const chip = chat.page.locator('.quote-chip');
  const toQuote = async (): Promise<void> => {
    await chat.button('Copy').focus();
    await chat.page.keyboard.press('Tab');
    await chat.page.keyboard.press('Tab');
    await expect(chat.button('Quote')).toBeFocused();
    await expect(chat.button('Quote')).toBeInViewport({ ratio: 1 });
  };
  await toQuote();
  await chat.page.keyboard.press('Enter');
  await expect(chip).toContainText('These **words** matter More');
  await expect(chat.field).toBeFocused();
  await expect(chat.field).toHaveAccessibleDescription('Quote: These **words** matter More');

  await chat.item('a1').locator('strong').evaluate((words) => {
    (words.getRootNode() as unknown as { getSelection(): Selection }).getSelection().selectAllChildren(words);
  });
  await expect(chat.button('Reply')).toBeVisible();
  await toQuote();
  await chat.page.evaluate(() => document.getSelection()!.removeAllRanges()); // as a caret does that follows the focus
  await expect(chat.button('Reply')).toHaveCount(0);
  await chat.page.keyboard.press('Space');
  await expect(chip.locator('blockquote')).toHaveText('words');
  await expect(chat.field).toBeFocused();
  await chat.button('Remove quote').press('Enter');
  await expect(chat.field).toHaveAccessibleDescription('');
});

/** The tracks of all microphones so far, and recorders of the test's own to hear whether they give sound. */
async function openWithMicrophone(chat: ChatPage): Promise<void> {
  await chat.goto();
  await chat.page.evaluate(() => {
    window.microphones = [];
    const devices = navigator.mediaDevices;
    const own = devices.getUserMedia.bind(devices);
    devices.getUserMedia = async (wanted) => {
      const stream = await own(wanted);
      window.microphones.push(stream);
      return stream;
    };
    return window.start({ composer: { dictation: { enabled: true } } });
  });
}

async function speak(chat: ChatPage): Promise<void> {
  await chat.button('Start dictation').click();
  await expect(chat.button('Stop dictation')).toBeVisible();
  await chat.page.evaluate(() => new Promise<void>((heard) => {
    const recorder = new MediaRecorder(window.microphones.at(-1)!);
    recorder.ondataavailable = ({ data }) => {
      if (data.size === 0 || recorder.state === 'inactive') return;
      recorder.stop();
      heard();
    };
    recorder.start(20);
  }));
}

function tracks(chat: ChatPage): Promise<string[]> {
  return chat.page.evaluate(() => window.microphones.flatMap((stream) => stream.getTracks().map((track) => track.readyState)));
}

test('99: what is dictated is sent as sound, and comes as text where the caret is', async ({ chat, server }) => {
  await openWithMicrophone(chat);
  await chat.write('Before after');
  for (let letter = 0; letter < 'after'.length; letter++) await chat.page.keyboard.press('ArrowLeft');
  server.answer('input.transcribe', json({ text: 'spoken words' }));
  await speak(chat);
  expect(await tracks(chat)).toEqual(['live']);
  await chat.button('Stop dictation').click();
  await expect(chat.field).toHaveText(/^Before spoken words\s?after$/);
  expect(await tracks(chat)).toEqual(['ended']);
  const { params } = server.of('input.transcribe')[0]!.body;
  expect(params['mime_type']).toBe('audio/webm;codecs=opus');
  expect(params['audio_base64']).toMatch(/^[A-Za-z0-9+/]+=*$/);
  expect(Buffer.from(String(params['audio_base64']), 'base64').subarray(0, 4).toString('hex')).toBe('1a45dfa3'); // EBML
  await expect(chat.field).toBeFocused();
});

test('99: a microphone is let go of when dictation fails, is cancelled, or has no place any more', async ({ chat, server }) => {
  await openWithMicrophone(chat);
  await chat.write('Before');
  server.answer('input.transcribe', json({}, 500));
  await speak(chat);
  await chat.button('Stop dictation').click();
  await expect(chat.page.locator('.toast')).toContainText('Dictation');
  expect(await chat.details('error')).toHaveLength(1);
  await expect(chat.button('Start dictation')).toBeVisible();
  await speak(chat);
  await chat.button('Cancel dictation').click();
  await expect(chat.button('Start dictation')).toBeVisible();
  expect(await tracks(chat)).toEqual(['ended', 'ended']);
  await expect(chat.field).toHaveText('Before');
  await speak(chat);
  await chat.page.evaluate(() => document.getElementById('chat')!.remove());
  await eventually(() => tracks(chat)).toEqual(['ended', 'ended', 'ended']);
  expect(server.of('input.transcribe')).toHaveLength(1);
});
