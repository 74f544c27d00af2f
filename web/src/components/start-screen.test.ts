import { expect, it } from 'vitest';
import { LiveStream } from '../../tests/scripted-server';
import { button, click, drawn, textOf, texts, uiUnderTest } from '../../tests/ui-under-test';
import './start-screen';
import type { StartScreen } from './start-screen';

const prompts = [
  { label: 'Plain', prompt: 'Say something' },
  { label: 'With a tag', prompt: [{ type: 'input_tag' as const, id: 'e1', text: 'Anna' }] },
  { label: 'Empty', prompt: ' ' },
];

it('the start screen greets, in the page’s words if it has any', async () => {
  const { show, set } = uiUnderTest();
  const screen = await show<StartScreen>('ck-start-screen');
  expect(textOf(screen.querySelector('h1'))).toBe('What can I help with today?');
  expect(screen.querySelector('ul')).toBeNull();
  await set({ startScreen: { greeting: 'Hello <b>you</b>', prompts } });
  expect(textOf(screen.querySelector('h1'))).toBe('Hello <b>you</b>');
  expect(texts(screen, '.prompt')).toEqual(['Plain', 'With a tag', 'Empty']);
});

it('a prompt is told as the content of a message, one that says nothing is not', async () => {
  const screen = await uiUnderTest({ startScreen: { prompts } }).show<StartScreen>('ck-start-screen');
  const told: unknown[] = [];
  screen.addEventListener('ck-prompt', (event) => told.push((event as CustomEvent<unknown>).detail));
  for (const { label } of prompts) await click(screen, label);
  expect(told).toEqual([
    [{ type: 'input_text', text: 'Say something' }],
    [{ type: 'input_tag', id: 'e1', text: 'Anna', data: {} }],
  ]);
});

it('prompts wait while a message is on its way', async () => {
  const { ui, server, show } = uiUnderTest({ startScreen: { prompts } });
  const screen = await show<StartScreen>('ck-start-screen');
  const live = new LiveStream();
  server.answer('threads.create', live.answer);
  ui.chat.send({ content: [{ type: 'input_text', text: 'Hi' }], attachments: [], quotedText: '', inferenceOptions: {} }).catch(() => undefined);
  await drawn();
  expect(button(screen, 'Plain').disabled).toBe(true);
  live.end();
  await drawn();
  expect(button(screen, 'Plain').disabled).toBe(false);
});
