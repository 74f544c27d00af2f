import { readFileSync } from 'node:fs';
import { beforeEach, expect, test } from 'vitest';
import { acceptedLocale, resolvedLocale, stringsOf, TRANSLATED } from './locale';
import { loadPartsWith } from './parts';
import { ENGLISH, filled, type Strings } from './strings';

const parts = import.meta.glob<{ strings: Strings }>('./locales/*.ts', { eager: true });
const languages = Object.entries(parts).map(
  ([path, { strings }]) => [path.replace(/^.*\/|\.ts$/g, ''), strings] as const,
);

beforeEach(() => loadPartsWith((name) => Promise.resolve(parts[`./${name}.ts`])));

function placeholders(text: string): string[] {
  return (text.match(/\{\w+\}/g) ?? []).sort();
}

test('there is a part for each translated language, and no other', () => {
  expect(languages.map(([name]) => name).sort()).toEqual([...TRANSLATED].sort());
});

test.each(languages)('%s says everything that English says, with the same names in it', (_, strings) => {
  expect(Object.keys(strings).sort()).toEqual(Object.keys(ENGLISH).sort());
  for (const [key, english] of Object.entries(ENGLISH)) {
    const text = strings[key as keyof Strings];
    expect(text.trim(), key).not.toBe('');
    expect(text, key).toBe(text.trim());
    expect(placeholders(text), key).toEqual(placeholders(english));
  }
});

test.each(languages)('%s is translated, not copied', (_, strings) => {
  const same = Object.entries(ENGLISH).filter(([key, text]) => strings[key as keyof Strings] === text);
  expect(same.length).toBeLessThan(Object.keys(ENGLISH).length / 10);
});

test.each([
  ['fr', 'fr-FR', 'fr'],
  ['fr-CA', 'fr-CA', 'fr'],
  ['fr-BE', 'fr-FR', 'fr'],
  ['FR-fr', 'fr-FR', 'fr'],
  ['es', 'es-ES', 'es'],
  ['es-MX', 'es-419', 'es'],
  ['es-419', 'es-419', 'es'],
  ['pt', 'pt-BR', 'pt'],
  ['pt-PT', 'pt-PT', 'pt'],
  ['pt-AO', 'pt-BR', 'pt'],
  ['de-AT', 'de-DE', 'de'],
  ['zh', 'zh-CN', 'zh'],
  ['zh-Hans-SG', 'zh-CN', 'zh'],
  ['zh-Hant', 'zh-TW', 'zh-TW'],
  ['zh-hant-tw', 'zh-TW', 'zh-TW'],
  ['zh-Hant-HK', 'zh-HK', 'zh-TW'],
  ['zh-HK', 'zh-HK', 'zh-TW'],
  ['sr-Latn-RS', 'sr-RS', 'en'],
  ['en-GB', 'en', 'en'],
  ['no', 'nb-NO', 'en'],
  ['uk', 'uk-UA', 'en'],
])('%s means %s and is spoken as %s', (tag, accepted, language) => {
  expect(acceptedLocale(tag)).toBe(accepted);
  expect(resolvedLocale(tag, 'ja')).toMatchObject({ tag, language });
});

/** The members of a union of the official type. */
function officialTags(type: string): string[] {
  const types = readFileSync('node_modules/@openai/chatkit/types/index.d.ts', 'utf8');
  const [, body = ''] = new RegExp(`export type ${type} =([^;]*);`).exec(types) ?? [];
  return [...body.matchAll(/'([^']+)'/g)].map(([, tag = '']) => tag);
}

test('every locale of the official type is accepted, and told to the server as it is given', () => {
  const translated = officialTags('TranslatedLocale');
  const tags = [...translated, ...officialTags('SupportedLocale')];
  expect(tags).toHaveLength(114);
  for (const tag of tags) expect(resolvedLocale(tag, 'x'), tag).toMatchObject({ tag });
  for (const tag of translated) expect(acceptedLocale(tag)).toBe(tag);
});

test.each([
  ['xx', 'fr'],
  ['klingon', 'fr'],
  ['../../secret', 'fr'],
  [undefined, 'he-IL'],
  [undefined, undefined],
])('the option %s in a browser of %s comes to English', (option, browser) => {
  expect(resolvedLocale(option, browser)).toEqual({ tag: 'en', language: 'en', direction: 'ltr' });
});

test('without an option the language of the browser counts', () => {
  expect(resolvedLocale(undefined, 'de-CH')).toMatchObject({ tag: 'de-CH', language: 'de' });
  expect(resolvedLocale('', 'it')).toMatchObject({ tag: 'it', language: 'it' });
});

test('Arabic and Urdu are laid out from right to left', () => {
  expect(resolvedLocale('ar-EG', undefined)).toMatchObject({ language: 'ar', direction: 'rtl' });
  expect(resolvedLocale('ur', undefined)).toMatchObject({ language: 'en', direction: 'rtl' });
  expect(resolvedLocale('fr', undefined).direction).toBe('ltr');
});

test('the strings of a language are loaded, and English fills what a part lacks', async () => {
  expect((await stringsOf('nl')).send).toBe('Bericht versturen');
  loadPartsWith(() => Promise.resolve({ strings: { send: 'Sendu' } }));
  expect(await stringsOf('nl')).toEqual({ ...ENGLISH, send: 'Sendu' });
});

test('a language that cannot be loaded is English', async () => {
  loadPartsWith(() => Promise.reject(new Error('offline')));
  expect(await stringsOf('fr')).toBe(ENGLISH);
});

test('a text is filled in with what is known', () => {
  expect(filled('{name} of {count}', { name: '$&', count: 3 })).toBe('$& of 3');
  expect(filled('{name}', {})).toBe('{name}');
});
