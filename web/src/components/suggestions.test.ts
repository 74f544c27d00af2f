import { describe, expect, it } from 'vitest';
import { click, drawn, press, textOf, texts, uiUnderTest, type UiUnderTest } from '../../tests/ui-under-test';
import { fieldOf, paused, write } from '../../tests/writing';
import type { ElementOptions } from '../options';
import './composer';
import type { Composer } from './composer';

interface Test extends UiUnderTest {
  composer: Composer;
  options: () => string[];
  key: (key: string) => Promise<boolean>;
  written: () => string;
  isOpen: () => boolean;
}

async function composerWith(options: Partial<ElementOptions>): Promise<Test> {
  const test = uiUnderTest(options);
  const composer = await test.show<Composer>('ck-composer');
  return {
    ...test,
    composer,
    options: () => [...composer.querySelectorAll('[role=option] > span')].map((one) => textOf(one)),
    async key(key) {
      const isTaken = press(fieldOf(composer), key);
      await drawn();
      return isTaken;
    },
    written: () => fieldOf(composer).textContent ?? '',
    isOpen: () => composer.querySelector('[role=listbox]') !== null,
  };
}

const PEOPLE = [
  { id: '1', title: 'Anna', group: 'People' },
  { id: '2', title: 'Atlas', group: 'Books' },
  { id: '3', title: 'Bob', group: 'People' },
  { id: '4', title: 'Home' },
];

describe('a mention', () => {
  it('looks for nothing first, then for what is written, and shows groups as they come', async () => {
    const asked: string[] = [];
    const { composer, options } = await composerWith({
      entities: { onTagSearch: async (query) => (asked.push(query), PEOPLE) },
    });
    await write(composer, '@');
    await write(composer, 'a');
    await write(composer, 'n');
    await paused();
    expect(asked).toEqual(['', 'an']);
    expect(options()).toEqual(['Home', 'Anna', 'Bob', 'Atlas']);
    expect(texts(composer, '.suggestions .group')).toEqual(['People', 'Books']);
  });

  it('is chosen by arrows and Enter, and told to a screen reader', async () => {
    const { composer, key, isOpen, server } = await composerWith({ entities: { onTagSearch: async () => PEOPLE } });
    await write(composer, 'Ask @');
    expect(fieldOf(composer).getAttribute('aria-activedescendant')).toBe('ck-suggestion-0');
    await key('ArrowDown');
    await key('ArrowUp');
    await key('ArrowUp'); // the last
    expect(textOf(composer.querySelector('[aria-selected=true]'))).toBe('Atlas');
    expect(composer.querySelector('[aria-selected=true]')?.id).toBe(fieldOf(composer).getAttribute('aria-activedescendant'));
    await key('ArrowDown');
    await key('ArrowDown');
    expect(await key('Enter')).toBe(true);
    expect(isOpen()).toBe(false);
    expect(fieldOf(composer).getAttribute('aria-activedescendant')).toBe('');
    expect(server.requests).toEqual([]);
    expect(fieldOf(composer).textContent).toBe('Ask @Anna ');
  });

  it('shows nothing of an answer that is overtaken', async () => {
    const answers = new Map<string, (found: typeof PEOPLE) => void>();
    const { composer, options } = await composerWith({
      entities: { onTagSearch: (query) => new Promise((resolve) => answers.set(query, resolve)) },
    });
    await write(composer, '@');
    await write(composer, 'b');
    answers.get('')?.(PEOPLE); // while the next search still waits
    await drawn();
    expect(options()).toEqual([]);
    await paused();
    await write(composer, 'o');
    await paused();
    answers.get('bo')?.([PEOPLE[2]!]);
    await drawn();
    answers.get('b')?.(PEOPLE);
    await drawn();
    expect(options()).toEqual(['Bob']);
  });

  it('is chosen by Enter for what is written, not for what was found before', async () => {
    const answers = new Map<string, (found: typeof PEOPLE) => void>();
    const { composer, key, written, server } = await composerWith({
      entities: { onTagSearch: (query) => new Promise((resolve) => answers.set(query, resolve)) },
    });
    await write(composer, '@');
    await paused();
    answers.get('')?.(PEOPLE);
    await drawn();
    await write(composer, 'bo');
    expect(await key('Enter')).toBe(true);
    await paused();
    answers.get('bo')?.([PEOPLE[2]!]);
    await drawn();
    expect(written()).toBe('@Bob ');
    expect(server.requests).toHaveLength(0);
  });

  it('does not hold up a sentence that goes on', async () => {
    const { composer, key, written, server } = await composerWith({
      entities: { onTagSearch: async (query) => (query === '' ? PEOPLE : new Promise(() => undefined)) },
    });
    server.answer('threads.create', () => new Promise(() => undefined));
    await write(composer, 'mail me @');
    await write(composer, 'work please');
    await key('Enter');
    expect(written()).toBe('');
    expect(JSON.stringify(server.bodies)).toContain('mail me @work please');
  });

  it('that finds nothing says so, and is over with a second word; a new one is looked for again', async () => {
    const asked: string[] = [];
    const { composer, isOpen, key } = await composerWith({
      entities: { onTagSearch: async (query) => (asked.push(query), []) },
    });
    await write(composer, '@x');
    await paused();
    expect(textOf(composer.querySelector('.suggestions'))).toBe('Nothing found');
    expect(await key('ArrowDown')).toBe(false);
    await write(composer, ' y');
    await paused();
    await write(composer, ' z');
    await paused();
    expect(isOpen()).toBe(false);
    expect(asked).toEqual(['x', 'x y']);
    await write(composer, ' @');
    expect(asked).toEqual(['x', 'x y', '']);
  });

  it('that is closed by Escape stays closed while it is written on', async () => {
    const { composer, isOpen, key, written } = await composerWith({ entities: { onTagSearch: async () => PEOPLE } });
    await write(composer, '@');
    expect(await key('Escape')).toBe(true);
    expect(isOpen()).toBe(false);
    await write(composer, 'an');
    await paused();
    expect(isOpen()).toBe(false);
    expect(written()).toBe('@an');
  });

  it('whose search fails finds nothing, and the page is told', async () => {
    const { composer, details } = await composerWith({
      entities: { onTagSearch: async () => Promise.reject(new Error('offline')) },
    });
    await write(composer, '@');
    expect(textOf(composer.querySelector('.suggestions'))).toBe('Nothing found');
    expect(details('error')).toEqual([{ error: new Error('offline') }]);
  });

  it('is looked for only where the page searches', async () => {
    const { composer, isOpen } = await composerWith({});
    await write(composer, '@');
    expect(isOpen()).toBe(false);
  });
});

