/** Colours as CSS writes them. */

import { clamped, rgbOf, type Rgb } from './colour';

export interface CssColour {
  rgb: Rgb;
  /** 1 hides what is below. */
  alpha: number;
}

type Reader = (parts: number[]) => Rgb;

// What each of three parts is a percentage of.
const FUNCTIONS: Record<string, { of: [number, number, number]; read: Reader }> = {
  rgb: {
    of: [255, 255, 255],
    read: ([r = 0, g = 0, b = 0]) => ({ r: unit(r / 255), g: unit(g / 255), b: unit(b / 255) }),
  },
  hsl: { of: [360, 100, 100], read: ([h = 0, s = 0, l = 0]) => hsl(h, unit(s / 100), unit(l / 100)) },
  oklch: { of: [1, 0.4, 360], read: ([l = 0, c = 0, h = 0]) => rgbOf({ l, c: Math.max(c, 0), h }) },
  oklab: {
    of: [1, 0.4, 0.4],
    read: ([l = 0, a = 0, b = 0]) =>
      rgbOf({ l, c: Math.hypot(a, b), h: (Math.atan2(b, a) * 180) / Math.PI }),
  },
};
const ANGLES: Record<string, number> = { deg: 1, grad: 0.9, rad: 180 / Math.PI, turn: 360 };

/** A colour, or null for what is none, or what nothing here can read. */
export function parsedColour(text: unknown): CssColour | null {
  if (typeof text !== 'string') return null;
  const value = text.trim().toLowerCase();
  return hex(value) ?? byFunction(value) ?? painted(value);
}

function unit(value: number): number {
  return clamped(value, 0, 1);
}

function hex(value: string): CssColour | null {
  if (!/^#(?:[\da-f]{3,4}|[\da-f]{6}|[\da-f]{8})$/.test(value)) return null;
  const digits = value.slice(1);
  const size = digits.length > 4 ? 2 : 1;
  const [r = 0, g = 0, b = 0, alpha = 1] = Array.from(
    { length: digits.length / size },
    (_, index) => parseInt(digits.slice(index * size, (index + 1) * size).repeat(3 - size), 16) / 255,
  );
  return { rgb: { r, g, b }, alpha };
}

function byFunction(value: string): CssColour | null {
  const [, name = '', inside = ''] = /^([a-z]+)\(([^()]*)\)$/.exec(value) ?? [];
  const known = FUNCTIONS[name.replace(/^(rgb|hsl)a$/, '$1')];
  const words = inside.split(/[\s,/]+/).filter(Boolean);
  if (!known || words.length < 3 || words.length > 4) return null;
  const parts = words.map((word, index) => amount(word, known.of[index as 0 | 1 | 2] ?? 1));
  if (parts.some(Number.isNaN)) return null;
  return { rgb: known.read(parts.slice(0, 3)), alpha: unit(parts[3] ?? 1) };
}

function amount(word: string, whole: number): number {
  if (word === 'none') return 0;
  const [, digits, suffix = ''] = /^([+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)(%|[a-z]+)?$/.exec(word) ?? [];
  if (digits === undefined) return Number.NaN;
  if (suffix === '') return Number(digits);
  return suffix === '%' ? (Number(digits) / 100) * whole : Number(digits) * (ANGLES[suffix] ?? Number.NaN);
}

function hsl(hue: number, saturation: number, lightness: number): Rgb {
  const reach = saturation * Math.min(lightness, 1 - lightness);
  const channel = (start: number): number => {
    const turn = (((start + hue / 30) % 12) + 12) % 12;
    return lightness - reach * clamped(Math.min(turn - 3, 9 - turn), -1, 1);
  };
  return { r: channel(0), g: channel(8), b: channel(4) };
}

/** Names, and every notation that the browser knows: it paints one dot. */
function painted(value: string): CssColour | null {
  // Those that depend on where they stand mean nothing on a canvas.
  if (value === '' || /^(currentcolor|inherit|initial|unset|revert)|var\(/.test(value)) return null;
  const context = canvasContext();
  if (!context) return null;
  // A value that is no colour leaves what was there.
  const [first, second] = ['#000001', '#000002'].map((before) => {
    context.fillStyle = before;
    context.fillStyle = value;
    return String(context.fillStyle);
  });
  if (first === undefined || first !== second) return null;
  const known = hex(first) ?? byFunction(first);
  if (known) return known;
  context.clearRect(0, 0, 1, 1);
  context.fillRect(0, 0, 1, 1);
  const [r = 0, g = 0, b = 0, alpha = 0] = context.getImageData(0, 0, 1, 1).data;
  return { rgb: { r: r / 255, g: g / 255, b: b / 255 }, alpha: alpha / 255 };
}

let context2d: CanvasRenderingContext2D | null | undefined;

function canvasContext(): CanvasRenderingContext2D | null {
  if (context2d === undefined) {
    const canvas = typeof document === 'undefined' ? null : document.createElement('canvas');
    if (canvas) canvas.width = canvas.height = 1;
    context2d = canvas?.getContext?.('2d', { willReadFrequently: true }) ?? null;
  }
  return context2d;
}
