import { describe, expect, it, vi } from 'vitest';
import { caretIn, fieldOf, write } from '../../tests/writing';
import { press, uiUnderTest } from '../../tests/ui-under-test';
import './text-input';
import type { Query, TextInput } from './text-input';

// Where the caret goes by keys, undo, dropped text and Backspace at a tag are the browser's: see e2e.

interface Test {
  input: TextInput;
  told: (name: string) => unknown[];
  query: () => Query | null | undefined;
}

async function textInput(): Promise<Test> {
  const input = await uiUnderTest().show<TextInput>('ck-text-input');
  const heard: { name: string; detail: unknown }[] = [];
  for (const name of ['ck-submit', 'ck-query', 'ck-files', 'ck-change']) {
    input.addEventListener(name, (event) => heard.push({ name, detail: (event as CustomEvent<unknown>).detail }));
  }
  const told = (name: string): unknown[] => heard.filter((one) => one.name === name).map(({ detail }) => detail);
  return { input, told, query: () => told('ck-query').at(-1) as Query | null | undefined };
}

const anna = { id: 'e1', title: 'Anna Bee', group: 'People', interactive: true, data: { role: 'boss' } };
const annaTag = { type: 'input_tag', id: 'e1', text: 'Anna Bee', group: 'People', interactive: true, data: { role: 'boss' } };

describe('what is written', () => {
  it('is text and tags in their order, trimmed at the ends', async () => {
    const { input } = await textInput();
    await write(input, '  Ask @an');
    input.insertTag(anna);
    await write(input, 'about it \n');
    expect(input.content).toEqual([
      { type: 'input_text', text: 'Ask ' },
      annaTag,
      { type: 'input_text', text: ' about it' },
    ]);
    expect(fieldOf(input).querySelector('.tag')?.getAttribute('contenteditable')).toBe('false');
    expect(fieldOf(input).querySelector('.tag')?.textContent).toBe('@Anna Bee');
  });

  it('has line breaks where the browser puts them, and plain spaces', async () => {
    const { input } = await textInput();
    fieldOf(input).innerHTML = 'one<br>two&nbsp;three<div>four</div><br>';
    expect(input.content).toEqual([{ type: 'input_text', text: 'one\ntwo three\nfour' }]);
  });

  it('is nothing where there is only white space', async () => {
    const { input } = await textInput();
    await write(input, ' \n ');
    expect(input.isEmpty).toBe(true);
    expect(fieldOf(input).hasAttribute('data-filled')).toBe(true);
  });

  it('leaves nothing behind when it is deleted, so that the placeholder is back', async () => {
    const { input } = await textInput();
    fieldOf(input).innerHTML = '<br>';
    fieldOf(input).dispatchEvent(new InputEvent('input'));
    expect(fieldOf(input).childNodes).toHaveLength(0);
    expect(fieldOf(input).hasAttribute('data-filled')).toBe(false);
  });

  it('can be set as parts, markup included, and cleared', async () => {
    const { input, told } = await textInput();
    input.content = [{ type: 'input_text', text: '<b>Hi</b> ' }, annaTag as never];
    expect(fieldOf(input).querySelector('b')).toBeNull();
    expect(input.content).toEqual([{ type: 'input_text', text: '<b>Hi</b> ' }, annaTag]);
    expect(told('ck-change')).toHaveLength(1);
    input.clear();
    expect(input.content).toEqual([]);
  });
});

describe('the caret', () => {
  it('is where text is put, and the end is without one', async () => {
    const { input } = await textInput();
    await write(input, 'Hello');
    caretIn(fieldOf(input).firstChild!, 2);
    input.insertText('--');
    expect(input.content).toEqual([{ type: 'input_text', text: 'He--llo' }]);
    document.getSelection()?.removeAllRanges();
    input.insertText('!');
    expect(input.content).toEqual([{ type: 'input_text', text: 'He--llo!' }]);
  });

  it('has words put apart from the word before it', async () => {
    const { input } = await textInput();
    input.insertWords('one');
    input.insertWords('two');
    await write(input, ' ');
    input.insertWords('three');
    expect(input.content).toEqual([{ type: 'input_text', text: 'one two three' }]);
  });
});

