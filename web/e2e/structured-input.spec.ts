/** Questions of the assistant (UI-SPEC 6: structured input). */

import { assistant, created, done, other, user } from '../tests/chat-under-test';
import { type ChatPage, expect, test } from './chat-page';
import { events, held, json } from './scripted-server';

const INPUTS = [
  { type: 'multiple_choice', id: 'priority', question: 'How urgent?', options: [{ value: 'High' }, { value: 'Low' }] },
  { type: 'multiple_choice', id: 'days', question: 'Which days?', multiple: true, options: [{ value: 'Mon' }, { value: 'Tue' }] },
  { type: 'freeform', id: 'notes', question: 'Anything else?', description: 'Whatever helps.' },
];
const WAITING = other('si1', 'structured_input', { status: 'pending', inputs: INPUTS });

async function asked(chat: ChatPage): Promise<void> {
  await chat.open();
  await chat.ask('Hi', [created('thr_1'), done(user('u1', 'Hi')), done(WAITING)]);
  await expect(chat.page.getByRole('group', { name: 'How urgent?' })).toBeVisible();
}

async function answerAll(chat: ChatPage): Promise<void> {
  await chat.page.getByRole('radio', { name: /Low/ }).check();
  await chat.button('Next').click();
  await chat.page.getByRole('checkbox', { name: /Mon/ }).check();
  await chat.page.getByRole('checkbox', { name: /Tue/ }).check();
  await chat.page.getByRole('textbox', { name: 'Something else…' }).fill('Sunday');
  await chat.button('Next').click();
  await expect(chat.page.locator('form.structured')).toContainText('Whatever helps.');
}

const ANSWERS = {
  priority: { values: ['Low'], skipped: false },
  days: { values: ['Mon', 'Tue', 'Sunday'], skipped: false },
  notes: { values: [], skipped: true },
};

test('54, 55: questions take the place of the text field, and the answers are exact', async ({ chat, server }) => {
  await asked(chat);
  await expect(chat.field).toBeHidden();
  await answerAll(chat);
  server.answer('threads.add_structured_input', events([]));
  await chat.button('Skip').click();
  const { body } = await server.asked('threads.add_structured_input');
  expect(body).toEqual({
    type: 'threads.add_structured_input',
    params: { thread_id: 'thr_1', item_id: 'si1', input: { status: 'answered', answers: ANSWERS } },
  });
});

test('54: questions of a thread that is loaded wait as well', async ({ chat }) => {
  await chat.openThread([user('u1', 'Hi'), WAITING]);
  await expect(chat.page.getByRole('group', { name: 'How urgent?' })).toBeVisible();
  await expect(chat.field).toBeHidden();
});

test('55: a single choice sends what is written in place of what is chosen', async ({ chat, server }) => {
  await asked(chat);
  await chat.page.getByRole('radio', { name: /Low/ }).check();
  await chat.page.getByRole('textbox', { name: 'Something else…' }).fill('Yesterday');
  await chat.button('Next').click();
  await chat.button('Skip').click();
  await chat.page.getByRole('textbox').fill('Nothing');
  server.answer('threads.add_structured_input', events([]));
  await chat.page.keyboard.press('Enter');
  const { body } = await server.asked('threads.add_structured_input');
  expect((body.params['input'] as { answers: unknown }).answers).toEqual({
    priority: { values: ['Yesterday'], skipped: false },
    days: { values: [], skipped: true },
    notes: { values: ['Nothing'], skipped: false },
  });
});

test('56: all can be skipped at once', async ({ chat, server }) => {
  await asked(chat);
  server.answer('threads.add_structured_input', events([]));
  await chat.button('Skip all').click();
  const { body } = await server.asked('threads.add_structured_input');
  expect(body.params['input']).toEqual({ status: 'skipped', answers: {} });
});

test('57: the answers are shown in the transcript, the text field is back, the answer renders', async ({ chat, server }) => {
  await asked(chat);
  await answerAll(chat);
  const answered = {
    ...WAITING, status: 'answered',
    inputs: INPUTS.map((input) => ({ ...input, answer: ANSWERS[input.id as keyof typeof ANSWERS] })),
  };
  server.answer('threads.add_structured_input', events([{ type: 'thread.item.replaced', item: answered }, done(assistant('a1', 'Noted'))]));
  await chat.button('Submit').click();
  await expect(chat.item('a1')).toContainText('Noted');
  await expect(chat.item('si1')).toContainText('Mon, Tue, Sunday');
  await expect(chat.item('si1')).toContainText('Skipped');
  await expect(chat.field).toBeVisible();
});

test('58: when sending fails the questions come back with what was entered', async ({ chat, server }) => {
  await asked(chat);
  await answerAll(chat);
  await chat.page.getByRole('textbox', { name: 'Anything else?' }).fill('Be quick');
  const refused = held(json({}, 500));
  server.answer('threads.add_structured_input', refused.answer, events([]));
  await chat.button('Submit').click();
  await expect(chat.field).toBeVisible(); // meanwhile
  refused.release();
  await expect(chat.page.locator('form.structured')).toBeVisible();
  const submit = chat.button('Submit');
  for (let step = 0; step < 2 && !(await submit.isVisible()); step++) await chat.button('Next').click();
  await expect(chat.page.getByRole('textbox', { name: 'Anything else?' })).toHaveValue('Be quick');
  await submit.click();
  const { body } = await server.asked('threads.add_structured_input', 2);
  expect((body.params['input'] as { answers: unknown }).answers).toEqual({
    ...ANSWERS,
    notes: { values: ['Be quick'], skipped: false },
  });
});
