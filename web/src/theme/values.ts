/** Single values of a theme: what is out of range is brought into it, and told. */

import { clamped } from './colour';
import { parsedColour, type CssColour } from './parse';

export type ThemeLog = (name: string, data: Record<string, unknown>) => void;

/** A number of a theme, or the default for what is no number. */
export function ranged(
  key: string,
  value: unknown,
  [least, most, usual]: readonly [number, number, number],
  log: ThemeLog,
): number {
  if (value === undefined || value === null) return usual;
  const isNumber = typeof value === 'number' && !Number.isNaN(value);
  const used = isNumber ? clamped(value, least, most) : usual;
  if (used !== value) log('theme.out_of_range', { key, used });
  return used;
}

/** One of some names, or the first of them. */
export function oneOf<Name extends string>(
  key: string,
  value: unknown,
  names: readonly [Name, ...Name[]],
  log: ThemeLog,
): Name {
  const known = names.find((name) => name === value);
  if (known === undefined && value !== undefined && value !== null) {
    log('theme.out_of_range', { key, used: names[0] });
  }
  return known ?? names[0];
}

export function colourAt(key: string, value: unknown, log: ThemeLog): CssColour | null {
  if (value === undefined || value === null) return null;
  const colour = parsedColour(value);
  if (!colour) log('theme.not_a_colour', { key });
  return colour;
}
