/** Fonts of a theme. A font face works in the document only, not in a shadow root. */

import type { FontObject } from '@openai/chatkit';
import type { ThemeLog } from './values';

const registered = new Set<string>();

/** Make fonts known to the document, each source once however often it is asked for. */
export function registerFonts(sources: readonly FontObject[], log: ThemeLog): void {
  for (const source of sources) {
    const key = JSON.stringify([
      source.family, source.src, source.weight, source.style, source.display, source.unicodeRange,
    ]);
    if (registered.has(key)) continue;
    registered.add(key);
    try {
      register(source, log);
    } catch {
      // A chat without its font is a chat all the same.
      log('theme.font_failed', { family: source.family });
    }
  }
}

function register({ family, src, weight, style, display, unicodeRange }: FontObject, log: ThemeLog): void {
  const face = new FontFace(family, cssSource(src), {
    ...(weight === undefined ? {} : { weight: String(weight) }),
    ...(style === undefined ? {} : { style }),
    display: display ?? 'swap',
    ...(unicodeRange === undefined ? {} : { unicodeRange }),
  });
  face.loaded.catch(() => log('theme.font_failed', { family }));
  // The browser loads it once text needs it.
  document.fonts.add(face);
}

/** A bare address is taken too; CSS wants it in `url()`. */
function cssSource(src: string): string {
  if (/^\s*(url|local)\(/i.test(src)) return src;
  return `url("${src.trim().replace(/["\\\n]/g, (sign) => encodeURIComponent(sign))}")`;
}
