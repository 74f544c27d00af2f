/** Which language the element speaks, and which it asks the server to answer in. */

import { part } from './parts';
import { ENGLISH, type Strings } from './strings';

/** Languages with a part of their own. English is in the script. */
export const TRANSLATED = [
  'ar', 'de', 'es', 'fr', 'hi', 'it', 'ja', 'ko', 'nl', 'pl', 'pt', 'tr', 'zh', 'zh-TW',
] as const;

// The locales of the official type, in which an assistant may answer. The first of a language is
// what the language alone means.
const ACCEPTED: readonly string[] = [
  'am', 'ar', 'bg-BG', 'bn-BD', 'bs-BA', 'ca-ES', 'cs-CZ', 'da-DK', 'de-DE', 'el-GR', 'en', 'es-ES',
  'es-419', 'et-EE', 'fi-FI', 'fr-FR', 'fr-CA', 'gu-IN', 'hi-IN', 'hr-HR', 'hu-HU', 'hy-AM', 'id-ID',
  'is-IS', 'it-IT', 'ja-JP', 'ka-GE', 'kk', 'kn-IN', 'ko-KR', 'lt', 'lv-LV', 'mk-MK', 'ml', 'mn',
  'mr-IN', 'ms-MY', 'my-MM', 'nb-NO', 'nl-NL', 'pa', 'pl-PL', 'pt-BR', 'pt-PT', 'ro-RO', 'ru-RU',
  'sk-SK', 'sl-SI', 'so-SO', 'sq-AL', 'sr-RS', 'sv-SE', 'sw-TZ', 'ta-IN', 'te-IN', 'th-TH', 'tl',
  'tr-TR', 'uk-UA', 'ur', 'vi-VN', 'zh-CN', 'zh-HK', 'zh-TW',
];

// What languages and scripts are called elsewhere.
const OTHER_NAMES: Record<string, string> = {
  'zh-hant': 'zh-TW',
  'zh-hans': 'zh-CN',
  'zh-hant-hk': 'zh-HK',
  'zh-hant-mo': 'zh-HK',
  'zh-mo': 'zh-HK',
  no: 'nb-NO',
  fil: 'tl',
};

// Regions that write Spanish as Latin America does.
const LATIN_AMERICAN = new Set(
  'ar bo cl co cr cu do ec gt hn mx ni pa pe pr py sv us uy ve'.split(' ').map((region) => `es-${region}`),
);
const RIGHT_TO_LEFT: ReadonlySet<string> = new Set(['ar', 'ur']);

export interface Locale {
  /** For `Accept-Language`, numbers and dates. */
  tag: string;
  /** The key of its part; `en` for none. */
  language: string;
  direction: 'ltr' | 'rtl';
}

/**
 * The locale that an option, or else the browser, asks for.
 *
 * Languages that are accepted and not translated here are told to the server all the same; the
 * element itself then speaks English.
 */
export function resolvedLocale(option: string | undefined, browser: string | undefined): Locale {
  for (const tag of [option, browser]) {
    const accepted = acceptedLocale(tag);
    if (tag !== undefined && accepted !== undefined) return localeOf(tag, accepted);
    // An option that says nothing usable is no reason to ask the browser.
    if (tag) break;
  }
  return { tag: 'en', language: 'en', direction: 'ltr' };
}

/** The official locale that a tag means, if any does. */
export function acceptedLocale(tag: string | undefined): string | undefined {
  if (typeof tag !== 'string' || !/^[a-z]{2,3}(-[a-z0-9]{2,8})*$/i.test(tag)) return undefined;
  const lower = tag.toLowerCase();
  const parts = lower.split('-');
  const [language = ''] = parts;
  const exact = ACCEPTED.find((known) => known.toLowerCase() === lower);
  if (exact !== undefined) return exact;
  if (LATIN_AMERICAN.has(lower)) return 'es-419';
  // From the whole tag to its language alone: zh-Hant-SG is zh-Hant.
  for (let length = parts.length; length > 0; length -= 1) {
    const name = OTHER_NAMES[parts.slice(0, length).join('-')];
    if (name !== undefined) return name;
  }
  // A script between language and region changes nothing else: sr-Latn-RS.
  const region = parts.find((part, index) => index > 0 && /^([a-z]{2}|\d{3})$/.test(part));
  const regional = ACCEPTED.find((known) => known.toLowerCase() === `${language}-${region}`);
  return regional ?? ACCEPTED.find((known) => known.split('-')[0] === language);
}

function localeOf(tag: string, accepted: string): Locale {
  const language = translationOf(accepted);
  return { tag, language, direction: RIGHT_TO_LEFT.has(accepted) ? 'rtl' : 'ltr' };
}

function translationOf(accepted: string): string {
  const known: readonly string[] = TRANSLATED;
  if (accepted === 'zh-HK') return 'zh-TW';
  const language = accepted.split('-')[0] ?? 'en';
  return [accepted, language].find((name) => known.includes(name)) ?? 'en';
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