describe('a query', () => {
  it.each([
    ['@', { kind: 'mention', text: '' }],
    ['ask @an', { kind: 'mention', text: 'an' }],
    ['ask\n@an', { kind: 'mention', text: 'an' }],
    ['ask @Anna B', { kind: 'mention', text: 'Anna B' }],
    ['a @b and @c', { kind: 'mention', text: 'c' }],
    ['/', { kind: 'command', text: '' }],
    ['hello\n/su', { kind: 'command', text: 'su' }],
    ['/search tool', { kind: 'command', text: 'search tool' }],
    ['me@home', null],
    ['at @ noon', null],
    ['either/or', null],
    [' /su', null],
    ['/su/it', null],
    ['/ su', null],
  ])('in %j is %j', async (written, expected) => {
    const { input, query } = await textInput();
    await write(input, written);
    if (expected) expect(query()).toMatchObject(expected);
    else expect(query()).toBeNull();
  });

  it('is found across texts that are apart, and taken out of them', async () => {
    const { input, query } = await textInput();
    await write(input, 'ask ');
    input.startMention();
    expect(query()).toMatchObject({ kind: 'mention', text: '' });
    fieldOf(input).append('a', 'n');
    caretIn(fieldOf(input).lastChild!, 1);
    fieldOf(input).dispatchEvent(new InputEvent('input'));
    expect(query()).toMatchObject({ kind: 'mention', text: 'an' });
    input.insertTag(anna);
    expect(input.content).toEqual([{ type: 'input_text', text: 'ask ' }, annaTag]);
  });

  it('ends at a tag', async () => {
    const { input, query } = await textInput();
    await write(input, '@a');
    input.insertTag(anna);
    expect(query()).toBeNull();
    await write(input, 'and so on');
    expect(query()).toBeNull();
  });

  it('that is taken out leaves the field empty, and tells so', async () => {
    const { input, told } = await textInput();
    await write(input, '/sum');
    const before = told('ck-change').length;
    input.removeQuery();
    expect(input.isEmpty).toBe(true);
    expect(told('ck-change').length).toBe(before + 1);
  });

  it('that is a command begins only on a line that is empty', async () => {
    const { input, query } = await textInput();
    expect(input.startCommand()).toBe(true);
    expect(query()).toMatchObject({ kind: 'command', text: '' });
    expect(input.startCommand()).toBe(false);
    input.clear();
    await write(input, 'words');
    expect(input.startCommand()).toBe(false);
    await write(input, '\n');
    expect(input.startCommand()).toBe(true);
  });

  it('is none when the focus is elsewhere', async () => {
    const { input, query } = await textInput();
    await write(input, '@an');
    fieldOf(input).dispatchEvent(new FocusEvent('blur'));
    expect(query()).toBeNull();
  });
});

describe('keys', () => {
  it('Enter sends', async () => {
    const { input, told } = await textInput();
    expect(press(fieldOf(input), 'Enter')).toBe(true);
    expect(told('ck-submit')).toHaveLength(1);
  });

  it('Shift and Enter, and Enter on a touch screen, break the line', async () => {
    const { input, told } = await textInput();
    const broken: string[] = [];
    document.execCommand = (command: string) => broken.push(command) > 0;
    expect(press(fieldOf(input), 'Enter', { shiftKey: true })).toBe(true);
    const touch = vi.spyOn(globalThis, 'matchMedia').mockReturnValue({ matches: true } as MediaQueryList);
    press(fieldOf(input), 'Enter');
    touch.mockRestore();
    expect(broken).toEqual(['insertLineBreak', 'insertLineBreak']);
    expect(told('ck-submit')).toEqual([]);
  });

  it('of an input method do nothing here', async () => {
    const { input, told } = await textInput();
    expect(press(fieldOf(input), 'Enter', { isComposing: true })).toBe(false);
    expect(press(fieldOf(input), 'Enter', { keyCode: 229 })).toBe(false);
    expect(told('ck-submit')).toEqual([]);
  });

  it('that somebody else takes go no further', async () => {
    const { input, told } = await textInput();
    input.addEventListener('ck-key', (event) => event.preventDefault());
    expect(press(fieldOf(input), 'Enter')).toBe(true);
    expect(told('ck-submit')).toEqual([]);
  });
});

describe('pasted files', () => {
  const paste = (text: string): Event => {
    const event = new Event('paste', { cancelable: true });
    return Object.assign(event, { clipboardData: { files: [new File(['x'], 'x.png')], getData: () => text } });
  };

  it('are attached', async () => {
    const { input, told } = await textInput();
    const event = paste('');
    fieldOf(input).dispatchEvent(event);
    expect(event.defaultPrevented).toBe(true);
    expect(told('ck-files')).toHaveLength(1);
  });

  it('are left out where they are a picture of a text', async () => {
    const { input, told } = await textInput();
    const event = paste('A cell');
    fieldOf(input).dispatchEvent(event);
    expect(event.defaultPrevented).toBe(false);
    expect(told('ck-files')).toEqual([]);
  });
});

it('a field that is disabled cannot be written into', async () => {
  const { input } = await textInput();
  expect(fieldOf(input).getAttribute('contenteditable')).toBe('plaintext-only');
  input.disabled = true;
  await input.updateComplete;
  expect(fieldOf(input).getAttribute('contenteditable')).toBe('false');
  expect(fieldOf(input).getAttribute('aria-disabled')).toBe('true');
});
