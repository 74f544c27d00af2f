/** What a message consists of, as a page or the composer gives it. */

import type { UserMessageContent } from '@openai/chatkit';
import type { UserContent } from './protocol';

/** The content of a message: its parts, or else its text. Undefined where neither is given. */
export function contentOf(given: {
  text?: string;
  content?: UserMessageContent[];
}): UserContent[] | undefined {
  if (given.content) {
    // Servers refuse a tag without data, though it may be left out here.
    return given.content.map((part) =>
      part.type === 'input_tag' ? { ...part, data: part.data ?? {} } : part,
    );
  }
  if (given.text === undefined) return undefined;
  return given.text.trim() ? [{ type: 'input_text', text: given.text }] : [];
}
