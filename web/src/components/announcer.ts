/** What a screen reader is told while an answer is written: whole sentences, each once. */

import type { Chat } from '../chat';
import type { Strings } from '../strings';

// The end of a sentence in most scripts, or of a line.
const SENTENCE_END = /[.!?…。！？۔।](?=\s|$)|\n/g;

export class Announcer {
  text = '';
  #itemId: string | null = null;
  #said = 0;
  #wasResponding = false;

  /** Take in what has changed; whether there is something new to say. */
  follow(chat: Chat, strings: Strings): boolean {
    const before = this.text;
    const { items, pending } = chat.conversation;
    const message = items.findLast((item) => item.type === 'assistant_message');
    if (chat.isResponding && !this.#wasResponding) this.text = strings.answering;
    this.#wasResponding = chat.isResponding;
    if (message?.type !== 'assistant_message') return this.text !== before;
    if (message.id !== this.#itemId) {
      // What was there when the thread was opened is read, not announced.
      this.#said = pending.has(message.id) || chat.isResponding ? 0 : Number.POSITIVE_INFINITY;
      this.#itemId = message.id;
    }
    const whole = message.content.map((part) => part.text).join('\n');
    const end = pending.has(message.id) ? lastSentenceEnd(whole) : whole.length;
    if (end > this.#said) {
      this.text = plain(whole.slice(this.#said, end));
      this.#said = end;
    }
    return this.text !== before;
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
    .replace(/[*_`#>|~]+/g, '')
    .trim();
}
