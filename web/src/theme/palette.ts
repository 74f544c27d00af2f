/** The colours of everything that stands on one surface. All that is read there can be read. */

import {
  BLACK, CONTROL_CONTRAST, contrast, hexOf, inkOn, isDark, oklchOf, over, rgbOf, standingOut,
  TEXT_CONTRAST, WHITE, type Rgb,
} from './colour';

export interface Greys {
  hue: number;
  chroma: number;
  /** Of surfaces and what is between them; below 0 is darker. */
  shade: number;
}

export interface Accent {
  colour: Rgb;
  /** 0 the send button; 1 all main buttons; 2 what is chosen; 3 bubbles, links and focus too. */
  level: number;
}

/** Names of custom properties, without their prefix, and colours. */
export type Palette = Record<string, string>;

export const PALETTE_NAMES = [
  'text', 'text-2', 'text-3', 'hover', 'border', 'border-strong', 'field', 'surface', 'soft', 'danger',
  'on-danger', 'warning', 'success', 'info', 'discovery', 'accent', 'on-accent', 'accent-edge',
  'primary', 'on-primary', 'primary-edge', 'primary-text', 'selected', 'link', 'focus',
] as const;

// Colours are rounded to bytes when they are written.
const ROUNDING = 0.05;
const SOFT = 0.14;
const MOST_CHROMA_OF_TEXT = 0.035;
// How far a surface may come towards its own text.
const LEAST_UNDER_HOVER = 6;

const LIGHT = { hover: 0.037, border: 0.078, strong: 0.155, text: 0.159, text2: 0.478, text3: 0.54 };
const DARK = { hover: 0.09, border: 0.115, strong: 0.19, text: 0.964, text2: 0.756, text3: 0.65 };

// For light surfaces, and for dark ones.
const TONES: Record<string, readonly [number, number, number, number, number]> = {
  // Lightness on light and on dark surfaces, chroma on each, hue.
  danger: [0.53, 0.7, 0.19, 0.17, 27],
  warning: [0.49, 0.82, 0.11, 0.14, 68],
  success: [0.51, 0.74, 0.13, 0.16, 152],
  info: [0.5, 0.75, 0.15, 0.13, 253],
  discovery: [0.49, 0.73, 0.21, 0.16, 298],
};
const LINK = [0.49, 0.77, 0.16, 0.12, 259] as const;

/** Grey of the page, or of what is raised from it, where the theme names no surface. */
export function plainSurface(scheme: 'light' | 'dark', isRaised: boolean, greys: Greys): Rgb {
  const plain = scheme === 'light' ? 1 : isRaised ? 0.277 : 0.222;
  const step = scheme === 'light' ? 0.011 : 0.018;
  return rgbOf({ l: plain + greys.shade * step, c: greys.chroma, h: greys.hue });
}

export function isLegible(colour: Rgb, grounds: readonly Rgb[], least = TEXT_CONTRAST): boolean {
  return grounds.every((ground) => contrast(colour, ground) >= least + ROUNDING);
}

/** White where it can be read, else what can. */
export function textOn(fill: Rgb): Rgb {
  return [WHITE, rgbOf({ l: LIGHT.text, c: 0, h: 0 })].find((ink) => isLegible(ink, [fill])) ?? inkOn(fill);
}

export function paletteOn(surface: Rgb, greys: Greys, accent: Accent | null): Palette {
  const neutral = neutralsOn(surface, greys);
  const grounds = [surface, neutral.hover];
  const read = (colour: Rgb): Rgb => standingOut(colour, surface, (shade) => isLegible(shade, grounds));
  const toned = ([onLight, onDark, c, cOnDark, h]: readonly [number, number, number, number, number]): Rgb => {
    const colour = isDark(surface) ? { l: onDark, c: cOnDark, h } : { l: onLight, c, h };
    return standingOut(rgbOf(colour), surface, (shade) =>
      isLegible(shade, [...grounds, over(shade, SOFT, surface)]),
    );
  };
  const tones = Object.entries(TONES).map(([name, tone]) => [name, hexOf(toned(tone))]);
  const ink = inkOn(surface);
  const isSoftLegible = isLegible(ink, [over(ink, SOFT, surface)]);
  return {
    ...Object.fromEntries(Object.entries(neutral).map(([name, colour]) => [name, hexOf(colour)])),
    ...Object.fromEntries(tones),
    surface: hexOf(surface),
    'on-danger': hexOf(surface),
    soft: isSoftLegible ? `${SOFT * 100}%` : '0%',
    ...accentsOn(surface, neutral, accent, read, toned(LINK)),
  };
}

