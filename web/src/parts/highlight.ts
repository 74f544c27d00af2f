/** Colours for code. A part of its own: many answers have none. */

import hljs from 'highlight.js/lib/common';

/** The code as HTML with classes, everything else escaped; null for a language that is not known. */
export function highlighted(code: string, language: string): string | null {
  return hljs.getLanguage(language) ? hljs.highlight(code, { language }).value : null;
}
