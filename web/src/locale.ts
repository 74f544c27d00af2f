/** Which language the element speaks, and which it asks the server to answer in. */

import { part } from './parts';
import { ENGLISH, type Strings } from './strings';

/** Languages with a part of their own. English is in the script. */
export const TRANSLATED = [
  'ar', 'de', 'es', 'fr', 'hi', 'it', 'ja', 'ko', 'nl', 'pl', 'pt', 'tr', 'zh',
] as const;

const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar', 'ur', 'he', 'fa']);

export interface Locale {
  /** For `Accept-Language`, numbers and dates. */
  tag: string;
  /** The key of its part; `en` for none. */
  language: string;
  direction: 'ltr' | 'rtl';
}

/** The locale that an option, or else the browser, asks for. */
export function resolvedLocale(option: string | undefined, browser: string | undefined): Locale {
  const tag = [option, browser].find(isLanguageTag) ?? 'en';
  const language = tag.toLowerCase().split('-')[0] ?? 'en';
  const known: readonly string[] = TRANSLATED;
  return {
    tag,
    language: known.includes(language) ? language : 'en',
    direction: RIGHT_TO_LEFT.has(language) ? 'rtl' : 'ltr',
  };
}

function isLanguageTag(tag: string | undefined): tag is string {
  return tag !== undefined && /^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(tag);
}

/** The strings of a language; English where they cannot be loaded. */
export async function stringsOf(language: string): Promise<Strings> {
  if (language === 'en') return ENGLISH;
  try {
    const { strings } = await part<{ strings: Partial<Strings> }>(`locales/${language}`);
    return { ...ENGLISH, ...strings };
  } catch {
    return ENGLISH;
  }
}
