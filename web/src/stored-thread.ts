/** A thread as the server keeps it, read page by page. */

import type { Client } from './client';
import { emptyConversation, metadataOf, type Conversation } from './conversation';
import type { ThreadItem } from './protocol';

const PAGE_SIZE = 40;

export interface ItemPage {
  /** Oldest first. */
  items: ThreadItem[];
  /** Where what is older goes on; null where there is nothing. */
  after: string | null;
}

/** The newest items of a thread. What comes with the thread itself are its oldest. */
export async function readThread(client: Client, threadId: string): Promise<Conversation> {
  const thread = await client.ask('threads.get_by_id', { thread_id: threadId });
  const whole = { ...emptyConversation(metadataOf(thread)), items: thread.items.data };
  if (!thread.items.has_more) return whole;
  const newest = await readOlder(client, threadId, null);
  return { ...whole, items: newest.items, olderAfter: newest.after };
}

/** The items before a cursor; the newest where it is null. */
export async function readOlder(
  client: Client,
  threadId: string,
  after: string | null,
): Promise<ItemPage> {
  let cursor = after;
  while (true) {
    const page = await client.ask('items.list', {
      thread_id: threadId,
      limit: PAGE_SIZE,
      order: 'desc',
      ...(cursor === null ? {} : { after: cursor }),
    });
    const last = page.has_more ? (page.after ?? page.data.at(-1)?.id ?? null) : null;
    // The same cursor again would bring the same page again.
    const next = last === cursor ? null : last;
    // Hidden items are left out of a page, so it can be empty though there are more.
    if (page.data.length > 0 || next === null) {
      return { items: page.data.toReversed(), after: next };
    }
    cursor = next;
  }
}
