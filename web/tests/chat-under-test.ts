/** A chat that talks to a scripted server, and what it tells the page. */

import { Chat } from '../src/chat';
import { Client } from '../src/client';
import type { OutgoingMessage } from '../src/outgoing-message';
import type { ClientTool } from '../src/response';
import { ScriptedServer, events } from './scripted-server';

export interface ChatUnderTest {
  chat: Chat;
  server: ScriptedServer;
  /** What was told, in order: names, and details where a test may look at them. */
  told: { name: string; detail: unknown }[];
  names: () => string[];
  errors: () => Error[];
  tool: { run: ClientTool | undefined };
}

export function chatUnderTest(): ChatUnderTest {
  const server = new ScriptedServer();
  const told: ChatUnderTest['told'] = [];
  const tool: ChatUnderTest['tool'] = { run: undefined };
  const client = new Client({
    url: 'https://chat.test/api',
    fetch: () => server.fetch,
    locale: () => 'en',
  });
  const chat = new Chat({
    client: () => client,
    clientTool: () => tool.run,
    changed: () => undefined,
    tell: (name, detail) => told.push({ name, detail }),
  });
  const names = (): string[] => told.map(({ name }) => name).filter((name) => name !== 'log');
  const errors = (): Error[] =>
    told.filter(({ name }) => name === 'error').map(({ detail }) => (detail as { error: Error }).error);
  return { chat, server, told, names, errors, tool };
}

/** A chat that shows a thread of one finished turn: `u1`, and the answer `a1`. */
export async function chatWithThread(): Promise<ChatUnderTest> {
  const test = chatUnderTest();
  test.server.answer('threads.create', events([created('thr_1'), done(user('u1', 'Hi')), done(assistant('a1', 'Hello'))]));
  await test.chat.send(message('Hi'));
  await test.chat.slot.response?.finished;
  test.server.requests.length = 0;
  test.told.length = 0;
  return test;
}

export function message(text: string): OutgoingMessage {
  const content = text ? [{ type: 'input_text' as const, text }] : [];
  return { content, attachments: [], quotedText: '', inferenceOptions: {} };
}

export function thread(id: string, more: object = {}): object {
  return {
    id,
    created_at: '2026-01-02T03:04:05',
    status: { type: 'active' },
    items: { data: [], has_more: false },
    ...more,
  };
}

export function created(id: string): object {
  return { type: 'thread.created', thread: thread(id) };
}

export function added(item: object): object {
  return { type: 'thread.item.added', item };
}

export function done(item: object): object {
  return { type: 'thread.item.done', item };
}

export function delta(itemId: string, text: string): object {
  return {
    type: 'thread.item.updated',
    item_id: itemId,
    update: { type: 'assistant_message.content_part.text_delta', content_index: 0, delta: text },
  };
}

export const CAN_STOP = { type: 'stream_options', stream_options: { allow_cancel: true } };

function item(id: string, more: object): object {
  return { id, thread_id: 'thr_1', created_at: '2026-01-02T03:04:05', ...more };
}

export function user(id: string, text: string): object {
  return item(id, {
    type: 'user_message',
    content: [{ type: 'input_text', text }],
    attachments: [],
    quoted_text: '',
    inference_options: {},
  });
}

export function assistant(id: string, ...texts: string[]): object {
  const content = texts.map((text) => ({ type: 'output_text', text, annotations: [] }));
  return item(id, { type: 'assistant_message', content });
}

export function toolCall(id: string, name: string, args: object = {}): object {
  return item(id, {
    type: 'client_tool_call',
    status: 'pending',
    call_id: `call_${id}`,
    name,
    arguments: args,
  });
}

export function widget(id: string, value = 'Text', more: object = {}): object {
  return item(id, {
    type: 'widget',
    widget: { type: 'Card', children: [{ type: 'Text', id: 'text', value }] },
    ...more,
  });
}

export function questions(id: string, status = 'pending'): object {
  return item(id, {
    type: 'structured_input',
    status,
    inputs: [{ type: 'freeform', id: 'notes', question: 'Anything else?' }],
  });
}

export function other(id: string, type: string, more: object = {}): object {
  return item(id, { type, ...more });
}

export function ids(chat: Chat): string[] {
  return chat.conversation.items.map(({ id }) => id);
}
