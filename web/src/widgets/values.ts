/** The values of widgets, as CSS. What is not understood is left out. */

import type { WidgetNode } from '../protocol';
import type { StyleValues } from './styled';

type Value = unknown;

/** A number, though a server may write it as text. */
export function numberOf(value: Value): number | undefined {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : undefined;
}

export function textOf(value: Value): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

export function isSet(value: Value): boolean {
  return value === true || value === 'true';
}

// What could load something from elsewhere has no place in a value.
const FORBIDDEN = /url\(|src\(|image\(|image-set\(|cross-fade\(|element\(|expression|[;{}<>\\]|@import/i;

export function cssOf(value: Value): string | undefined {
  return typeof value === 'string' && value !== '' && !FORBIDDEN.test(value) ? value : undefined;
}

/** A space: a number counts units of the theme. */
export function space(value: Value): string | undefined {
  const number = numberOf(value);
  return number === undefined ? cssOf(value) : `calc(var(--ck-unit) * ${number})`;
}

/** A length: a number counts pixels. */
export function length(value: Value): string | undefined {
  const number = numberOf(value);
  return number === undefined ? cssOf(value) : `${number}px`;
}

/** What a token stands for; words that all objects know are none. */
export function tokenOf(tokens: Readonly<Record<string, string>>, value: Value): string | undefined {
  const name = textOf(value) ?? '';
  return Object.hasOwn(tokens, name) ? tokens[name] : undefined;
}

interface Edges {
  top?: Value;
  right?: Value;
  bottom?: Value;
  left?: Value;
  x?: Value;
  y?: Value;
}

export function isObject(value: Value): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `padding` or `margin`, of all edges or of each. */
export function spacing(property: 'padding' | 'margin', value: Value): StyleValues {
  if (!isObject(value)) return { [property]: space(value) };
  const edges = value as Edges;
  return {
    [`${property}-block-start`]: space(edges.top ?? edges.y),
    [`${property}-block-end`]: space(edges.bottom ?? edges.y),
    [`${property}-left`]: space(edges.left ?? edges.x),
    [`${property}-right`]: space(edges.right ?? edges.x),
  };
}

// Colours

const TEXT_COLOURS: Record<string, string> = {
  prose: '--ck-text',
  primary: '--ck-text',
  emphasis: '--ck-text',
  secondary: '--ck-text-2',
  tertiary: '--ck-text-3',
  success: '--ck-success',
  warning: '--ck-warning',
  danger: '--ck-danger',
  info: '--ck-info',
  discovery: '--ck-discovery',
};
const SURFACES: Record<string, string> = {
  surface: '--ck-bg',
  'surface-secondary': '--ck-hover',
  'surface-tertiary': 'color-mix(in srgb, var(--ck-text) 5%, var(--ck-hover))',
  'surface-elevated': '--ck-raised',
  'surface-elevated-secondary': 'color-mix(in srgb, var(--ck-text) 3%, var(--ck-raised))',
};
const BORDERS: Record<string, string> = {
  default: '--ck-border',
  subtle: 'color-mix(in srgb, var(--ck-border) 55%, transparent)',
  strong: '--ck-border-strong',
};
// Hue of each colour of the palette, in degrees of OKLCH; greys have none.
const HUES: ReadonlyMap<string, number> = new Map([
  ['red', 27], ['orange', 55], ['yellow', 95], ['green', 150], ['blue', 255], ['purple', 305],
  ['pink', 355],
]);

type Kind = 'text' | 'surface' | 'border';

const TOKENS: Record<Kind, Record<string, string>> = {
  text: TEXT_COLOURS,
  surface: { ...SURFACES },
  border: BORDERS,
};

/** A colour: a token, a step of the palette, CSS, or one for each scheme. */
export function colour(value: Value, kind: Kind, scheme: 'light' | 'dark'): string | undefined {
  if (isObject(value)) return colour(value[scheme], kind, scheme);
  if (typeof value !== 'string') return undefined;
  const token = [TOKENS[kind], TEXT_COLOURS, SURFACES, BORDERS]
    .map((tokens) => tokenOf(tokens, value))
    .find((found) => found !== undefined);
  if (token) return token.startsWith('--') ? `var(${token})` : token;
  return paletteColour(value) ?? cssOf(value);
}

/** Such as `blue-500`, `gray-100`, `alpha-10`; a hue alone is its middle. */
export function paletteColour(name: string): string | undefined {
  const [hue = '', step = '500'] = name.split('-');
  const level = Number(step);
  if (!Number.isFinite(level)) return undefined;
  if (hue === 'alpha') return `color-mix(in srgb, var(--ck-text) ${level}%, transparent)`;
  const lightness = Math.max(0.12, Math.min(0.99, 1.02 - level / 1150));
  if (hue === 'gray' || hue === 'grey') return `oklch(${lightness.toFixed(3)} 0 0)`;
  const angle = HUES.get(hue);
  if (angle === undefined) return undefined;
  // Very light and very dark colours hold less colour.
  const chroma = 0.19 * Math.max(0.15, 1 - Math.abs(level - 500) / 560);
  return `oklch(${lightness.toFixed(3)} ${chroma.toFixed(3)} ${angle})`;
}

function border(value: Value, scheme: 'light' | 'dark'): string | undefined {
  const size = numberOf(isObject(value) ? value['size'] : value);
  if (size === undefined) return undefined;
  const style = isObject(value) ? (cssOf(value['style']) ?? 'solid') : 'solid';
  const shade = isObject(value) ? colour(value['color'], 'border', scheme) : undefined;
  return `${size}px ${style} ${shade ?? 'var(--ck-border)'}`;
}

export function borders(value: Value, scheme: 'light' | 'dark'): StyleValues {
  if (!isObject(value) || 'size' in value) return { border: border(value, scheme) };
  const edges = value as Edges;
  return {
    'border-top': border(edges.top ?? edges.y, scheme),
    'border-bottom': border(edges.bottom ?? edges.y, scheme),
    'border-left': border(edges.left ?? edges.x, scheme),
    'border-right': border(edges.right ?? edges.x, scheme),
  };
}

const RADII: Record<string, string> = {
  '2xs': '2px', xs: '4px', sm: '6px', md: '8px', lg: '10px', xl: '12px', '2xl': '16px',
  '3xl': '20px', '4xl': '24px', full: '9999px', '100%': '100%', none: '0',
};

const ALIGN: Record<string, string> = {
  start: 'flex-start', center: 'center', end: 'flex-end', baseline: 'baseline', stretch: 'stretch',
};
const JUSTIFY: Record<string, string> = {
  start: 'flex-start', center: 'center', end: 'flex-end', between: 'space-between',
  around: 'space-around', evenly: 'space-evenly', stretch: 'stretch',
};

/** Size, place and corners of a component. */
export function blockStyles(node: WidgetNode): StyleValues {
  const size = length(node['size']);
  const least = length(node['minSize']);
  const most = length(node['maxSize']);
  const ratio = textOf(node['aspectRatio']);
  return {
    width: length(node['width']) ?? size,
    height: length(node['height']) ?? size,
    'min-width': length(node['minWidth']) ?? least,
    'min-height': length(node['minHeight']) ?? least,
    'max-width': length(node['maxWidth']) ?? most,
    'max-height': length(node['maxHeight']) ?? most,
    'aspect-ratio': ratio === undefined ? undefined : cssOf(ratio),
    'border-radius': tokenOf(RADII, node['radius']),
    ...spacing('margin', node['margin']),
  };
}

// Where there is too little room, what can be narrower gives way before what is short or of a size
// of its own. Factors below one would leave some of the lack to nobody.
const GIVING_WAY = '9999';
const SHORT = 12;

function shrinkOf(width: Value, text?: string): string | undefined {
  const isShort = text !== undefined && text.length <= SHORT;
  return isShort || numberOf(width) !== undefined ? undefined : GIVING_WAY;
}

/** How a container lays its children out. */
export function boxStyles(
  node: WidgetNode,
  direction: 'row' | 'column',
  scheme: 'light' | 'dark',
): StyleValues {
  const flex = textOf(node['flex']);
  return {
    ...blockStyles(node),
    ...spacing('padding', node['padding']),
    ...borders(node['border'], scheme),
    display: 'flex',
    'flex-direction': direction,
    'align-items': tokenOf(ALIGN, node['align']) ?? (direction === 'row' ? 'center' : undefined),
    'justify-content': tokenOf(JUSTIFY, node['justify']),
    'flex-wrap': cssOf(node['wrap']),
    flex: flex === undefined ? undefined : cssOf(flex),
    'flex-shrink': flex === undefined ? shrinkOf(node['width'] ?? node['size']) : undefined,
    gap: space(node['gap']),
    background: colour(node['background'], 'surface', scheme),
  };
}

const WEIGHTS: Record<string, string> = { normal: '400', medium: '500', semibold: '600', bold: '700' };
const TEXT_SIZES: Record<string, string> = {
  xs: '0.75em', sm: '0.875em', md: '1em', lg: '1.125em', xl: '1.25em',
};
const TITLE_SIZES: Record<string, string> = {
  sm: '1em', md: '1.125em', lg: '1.25em', xl: '1.5em', '2xl': '1.75em', '3xl': '2em',
  '4xl': '2.5em', '5xl': '3em',
};
const CAPTION_SIZES: Record<string, string> = { sm: '0.6875em', md: '0.75em', lg: '0.8125em' };

/** How a text looks. */
export function textStyles(
  node: WidgetNode,
  kind: 'Text' | 'Title' | 'Caption' | 'Label',
  scheme: 'light' | 'dark',
): StyleValues {
  const sizes = { Text: TEXT_SIZES, Label: TEXT_SIZES, Title: TITLE_SIZES, Caption: CAPTION_SIZES }[kind];
  const lines = numberOf(node['maxLines']) ?? (isSet(node['truncate']) ? 1 : undefined);
  const least = numberOf(node['minLines']);
  return {
    color: colour(node['color'], 'text', scheme),
    'font-size': tokenOf(sizes, node['size']),
    'font-weight': tokenOf(WEIGHTS, node['weight']),
    'font-style': isSet(node['italic']) ? 'italic' : undefined,
    'text-decoration': isSet(node['lineThrough']) ? 'line-through' : undefined,
    'text-align': cssOf(node['textAlign']),
    width: kind === 'Text' ? length(node['width']) : undefined,
    'flex-shrink': shrinkOf(node['width'], textOf(node['value'])),
    'min-height': least === undefined ? undefined : `${least}lh`,
    '-webkit-line-clamp': lines === undefined ? undefined : String(lines),
  };
}

const ICON_SIZES: Record<string, string> = {
  xs: '12px', sm: '14px', md: '18px', lg: '20px', xl: '24px', '2xl': '28px', '3xl': '32px',
};

export function iconStyles(node: WidgetNode, scheme: 'light' | 'dark'): StyleValues {
  return {
    'font-size': tokenOf(ICON_SIZES, node['size']) ?? ICON_SIZES['md'],
    color: colour(node['color'], 'text', scheme),
  };
}
