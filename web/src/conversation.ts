/** A thread as the page knows it, and how the events of a stream change it. No document here. */

import { updatedItem } from './items';
import type { ItemUpdate, NoticeLevel, StreamEvent, Thread, ThreadItem, ThreadMetadata } from './protocol';

export interface Notice {
  key: number;
  level: NoticeLevel;
  message: string;
  title?: string | undefined;
}

export interface Progress {
  text: string;
  icon?: string | undefined;
}

/** Why the last answer is not there, and what a click on Retry does. */
export interface Failure {
  /** Undefined for the usual sentence. */
  message?: string | undefined;
  interrupted?: boolean;
  retry?: (() => void) | undefined;
}

export interface Conversation {
  /** Null for one that has no message yet. */
  thread: ThreadMetadata | null;
  items: readonly ThreadItem[];
  /** Ids of items that are still being written. */
  pending: ReadonlySet<string>;
  /** Where older items go on; null where all are there. */
  olderAfter: string | null;
  progress: Progress | null;
  notices: readonly Notice[];
  failure: Failure | null;
  /** Messages of the user that did not reach the server. */
  unsent: readonly Unsent[];
}

export interface Unsent {
  /** Of the item that shows it. */
  id: string;
  /** Why, in the server's words. */
  message?: string | undefined;
  retry: () => void;
  /** Whether it stands in the composer again, so that the next message takes its place. */
  isRestored?: boolean;
}

export function emptyConversation(thread: ThreadMetadata | null = null): Conversation {
  return {
    thread,
    items: [],
    pending: new Set(),
    olderAfter: null,
    progress: null,
    notices: [],
    failure: null,
    unsent: [],
  };
}

const INVISIBLE: ReadonlySet<string> = new Set([
  'client_tool_call',
  'end_of_turn',
  'hidden_context_item',
  'sdk_hidden_context',
]);
const VISIBLE: ReadonlySet<string> = new Set([
  'user_message',
  'assistant_message',
  'widget',
  'workflow',
  'task',
  'generated_image',
  'structured_input',
]);

export function isVisible(item: ThreadItem): boolean {
  return VISIBLE.has(item.type);
}

export function isKnownItem(item: ThreadItem): boolean {
  return VISIBLE.has(item.type) || INVISIBLE.has(item.type);
}

let lastKey = 0;

/** The conversation after an event; the same object where the event changes nothing in it. */
export function after(conversation: Conversation, event: StreamEvent): Conversation {
  switch (event.type) {
    case 'thread.created':
    case 'thread.updated':
      return { ...conversation, thread: metadataOf(event.thread) };
    case 'thread.item.added':
      return withProgressPast(upserted(conversation, event.item, true), event.item);
    case 'thread.item.done':
      return withProgressPast(upserted(conversation, event.item, false), event.item);
    case 'thread.item.replaced':
      return upserted(conversation, event.item, false);
    case 'thread.item.updated':
      return withUpdate(conversation, event.item_id, event.update);
    case 'thread.item.removed':
      return without(conversation, (item) => item.id === event.item_id);
    case 'progress_update':
      return {
        ...conversation,
        progress: { text: event.text, icon: event.icon ?? undefined },
      };
    case 'notice': {
      const notice = {
        key: ++lastKey,
        level: event.level,
        message: event.message,
        title: event.title ?? undefined,
      };
      return { ...conversation, notices: [...conversation.notices, notice] };
    }
    default:
      return conversation;
  }
}

/** What is known of a thread without its items, of which events bring none. */
export function metadataOf(thread: Thread): ThreadMetadata {
  const { items: _, ...metadata } = thread;
  return metadata;
}

/** The conversation with an item in the place of the one that has its id, else at the end. */
export function upserted(
  conversation: Conversation,
  item: ThreadItem,
  isPending: boolean,
): Conversation {
  const index = conversation.items.findIndex((other) => other.id === item.id);
  const items =
    index < 0 ? [...conversation.items, item] : conversation.items.with(index, item);
  const pending = new Set(conversation.pending);
  if (isPending) pending.add(item.id);
  else pending.delete(item.id);
  return { ...conversation, items, pending };
}

