// @vitest-environment node
import { describe, expect, it } from 'vitest';
import { assistant, chatWithThread, other, widget } from '../tests/chat-under-test';
import { held, json } from '../tests/scripted-server';
import type { ThreadItem } from './protocol';

describe('a rating', () => {
  const turn = [
    other('tsk', 'task', { task: { type: 'image' } }),
    widget('w'),
    assistant('a', 'x'),
    other('end', 'end_of_turn'),
  ] as ThreadItem[];

  it('names what the assistant added in the turn, in order', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('items.feedback', json({}), json({}));
    await chat.ratings.rate('thr_1', turn, 'positive');
    await chat.ratings.rate('thr_1', turn, 'positive');
    await chat.ratings.rate('thr_1', turn, 'negative');
    const params = { thread_id: 'thr_1', item_ids: ['tsk', 'w', 'a'] };
    expect(server.bodies).toEqual([
      { type: 'items.feedback', params: { ...params, kind: 'positive' } },
      { type: 'items.feedback', params: { ...params, kind: 'negative' } },
    ]);
    expect(chat.ratings.of(turn)).toBe('negative');
  });

  it('is shown at once, and goes back to what it was when it fails', async () => {
    const test = await chatWithThread();
    const { chat, server } = test;
    server.answer('items.feedback', json({}, 503), json({}), json({}, 503));
    const rated = chat.ratings.rate('thr_1', turn, 'positive');
    expect(chat.ratings.of(turn)).toBe('positive');
    await expect(rated).rejects.toThrow();
    expect(chat.ratings.of(turn)).toBeUndefined();
    await chat.ratings.rate('thr_1', turn, 'negative');
    await expect(chat.ratings.rate('thr_1', turn, 'positive')).rejects.toThrow();
    expect(chat.ratings.of(turn)).toBe('negative');
    expect(test.names()).toEqual(['error', 'error']);
  });

  it('stays with a turn to which more comes, and does not go over to another answer', async () => {
    const { chat, server } = await chatWithThread();
    server.answer('items.feedback', json({}));
    await chat.ratings.rate('thr_1', turn.slice(0, 2), 'positive');
    expect(chat.ratings.of(turn)).toBe('positive');
    expect(chat.ratings.of([assistant('other', 'y') as ThreadItem])).toBeUndefined();
  });

  it('that fails late does not undo what was said since', async () => {
    const { chat, server } = await chatWithThread();
    const late = held(json({}, 503));
    server.answer('items.feedback', late.answer, json({}));
    const rated = chat.ratings.rate('thr_1', turn, 'positive');
    await chat.ratings.rate('thr_1', turn, 'negative');
    late.release();
    await expect(rated).rejects.toThrow();
    expect(chat.ratings.of(turn)).toBe('negative');
  });
});
