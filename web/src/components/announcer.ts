/** What a screen reader is told while an answer is written: whole sentences, each once. */

import type { Chat } from '../chat';
import type { Strings } from '../strings';

// The end of a sentence in most scripts, or of a line. A stop can be that of a number so far.
const SENTENCE_END = /[.!?…۔।]["'»”’)\]]*(?=\s)|[。！？]|\n/g;
const MOST_LINES = 20;

export interface Line {
  key: number;
  text: string;
}

export class Announcer {
  /** The newest of what was said. Lines are only added, so that none is missed or said again. */
  lines: readonly Line[] = [];
  /** How much of each message has been said. */
  readonly #said = new Map<string, number>();
  #thread: string | null = null;
  #wasResponding = false;
  #lastKey = 0;

  /** Take in what has changed; whether there is something new to say. */
  follow(chat: Chat, strings: Strings): boolean {
    const before = this.lines;
    const { items, pending } = chat.conversation;
    const isSame = chat.threadId === this.#thread || this.#thread === null;
    // What was there when the thread was opened is read, not announced.
    const isLive = chat.isResponding || (isSame && this.#wasResponding);
    if (chat.isResponding && !(isSame && this.#wasResponding)) this.#say(strings.answering);
    this.#thread = chat.threadId;
    this.#wasResponding = chat.isResponding;
    const asked = items.findLastIndex((item) => item.type === 'user_message');
    for (const [index, item] of items.entries()) {
      if (item.type !== 'assistant_message') continue;
      const isNew = pending.has(item.id) || (isLive && index > asked);
      const said = this.#said.get(item.id) ?? (isNew ? 0 : Number.POSITIVE_INFINITY);
      if (said === Number.POSITIVE_INFINITY) {
        this.#said.set(item.id, said);
        continue;
      }
      const whole = item.content.map((part) => part.text).join('\n');
      const end = pending.has(item.id) ? said + lastSentenceEnd(whole.slice(said)) : whole.length;
      if (end > said) this.#say(plain(whole.slice(said, end)));
      this.#said.set(item.id, pending.has(item.id) ? Math.max(said, end) : Number.POSITIVE_INFINITY);
    }
    return this.lines !== before;
  }

  #say(text: string): void {
    if (!text) return;
    this.lines = [...this.lines, { key: ++this.#lastKey, text }].slice(-MOST_LINES);
  }
}

function lastSentenceEnd(text: string): number {
  let end = 0;
  for (const match of text.matchAll(SENTENCE_END)) end = match.index + match[0].length;
  return end;
}

/** Without the signs of Markdown, which would be read aloud. */
function plain(text: string): string {
  return text
    .replace(/!?\[([^\]]*)\]\([^)]*\)/g, '$1')
    .replace(/[*`#>|~]+|\b_+|_+\b/g, '')
    .trim();
}
