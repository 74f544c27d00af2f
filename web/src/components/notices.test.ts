import { expect, it } from 'vitest';
import { created, done, user } from '../../tests/chat-under-test';
import { events } from '../../tests/scripted-server';
import { button, drawn, textOf, uiUnderTest } from '../../tests/ui-under-test';
import './notices';
import type { Notices } from './notices';

it('notices are shown by their level, dismissed one by one, and gone with the next message', async () => {
  const { ui, server, show } = uiUnderTest();
  const part = await show<Notices>('ck-notices');
  expect(part.querySelector('.notices')).toBeNull();
  const notice = (level: string, message: string, title?: string): object => ({ type: 'notice', level, message, title });
  const message = { content: [{ type: 'input_text' as const, text: 'Hi' }], attachments: [], quotedText: '', inferenceOptions: {} };
  server.answer(
    'threads.create',
    events([created('thr_1'), done(user('u1', 'Hi')), notice('info', 'One <b>x</b>', 'First'), notice('danger', 'Two'), notice('odd', 'Three')]),
  );
  server.answer('threads.add_user_message', events([done(user('u2', 'Hi'))]));
  await ui.chat.send(message);
  await drawn();
  const shown = (): string[] => [...part.querySelectorAll('.notice')].map((one) => `${one.getAttribute('role')}: ${textOf(one)}`);
  expect(shown()).toEqual(['status: Note: First One <b>x</b>', 'alert: Important: Two', 'status: Note: Three']);
  expect(part.querySelector('b')).toBeNull();
  button(part, 'Dismiss').click();
  await drawn();
  expect(shown()).toEqual(['alert: Important: Two', 'status: Note: Three']);
  await ui.chat.send(message);
  await drawn();
  expect(shown()).toEqual([]);
});