describe('a command', () => {
  const SUM = { id: 'sum', label: 'Sum up', description: 'In a line', group: 'Text' };

  it('is looked for by the page, beside what the composer has itself', async () => {
    const { composer, options } = await composerWith({
      commands: { enabled: true, onSearch: async () => [SUM] },
      composer: {
        tools: [{ id: 't', label: 'Search', icon: 'globe' }],
        models: [{ id: 'm', label: 'Small' }, { id: 'n', label: 'Off', disabled: true }],
      },
      entities: { onTagSearch: async () => [] },
    });
    await write(composer, '/');
    expect(options().sort()).toEqual(['Mention', 'Search', 'Small', 'Sum up In a line']);
    await write(composer, 's');
    await paused();
    expect(options().sort()).toEqual(['Search', 'Small', 'Sum up In a line']);
  });

  it('of the composer runs, and nothing of it is left to be sent', async () => {
    const { composer, key, details, written } = await composerWith({
      commands: { enabled: true },
      composer: { tools: [{ id: 't', label: 'Search', icon: 'globe' }] },
    });
    await write(composer, '/sea');
    await paused();
    await key('Tab');
    expect(details('tool.change')).toEqual([{ toolId: 't' }]);
    expect(written()).toBe('');
    expect(composer.isFilled).toBe(false);
  });

  it('of the page can put a tag in its place', async () => {
    const { composer, key } = await composerWith({
      commands: {
        enabled: true,
        onSearch: async () => [SUM],
        onSelect: async () => ({ type: 'entity', entity: PEOPLE[0]! }),
      },
    });
    await write(composer, '/');
    await key('Enter');
    expect(fieldOf(composer).textContent).toBe('@Anna ');
  });

  it('of the page can open a menu, which what is written filters, and Backspace leaves', async () => {
    const chosen: string[] = [];
    const more = [{ id: 'short', label: 'Short' }, { id: 'long', label: 'Long' }];
    const { composer, key, options, written, isOpen } = await composerWith({
      commands: {
        enabled: true,
        onSearch: async () => [SUM],
        onSelect: async (command) => {
          chosen.push(command.id);
          return command.id === 'sum' ? { type: 'menu', commands: more } : undefined;
        },
      },
      composer: { tools: [{ id: 't', label: 'Search', icon: 'globe' }] },
    });
    await write(composer, '/su');
    await paused();
    await key('Enter');
    expect(options()).toEqual(['Short', 'Long']);
    expect(await key('Backspace')).toBe(true);
    expect(options()).toEqual(['Search', 'Sum up In a line']);
    await key('ArrowDown');
    await key('Enter');
    await write(composer, 'LO');
    await paused();
    expect(options()).toEqual(['Long']);
    expect(await key('Backspace')).toBe(false); // deletes a letter
    await key('Enter');
    expect(chosen).toEqual(['sum', 'sum', 'long']);
    expect(written()).toBe('');
    expect(isOpen()).toBe(false);
  });

  it('opens no menu where people have gone on writing', async () => {
    let answer!: (selection: { type: 'menu'; commands: (typeof SUM)[] }) => void;
    const { composer, key, isOpen, options, written } = await composerWith({
      commands: { enabled: true, onSearch: async () => [SUM], onSelect: () => new Promise((resolve) => (answer = resolve)) },
    });
    await write(composer, '/');
    await key('Enter');
    await write(composer, 'words');
    answer({ type: 'menu', commands: [{ ...SUM, label: 'More' }] });
    await drawn();
    expect(isOpen()).toBe(false);
    expect(written()).toBe('words');
    await write(composer, '\n/');
    expect(options()).toEqual(['Sum up In a line']);
  });

  it('that fails is told to user and page', async () => {
    const { composer, key, isOpen, toasts, details } = await composerWith({
      commands: { enabled: true, onSearch: async () => [SUM], onSelect: async () => Promise.reject(new Error('no')) },
    });
    await write(composer, '/');
    await key('Enter');
    expect(isOpen()).toBe(false);
    expect(toasts).toEqual(['Something went wrong.']);
    expect(details('error')).toEqual([{ error: new Error('no') }]);
  });

  it('is text where commands are off', async () => {
    const { composer, isOpen } = await composerWith({ commands: { enabled: false, onSearch: async () => [SUM] } });
    await write(composer, '/');
    expect(isOpen()).toBe(false);
  });
});

describe('a menu button', () => {
  it('is walked by keys, and gives the focus back', async () => {
    const { composer } = await composerWith({
      composer: { models: ['One', 'Two', 'Three'].map((label) => ({ id: label, label })) },
    });
    const root = composer.getRootNode() as ShadowRoot;
    const focused = (): string => textOf(root.activeElement);
    await click(composer, 'Model: One');
    expect(focused()).toBe('One');
    for (const [key, expected] of [['ArrowUp', 'Three'], ['ArrowDown', 'One'], ['End', 'Three'], ['Home', 'One'], ['ArrowDown', 'Two']]) {
      press(root.activeElement!, key!);
      expect(focused()).toBe(expected);
    }
    expect(press(root.activeElement!, 'Escape')).toBe(true);
    await drawn();
    expect(composer.querySelector('[role=menu]')).toBeNull();
    expect(root.activeElement?.getAttribute('aria-label')).toBe('Model: One');
    press(root.activeElement!, 'ArrowDown');
    await drawn();
    expect(composer.querySelector('[role=menu]')).not.toBeNull();
    document.body.dispatchEvent(new Event('pointerdown', { bubbles: true, composed: true }));
    await drawn();
    expect(composer.querySelector('[role=menu]')).toBeNull();
  });
});