/** What the progress line told of is there once an item can be seen. */
function withProgressPast(conversation: Conversation, item: ThreadItem): Conversation {
  return isVisible(item) ? { ...conversation, progress: null } : conversation;
}

function withUpdate(conversation: Conversation, id: string, update: ItemUpdate): Conversation {
  const index = conversation.items.findIndex((item) => item.id === id);
  const item = conversation.items[index];
  const changed = item && updatedItem(item, update);
  return changed ? { ...conversation, items: conversation.items.with(index, changed) } : conversation;
}

export function without(
  conversation: Conversation,
  isGone: (item: ThreadItem) => boolean,
): Conversation {
  const items = conversation.items.filter((item) => !isGone(item));
  if (items.length === conversation.items.length) return conversation;
  const ids = new Set(items.map((item) => item.id));
  const pending = new Set([...conversation.pending].filter((id) => ids.has(id)));
  return { ...conversation, items, pending };
}

/** What is left when a stream ends, however it ends: nothing is pending, and nothing is empty. */
export function settled(conversation: Conversation): Conversation {
  const kept = without(
    conversation,
    (item) =>
      isImageless(item) || (conversation.pending.has(item.id) && isEmptyMessage(item)),
  );
  return { ...kept, pending: new Set(), progress: null };
}

function isEmptyMessage(item: ThreadItem): boolean {
  return item.type === 'assistant_message' && !item.content.some((part) => part.text.trim());
}

/** Also a finished one can be: its image was refused, or failed. */
function isImageless(item: ThreadItem): boolean {
  return item.type === 'generated_image' && !item.image;
}

/** The conversation with older items before those that are there. Each id stays once. */
export function withOlder(
  conversation: Conversation,
  older: readonly ThreadItem[],
  olderAfter: string | null,
): Conversation {
  const known = new Set(conversation.items.map((item) => item.id));
  const added = older.filter((item) => !known.has(item.id));
  return { ...conversation, items: [...added, ...conversation.items], olderAfter };
}

/** Everything that the assistant's side added after one message of the user. */
export interface TurnOfItems {
  user: ThreadItem | null;
  items: readonly ThreadItem[];
}

/** The items as turns, oldest first. Items before the first message of the user are one, too. */
export function turnsOf(items: readonly ThreadItem[]): TurnOfItems[] {
  const turns: { user: ThreadItem | null; items: ThreadItem[] }[] = [];
  for (const item of items) {
    if (item.type === 'user_message' || turns.length === 0) {
      turns.push({ user: item.type === 'user_message' ? item : null, items: [] });
    }
    if (item.type !== 'user_message') turns.at(-1)?.items.push(item);
  }
  return turns;
}

/** What the assistant said in these items, as Markdown. */
export function textOf(items: readonly ThreadItem[]): string {
  const texts = items.flatMap((item) => {
    if (item.type === 'assistant_message') return item.content.map((part) => part.text);
    return item.type === 'widget' && item.copy_text ? [item.copy_text] : [];
  });
  return texts.filter((text) => text.trim()).join('\n\n');
}

/** The last message of the user that the server has. */
export function lastUserMessage(conversation: Conversation): ThreadItem | undefined {
  return conversation.items.findLast(
    (item) => item.type === 'user_message' && !isUnsent(conversation, item.id),
  );
}

export function isUnsent(conversation: Conversation, itemId: string): boolean {
  return conversation.unsent.some(({ id }) => id === itemId);
}

/** Without messages that did not reach the server, and without what shows them. */
export function withoutUnsent(
  conversation: Conversation,
  isGone: (message: Unsent) => boolean,
): Conversation {
  const gone = new Set(conversation.unsent.filter(isGone).map(({ id }) => id));
  if (gone.size === 0) return conversation;
  const unsent = conversation.unsent.filter(({ id }) => !gone.has(id));
  return { ...without(conversation, (item) => gone.has(item.id)), unsent };
}
