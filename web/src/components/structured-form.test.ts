import { describe, expect, it } from 'vitest';
import { assistant, created, done, user } from '../../tests/chat-under-test';
import { events, held, json, unreachable } from '../../tests/scripted-server';
import { buttonIf, button, click, drawn, press, textOf, uiUnderTest, type UiUnderTest } from '../../tests/ui-under-test';
import './composer';
import type { Composer } from './composer';

const COLOURS = { type: 'multiple_choice', id: 'colour', question: 'Which colour?', options: [{ value: 'Red' }, { value: 'Blue' }], multiple: false };
const SIZES = { ...COLOURS, id: 'sizes', question: 'Which sizes?', options: [{ value: 'S' }, { value: 'M' }], multiple: true };
const NOTES = { type: 'freeform', id: 'notes', question: 'Anything else?', description: 'In your words' };

function asking(id: string, inputs: object[]): object {
  return done({ id, thread_id: 'thr_1', created_at: '2026-01-01T00:00:00', type: 'structured_input', status: 'pending', inputs });
}

interface Test extends UiUnderTest {
  part: Composer;
  question: () => string;
  options: () => HTMLInputElement[];
  field: () => HTMLInputElement;
  enter: (text: string) => Promise<void>;
  /** What was sent as the answers. */
  sent: () => unknown;
}

async function formWith(...inputs: object[]): Promise<Test> {
  const test = uiUnderTest();
  const part = await test.show<Composer>('ck-composer');
  test.server.answer('threads.create', events([created('thr_1'), done(user('u1', 'Hi')), asking('q1', inputs)]));
  await test.ui.chat.send({ content: [{ type: 'input_text', text: 'Hi' }], attachments: [], quotedText: '', inferenceOptions: {} });
  await drawn();
  const field = (): HTMLInputElement => part.querySelector<HTMLInputElement>('.structured .field')!;
  return {
    ...test,
    part,
    question: () => textOf(part.querySelector('legend')),
    options: () => [...part.querySelectorAll<HTMLInputElement>('.choice input')],
    field,
    async enter(text) {
      field().value = text;
      field().dispatchEvent(new Event('input', { bubbles: true }));
      await drawn();
    },
    sent: () => test.server.bodies.at(-1)?.params['input'],
  };
}

async function pick(option: HTMLInputElement | undefined): Promise<void> {
  option?.click();
  await drawn();
}

describe('questions', () => {
  it('are asked one at a time, back and forth, and sent together', async () => {
    const { part, server, question, options, enter, field, sent } = await formWith(COLOURS, SIZES, NOTES);
    server.answer('threads.add_structured_input', events([]));
    expect(question()).toBe('Which colour?');
    expect(textOf(part.querySelector('.step'))).toBe('Question 1 of 3');
    expect(buttonIf(part, 'Back')).toBeUndefined();
    expect(options().map(({ type }) => type)).toEqual(['radio', 'radio']);
    await pick(options()[1]);
    await click(part, 'Next');
    expect(options().map(({ type }) => type)).toEqual(['checkbox', 'checkbox']);
    await pick(options()[0]);
    await pick(options()[1]);
    await enter(' XL ');
    await click(part, 'Next');
    expect(textOf(part.querySelector('.description'))).toBe('In your words');
    await click(part, 'Back');
    expect(options().map(({ checked }) => checked)).toEqual([true, true]);
    expect(field().value).toBe(' XL ');
    await click(part, 'Next');
    await click(part, 'Submit');
    expect(server.bodies.at(-1)?.params).toMatchObject({ thread_id: 'thr_1', item_id: 'q1' });
    expect(sent()).toEqual({
      status: 'answered',
      answers: {
        colour: { values: ['Blue'], skipped: false },
        sizes: { values: ['S', 'M', 'XL'], skipped: false },
        notes: { values: [], skipped: true },
      },
    });
  });

  it('with one answer take the newer of what is chosen and what is written', async () => {
    const { part, server, options, enter, field, sent } = await formWith(COLOURS);
    server.answer('threads.add_structured_input', events([]), events([]));
    await enter('Green');
    await pick(options()[0]);
    expect(field().value).toBe('');
    await enter('Grey');
    expect(options().map(({ checked }) => checked)).toEqual([false, false]);
    await click(part, 'Submit');
    expect(sent()).toMatchObject({ answers: { colour: { values: ['Grey'] } } });
  });

  it('can be skipped one by one, or all', async () => {
    const { part, server, options, sent } = await formWith(COLOURS, NOTES);
    server.answer('threads.add_structured_input', events([]), events([]));
    await pick(options()[0]);
    await click(part, 'Skip');
    await click(part, 'Skip all');
    expect(sent()).toEqual({ status: 'skipped', answers: {} });
    await drawn();
    await click(part, 'Skip'); // the server left it pending
    expect(sent()).toMatchObject({ status: 'answered', answers: { colour: { values: [], skipped: true } } });
  });

  it('are answered by number keys, but not in the field, nor with a modifier', async () => {
    const { part, options, field } = await formWith(SIZES);
    const form = part.querySelector('form')!;
    press(form, '2');
    press(form, '1', { ctrlKey: true });
    press(field(), '1');
    press(form, '9');
    await drawn();
    expect(options().map(({ checked }) => checked)).toEqual([false, true]);
    press(form, '2');
    await drawn();
    expect(options().map(({ checked }) => checked)).toEqual([false, false]);
  });

  it('put the focus where the next one is answered', async () => {
    const { part, options, field } = await formWith(COLOURS, NOTES);
    await pick(options()[1]);
    await click(part, 'Next');
    const root = part.getRootNode() as ShadowRoot;
    expect(root.activeElement).toBe(field());
    await click(part, 'Back');
    expect(root.activeElement).toBe(options()[1]);
  });
});

describe('answers that do not reach the server', () => {
  it('come back with the questions, at the step where they were', async () => {
    const { part, server, question, enter, field, details, sent } = await formWith(COLOURS, NOTES);
    const failing = held(unreachable());
    server.answer('threads.add_structured_input', failing.answer, events([]));
    await click(part, 'Skip');
    await enter('Mine');
    await click(part, 'Submit');
    expect(part.querySelector('form')).toBeNull();
    failing.release();
    await drawn();
    expect(question()).toBe('Anything else?');
    expect(field().value).toBe('Mine');
    expect(details('error')).toHaveLength(1);
    await click(part, 'Submit');
    expect(sent()).toMatchObject({ answers: { notes: { values: ['Mine'] } } });
  });
});

it('later questions begin anew, though theirs have the same ids', async () => {
  const { part, server, question, field, enter } = await formWith(COLOURS, NOTES);
  await click(part, 'Next');
  await enter('Mine');
  server.answer('threads.retry_after_item', events([done(assistant('a2', 'Again')), asking('q2', [COLOURS, NOTES])]));
  await part.ui.chat.retry();
  await drawn();
  expect(question()).toBe('Which colour?');
  await click(part, 'Next');
  expect(field().value).toBe('');
  expect(button(part, 'Submit').disabled).toBe(false);
  await enter('Second');
  const { item } = asking('q3', [COLOURS, NOTES]) as { item: object };
  server.answer(
    'threads.get_by_id',
    json({ id: 'thr_1', created_at: '2026-01-01T00:00:00', status: { type: 'active' }, items: { data: [item], has_more: false } }),
  );
  await part.ui.chat.fetchUpdates();
  await drawn();
  expect(question()).toBe('Which colour?');
  await click(part, 'Next');
  expect(field().value).toBe('');
});
