/** What a message consists of, as a page or the composer gives it. */

import type { UserMessageContent } from '@openai/chatkit';
import type { UserContent } from './protocol';

/** The content of a message: its parts, or else its text. Undefined where neither is given. */
export function contentOf(given: {
  text?: string;
  content?: UserMessageContent[];
}): UserContent[] | undefined {
  if (!given.content && given.text === undefined) return undefined;
  const parts = given.content ?? [{ type: 'input_text' as const, text: given.text ?? '' }];
  // Servers refuse a tag without data, though it may be left out here.
  const whole = parts.map((part) =>
    part.type === 'input_tag' ? { ...part, data: part.data ?? {} } : part,
  );
  return isBlank(whole) ? [] : whole.filter((part) => part.text !== '' || part.type === 'input_tag');
}

function isBlank(parts: readonly UserContent[]): boolean {
  return parts.every((part) => part.type === 'input_text' && part.text.trim() === '');
}

/** Without white space before the first and after the last word, and without empty parts. */
export function trimmed(parts: readonly UserContent[]): UserContent[] {
  const last = parts.length - 1;
  return parts
    .map((part, index) => {
      if (part.type !== 'input_text') return part;
      const text = index === 0 ? part.text.trimStart() : part.text;
      return { ...part, text: index === last ? text.trimEnd() : text };
    })
    .filter((part) => part.type !== 'input_text' || part.text !== '');
}
