/** Colours and what they look like beside each other: OKLCH for shades, WCAG for contrast. */

/** sRGB, each from 0 to 1. */
export interface Rgb {
  r: number;
  g: number;
  b: number;
}

/** Lightness from 0 to 1, chroma from 0, hue in degrees. */
export interface Oklch {
  l: number;
  c: number;
  h: number;
}

export const BLACK: Rgb = { r: 0, g: 0, b: 0 };
export const WHITE: Rgb = { r: 1, g: 1, b: 1 };

/** What WCAG AA asks of text, and of what has to be seen of controls. */
export const TEXT_CONTRAST = 4.5;
export const CONTROL_CONTRAST = 3;

const LIGHTNESS_STEP = 0.01;

export function clamped(value: number, least: number, most: number): number {
  return Math.min(most, Math.max(least, value));
}

export function linear(channel: number): number {
  return channel <= 0.04045 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
}

function gamma(channel: number): number {
  return channel <= 0.0031308 ? channel * 12.92 : 1.055 * channel ** (1 / 2.4) - 0.055;
}

/** The relative luminance of WCAG. */
export function luminance({ r, g, b }: Rgb): number {
  return 0.2126 * linear(r) + 0.7152 * linear(g) + 0.0722 * linear(b);
}

export function contrast(one: Rgb, other: Rgb): number {
  const [dark = 0, light = 0] = [luminance(one), luminance(other)].sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

export function oklchOf(colour: Rgb): Oklch {
  const [r, g, b] = [linear(colour.r), linear(colour.g), linear(colour.b)];
  const l = Math.cbrt(0.4122214708 * r + 0.5363325363 * g + 0.0514459929 * b);
  const m = Math.cbrt(0.2119034982 * r + 0.6806995451 * g + 0.1073969566 * b);
  const s = Math.cbrt(0.0883024619 * r + 0.2817188376 * g + 0.6299787005 * b);
  const a = 1.9779984951 * l - 2.428592205 * m + 0.4505937099 * s;
  const bb = 0.0259040371 * l + 0.7827717662 * m - 0.808675766 * s;
  return {
    l: 0.2104542553 * l + 0.793617785 * m - 0.0040720468 * s,
    c: Math.hypot(a, bb),
    h: ((Math.atan2(bb, a) * 180) / Math.PI + 360) % 360,
  };
}

function unclamped({ l, c, h }: Oklch): Rgb {
  const a = c * Math.cos((h * Math.PI) / 180);
  const b = c * Math.sin((h * Math.PI) / 180);
  const long = (l + 0.3963377774 * a + 0.2158037573 * b) ** 3;
  const medium = (l - 0.1055613458 * a - 0.0638541728 * b) ** 3;
  const short = (l - 0.0894841775 * a - 1.291485548 * b) ** 3;
  return {
    r: gamma(4.0767416621 * long - 3.3077115913 * medium + 0.2309699292 * short),
    g: gamma(-1.2684380046 * long + 2.6097574011 * medium - 0.3413193965 * short),
    b: gamma(-0.0041960863 * long - 0.7034186147 * medium + 1.707614701 * short),
  };
}

/** The nearest colour that screens can show: less colourful, of the same lightness. */
export function rgbOf({ l, c, h }: Oklch): Rgb {
  const lightness = clamped(l, 0, 1);
  let chroma = c;
  let colour = unclamped({ l: lightness, c: chroma, h });
  while (!isShown(colour) && chroma > 0.001) {
    chroma *= 0.93;
    colour = unclamped({ l: lightness, c: chroma, h });
  }
  return {
    r: clamped(colour.r, 0, 1),
    g: clamped(colour.g, 0, 1),
    b: clamped(colour.b, 0, 1),
  };
}

function isShown({ r, g, b }: Rgb): boolean {
  return [r, g, b].every((channel) => channel > -0.002 && channel < 1.002);
}

/** As CSS. What is written is what contrast was measured of, but for rounding. */
export function hexOf({ r, g, b }: Rgb): string {
  const digits = [r, g, b].map((channel) =>
    Math.round(clamped(channel, 0, 1) * 255)
      .toString(16)
      .padStart(2, '0'),
  );
  return `#${digits.join('')}`;
}

/** A colour laid over another: `share` 1 hides what is below. */
export function over(top: Rgb, share: number, below: Rgb): Rgb {
  const mixed = (one: number, other: number): number => one * share + other * (1 - share);
  return { r: mixed(top.r, below.r), g: mixed(top.g, below.g), b: mixed(top.b, below.b) };
}

/** The same colour, lighter or darker. */
export function shifted(colour: Rgb, by: number): Rgb {
  const { l, c, h } = oklchOf(colour);
  return rgbOf({ l: l + by, c, h });
}

/** Black or white, whichever is read better. One of them always reaches 4.5. */
export function inkOn(surface: Rgb): Rgb {
  return contrast(WHITE, surface) >= contrast(BLACK, surface) ? WHITE : BLACK;
}

export function isDark(surface: Rgb): boolean {
  return inkOn(surface) === WHITE;
}

/**
 * A colour that stands out from a surface: itself, or else lighter or darker.
 *
 * @param isEnough - Whether it does; asked of one shade after the other.
 */
export function standingOut(colour: Rgb, surface: Rgb, isEnough: (shade: Rgb) => boolean): Rgb {
  if (isEnough(colour)) return colour;
  const ink = inkOn(surface);
  const { l, c, h } = oklchOf(colour);
  const step = ink === WHITE ? LIGHTNESS_STEP : -LIGHTNESS_STEP;
  for (let lightness = l + step; lightness > 0 && lightness < 1; lightness += step) {
    const shade = rgbOf({ l: lightness, c, h });
    if (isEnough(shade)) return shade;
  }
  return ink;
}
