/** All icons of Lucide, for names that the protocol does not list. */

import { icons } from 'lucide';

type IconNode = readonly (readonly [string, Record<string, string | number>])[];

// Something of the same size, where there is no such icon.
const UNKNOWN: IconNode = [['circle', { cx: 12, cy: 12, r: 9, 'stroke-dasharray': 3 }]];

/** The icon of a name such as `shopping-cart`. */
export function lucideIcon(name: string): IconNode {
  const pascal = name.replace(/(^|-)(\w)/g, (_, _dash, letter: string) => letter.toUpperCase());
  const found = Object.hasOwn(icons, pascal) ? (icons as Record<string, unknown>)[pascal] : undefined;
  return (found as IconNode | undefined) ?? UNKNOWN;
}
