import { beforeEach, expect, test } from 'vitest';
import type { Chat } from '../chat';
import type { ThreadItem } from '../protocol';
import { ENGLISH } from '../strings';
import { Announcer } from './announcer';

let announcer: Announcer;

beforeEach(() => {
  announcer = new Announcer();
});

const user = (id: string): ThreadItem => ({ id, type: 'user_message', content: [], attachments: [], inference_options: {}, thread_id: 't', created_at: '' });
const said = (id: string, text: string): ThreadItem => ({ id, type: 'assistant_message', content: [{ type: 'output_text', text, annotations: [] }], thread_id: 't', created_at: '' });

function follow(items: ThreadItem[], isResponding: boolean, pending: string[] = [], threadId: string | null = 't'): string[] {
  const before = announcer.lines.length;
  announcer.follow({ isResponding, threadId, conversation: { items, pending: new Set(pending) } } as unknown as Chat, ENGLISH);
  return announcer.lines.slice(before).map((line) => line.text);
}

test('what is there when a thread is opened is not announced, also when it is left and seen again', () => {
  expect(follow([user('u'), said('a', 'Old.')], false)).toEqual([]);
  expect(follow([user('x'), said('b', 'Other.')], false, [], 'other')).toEqual([]);
  expect(follow([user('u'), said('a', 'Old.')], false)).toEqual([]);
});

test('whole sentences are said, each once', () => {
  follow([user('u')], false);
  expect(follow([user('u')], true)).toEqual([ENGLISH.answering]);
  expect(follow([user('u'), said('a', 'It costs 3.')], true, ['a'])).toEqual([]);
  expect(follow([user('u'), said('a', 'It costs 3.14 today. And mo')], true, ['a'])).toEqual(['It costs 3.14 today.']);
  expect(follow([user('u'), said('a', 'It costs 3.14 today. And more')], true)).toEqual(['And more']);
  expect(follow([user('u'), said('a', 'It costs 3.14 today. And more')], false)).toEqual([]);
});

test('sentences without spaces between them are said as well', () => {
  follow([user('u')], true);
  expect(follow([user('u'), said('a', '你好。再')], true, ['a'])).toEqual(['你好。']);
});

test('an answer that comes at once is said', () => {
  follow([user('u')], true);
  expect(follow([user('u'), said('a', 'All of it')], false)).toEqual(['All of it']);
});

test('two messages in one step are both said', () => {
  follow([user('u')], true);
  expect(follow([user('u'), said('a', 'One.'), said('b', 'Two.')], true)).toEqual(['One.', 'Two.']);
});

test('older answers are not said again when the newest is taken away', () => {
  const old = [user('u'), said('a', 'Old.')];
  follow(old, false);
  follow([...old, user('v'), said('b', 'New')], true, ['b']);
  expect(follow([...old, user('v')], true)).toEqual([]);
});

test('older messages that are loaded meanwhile are not said', () => {
  follow([user('u')], true);
  expect(follow([said('o', 'Older.'), user('u'), said('a', 'New.')], true)).toEqual(['New.']);
});

test('signs of Markdown are not read', () => {
  follow([user('u')], true);
  expect(follow([user('u'), said('a', '## A **bold** [link](https://x.org) of snake_case and _this_')], true)).toEqual(['A bold link of snake_case and this']);
});
