// @vitest-environment node
import { describe, expect, it } from 'vitest';
import {
  added,
  assistant,
  delta,
  done,
  other,
  thread,
  user,
  widget,
} from '../tests/chat-under-test';
import {
  after,
  emptyConversation,
  settled,
  textOf,
  turnsOf,
  withOlder,
  type Conversation,
} from './conversation';
import type { StreamEvent, ThreadItem } from './protocol';

function played(events: readonly object[], from: Conversation = emptyConversation()): Conversation {
  return events.reduce<Conversation>((state, event) => after(state, event as StreamEvent), from);
}

function idsOf(conversation: Conversation): string[] {
  return conversation.items.map(({ id }) => id);
}

const PROGRESS = { type: 'progress_update', text: 'Searching', icon: 'search' };

describe('an item', () => {
  it('that is added is pending until it is done', () => {
    const adding = played([added(assistant('a'))]);
    expect([...adding.pending]).toEqual(['a']);
    expect([...played([done(assistant('a', 'x'))], adding).pending]).toEqual([]);
  });

  it.each(['thread.item.added', 'thread.item.done', 'thread.item.replaced'])(
    'keeps its position: %s',
    (type) => {
      const before = played([done(assistant('a', 'x')), done(assistant('b', 'y'))]);
      const state = played([{ type, item: assistant('a', 'new') }], before);
      expect(state.items).toMatchObject([assistant('a', 'new'), assistant('b', 'y')]);
    },
  );

  it('that is done without having been added is put at the end', () => {
    expect(idsOf(played([done(assistant('a', 'x')), done(widget('w'))]))).toEqual(['a', 'w']);
  });

  it('has the text of its end, whatever was streamed', () => {
    const state = played([added(assistant('a')), delta('a', 'wrong'), done(assistant('a', 'right'))]);
    expect(state.items).toMatchObject([assistant('a', 'right')]);
  });

  it('that is removed is gone, and no longer pending', () => {
    const before = played([added(assistant('a')), done(user('u', 'x'))]);
    const state = played([{ type: 'thread.item.removed', item_id: 'a' }], before);
    expect(idsOf(state)).toEqual(['u']);
    expect([...state.pending]).toEqual([]);
    expect(played([{ type: 'thread.item.removed', item_id: 'a' }], state)).toBe(state);
  });

  it('that is not known is not updated', () => {
    const before = played([done(user('u', 'x'))]);
    expect(played([delta('a', 'x')], before)).toBe(before);
  });

  it('that does not change stays the same object', () => {
    const before = played([done(user('u', 'x')), added(assistant('a'))]);
    expect(played([delta('a', 'x')], before).items[0]).toBe(before.items[0]);
  });

  it('of an unknown type is kept', () => {
    expect(idsOf(played([done(other('x', 'hologram'))]))).toEqual(['x']);
  });
});

describe('an updated thread', () => {
  it('keeps the items, and drops what it no longer has', () => {
    const before = played([
      { type: 'thread.created', thread: thread('t', { allowed_image_domains: ['x.test'] }) },
      done(user('u', 'x')),
    ]);
    const locked = thread('t', { title: 'Title', status: { type: 'locked' } });
    const state = played([{ type: 'thread.updated', thread: locked }], before);
    expect(idsOf(state)).toEqual(['u']);
    expect(state.thread).toMatchObject({ title: 'Title', status: { type: 'locked' } });
    expect(state.thread).not.toHaveProperty('allowed_image_domains');
    expect(state.thread).not.toHaveProperty('items');
  });
});

describe('progress', () => {
  it('is replaced by the next, and gone with the first visible item', () => {
    const next = played([PROGRESS, { type: 'progress_update', text: 'Reading', icon: null }]);
    expect(next.progress).toEqual({ text: 'Reading', icon: undefined });
    expect(played([added(assistant('a'))], next).progress).toBeNull();
    expect(played([done(widget('w'))], next).progress).toBeNull();
  });

  it('stays with an item that cannot be seen, or that is in its place already', () => {
    const before = played([done(widget('w')), PROGRESS]);
    const hidden = played([done(other('e', 'end_of_turn')), done(other('x', 'hologram'))], before);
    expect(hidden.progress).not.toBeNull();
    const replaced = played([{ type: 'thread.item.replaced', item: widget('w', 'new') }], before);
    expect(replaced.progress).not.toBeNull();
  });
});

describe('notices', () => {
  it('are kept in order, each with its own key', () => {
    const notice = { type: 'notice', level: 'info', message: 'Careful', title: null };
    const { notices } = played([notice, { ...notice, level: 'danger', title: 'Stop' }]);
    expect(notices).toMatchObject([
      { level: 'info', message: 'Careful', title: undefined },
      { level: 'danger', message: 'Careful', title: 'Stop' },
    ]);
    expect(notices[0]?.key).not.toBe(notices[1]?.key);
  });
});

describe('what is left at the end of a stream', () => {
  it('has nothing pending, and no message without text', () => {
    const workflow = { workflow: { type: 'reasoning', tasks: [] } };
    const state = settled(
      played([
        added(assistant('a')),
        delta('a', 'partial'),
        added(assistant('blank', ' \n')),
        added(assistant('empty')),
        added(other('wf', 'workflow', workflow)),
        PROGRESS,
      ]),
    );
    expect(idsOf(state)).toEqual(['a', 'wf']);
    expect([...state.pending]).toEqual([]);
    expect(state.progress).toBeNull();
  });

  it('has no place for an image that never came', () => {
    const image = { image: { id: 'i', url: 'data:,' } };
    const state = settled(
      played([
        added(other('pending', 'generated_image')),
        done(other('done', 'generated_image')),
        added(other('there', 'generated_image', image)),
      ]),
    );
    expect(idsOf(state)).toEqual(['there']);
  });

  it('has the empty messages that the server has finished', () => {
    expect(idsOf(settled(played([done(assistant('a'))])))).toEqual(['a']);
  });
});

describe('older items', () => {
  it('come before the others, each once', () => {
    const before = played([done(user('u2', 'x')), done(assistant('a2', 'y'))]);
    const older = [user('u1', 'x'), assistant('a1', 'y'), user('u2', 'x')] as ThreadItem[];
    const state = withOlder(before, older, 'cursor');
    expect(idsOf(state)).toEqual(['u1', 'a1', 'u2', 'a2']);
    expect(state.olderAfter).toBe('cursor');
    expect(state.items[2]).toBe(before.items[0]);
  });
});

describe('turns', () => {
  it('begin with each message of the user, and with what comes before the first', () => {
    const items = [assistant('a0', 'x'), user('u1', 'x'), assistant('a1', 'x'), widget('w1'), user('u2', 'x')];
    const turns = turnsOf(items as ThreadItem[]);
    expect(turns.map(({ user: from, items: rest }) => [from?.id, ...rest.map(({ id }) => id)])).toEqual([
      [undefined, 'a0'],
      ['u1', 'a1', 'w1'],
      ['u2'],
    ]);
    expect(turnsOf([])).toEqual([]);
  });
});

describe('the text of a turn', () => {
  it('is that of its messages and widgets, in order', () => {
    const items = [
      assistant('a', 'one', 'two'),
      widget('w', 'shown', { copy_text: 'copied' }),
      widget('silent'),
      assistant('blank', ' '),
      assistant('b', 'three'),
    ] as ThreadItem[];
    expect(textOf(items)).toBe('one\n\ntwo\n\ncopied\n\nthree');
  });
});