interface Neutrals extends Record<string, Rgb> {
  text: Rgb;
  'text-2': Rgb;
  'text-3': Rgb;
  hover: Rgb;
  border: Rgb;
  'border-strong': Rgb;
  field: Rgb;
}

function neutralsOn(surface: Rgb, greys: Greys): Neutrals {
  const own = oklchOf(surface);
  const chroma = Math.max(own.c, greys.chroma);
  const h = own.c > 0.02 ? own.h : greys.hue;
  const shades = isDark(surface) ? DARK : LIGHT;
  const ink = inkOn(surface);
  const far = 1 - greys.shade * 0.1;
  const between = (distance: number): Rgb => {
    const towards = isDark(surface) ? distance : -distance * far;
    const shade = rgbOf({ l: own.l + towards, c: chroma, h });
    if (contrast(ink, shade) >= LEAST_UNDER_HOVER) return shade;
    return rgbOf({ l: own.l - towards, c: chroma, h });
  };
  const hover = between(shades.hover);
  const text = (l: number): Rgb =>
    standingOut(rgbOf({ l, c: Math.min(chroma, MOST_CHROMA_OF_TEXT), h }), surface, (shade) =>
      isLegible(shade, [surface, hover]),
    );
  const strong = between(shades.strong);
  return {
    text: text(shades.text),
    'text-2': text(shades.text2 + greys.shade * 0.012),
    'text-3': text(shades.text3 + greys.shade * 0.012),
    hover,
    border: between(shades.border),
    'border-strong': strong,
    // What shows where a field is.
    field: standingOut(strong, surface, (shade) => isLegible(shade, [surface], CONTROL_CONTRAST)),
  };
}

function accentsOn(
  surface: Rgb,
  neutral: Neutrals,
  accent: Accent | null,
  read: (colour: Rgb) => Rgb,
  link: Rgb,
): Palette {
  const level = accent?.level ?? -1;
  const fill = accent?.colour ?? neutral.text;
  const onFill = accent ? textOn(fill) : surface;
  const ofLevel = (least: number, other: Rgb): Rgb => (level >= least && accent ? accent.colour : other);
  const primary = ofLevel(1, neutral.text);
  const visible = (colour: Rgb): Rgb =>
    standingOut(colour, surface, (shade) => isLegible(shade, [surface], CONTROL_CONTRAST));
  return {
    accent: hexOf(fill),
    'on-accent': hexOf(onFill),
    // Keeps a button visible whose colour is nearly that of the surface.
    'accent-edge': hexOf(visible(fill)),
    primary: hexOf(primary),
    'on-primary': hexOf(level >= 1 ? onFill : surface),
    'primary-edge': hexOf(visible(primary)),
    'primary-text': hexOf(read(primary)),
    selected: hexOf(selectedOn(surface, level >= 2 ? fill : link, read)),
    link: hexOf(read(ofLevel(3, link))),
    focus: hexOf(visible(ofLevel(3, link))),
  };
}

/** Chips have a soft ground of their own colour. */
function selectedOn(surface: Rgb, colour: Rgb, read: (colour: Rgb) => Rgb): Rgb {
  return standingOut(read(colour), surface, (shade) => isLegible(shade, [surface, over(shade, SOFT, surface)]));
}

/** What colour what the user said is in, and its text. */
export function bubbleOn(palette: Palette, accent: Accent | null): Palette {
  if (!accent || accent.level < 3) {
    return { bubble: palette['hover'] ?? hexOf(WHITE), 'on-bubble': palette['text'] ?? hexOf(BLACK) };
  }
  return { bubble: hexOf(accent.colour), 'on-bubble': hexOf(textOn(accent.colour)) };
}
