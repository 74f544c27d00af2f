import type { ThemeOption } from '@openai/chatkit';
import { beforeEach, expect, test, vi } from 'vitest';
import { styles } from './styles';
import { applyTheme, coloursIn, themeProperties, type Theme } from './theme';
import { contrast, hexOf, oklchOf, over, rgbOf, type Rgb } from './theme/colour';
import { PALETTE_NAMES } from './theme/palette';
import { parsedColour } from './theme/parse';

/** The same numbers in each run. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return state / 2 ** 32;
  };
}

function randomTheme(seed: number): Theme {
  const next = random(seed * 7919 + 1);
  const whole = (most: number): number => Math.floor(next() * (most + 1));
  const colour = (): string => {
    const kind = whole(3);
    if (kind === 0) return hexOf({ r: next(), g: next(), b: next() });
    if (kind === 1) return `rgb(${whole(255)} ${whole(255)} ${whole(255)} / ${next().toFixed(2)})`;
    if (kind === 2) return `hsl(${whole(360)}, ${whole(100)}%, ${whole(100)}%)`;
    return `oklch(${whole(100)}% ${(next() * 0.37).toFixed(3)} ${whole(360)})`;
  };
  const theme = {
    colorScheme: whole(1) === 0 ? 'light' : 'dark',
    color: {
      grayscale: { hue: whole(360), tint: whole(9), shade: whole(8) - 4 },
      accent: { primary: colour(), level: whole(3) },
      ...(whole(2) === 0 ? {} : { surface: { background: colour(), foreground: colour() } }),
    },
  };
  return theme as Theme;
}

function colourOf(properties: Record<string, string>, name: string): Rgb {
  const colour = parsedColour(properties[name]);
  if (!colour) throw new Error(`${name} is no colour: ${properties[name]}`);
  return colour.rgb;
}

const TEXTS = [
  'text', 'text-2', 'text-3', 'link', 'primary-text', 'danger', 'warning', 'success', 'info', 'discovery',
];
const EDGES = ['field', 'focus', 'accent-edge', 'primary-edge'];

/** What cannot be read, or seen, in a theme. */
function faults(theme: Theme): string[] {
  const properties = themeProperties(theme);
  const found: string[] = [];
  const check = (front: string, back: string, least: number, ground?: Rgb): void => {
    const reached = contrast(colourOf(properties, front), ground ?? colourOf(properties, back));
    if (reached < least) found.push(`${front} on ${back}: ${reached.toFixed(2)}`);
  };
  for (const prefix of ['--ck-', '--ck-raised-']) {
    for (const text of TEXTS) {
      check(`${prefix}${text}`, `${prefix}surface`, 4.5);
      check(`${prefix}${text}`, `${prefix}hover`, 4.5);
    }
    for (const edge of EDGES) check(`${prefix}${edge}`, `${prefix}surface`, 3);
    check(`${prefix}on-accent`, `${prefix}accent`, 4.5);
    check(`${prefix}on-primary`, `${prefix}primary`, 4.5);
    check(`${prefix}on-danger`, `${prefix}danger`, 4.5);
    const soft = parseFloat(properties[`${prefix}soft`] ?? '') / 100;
    for (const chip of ['selected', 'danger', 'warning', 'success', 'info', 'discovery']) {
      const ground = over(
        colourOf(properties, `${prefix}${chip}`),
        soft,
        colourOf(properties, `${prefix}surface`),
      );
      check(`${prefix}${chip}`, `its soft ground of ${soft}`, 4.5, ground);
    }
  }
  check('--ck-on-bubble', '--ck-bubble', 4.5);
  return found;
}

const plain = (theme: ThemeOption = {}): Record<string, string> =>
  themeProperties({ colorScheme: 'light', ...theme });

test('text, bubbles and controls can be told from what they stand on in 60 random themes', () => {
  const found = Array.from({ length: 60 }, (_, seed) => seed).flatMap((seed) =>
    faults(randomTheme(seed)).map((fault) => `theme ${seed}: ${fault}`),
  );
  expect(found).toEqual([]);
});

test.each([
  ['light', '#ffffff', '#1b1b1b'],
  ['dark', '#1b1b1b', '#ffffff'],
  ['light', '#777777', '#767676'],
  ['dark', '#808080', '#757575'],
  ['light', '#ff0000', '#0000ff'],
  ['light', '#ffff00', '#00ff00'],
  ['dark', '#000000', '#00000000'],
] as const)('a %s theme on %s with panels of %s can be read', (colorScheme, background, foreground) => {
  for (const primary of ['#ffffff', '#000000', '#777777', '#ffff00', '#0000ff', background]) {
    for (const level of [0, 1, 2, 3] as const) {
      const color = { surface: { background, foreground }, accent: { primary, level } };
      expect(faults({ colorScheme, color })).toEqual([]);
    }
  }
});

test('without any token the page is white or nearly black, and its greys are grey', () => {
  expect(plain()).toMatchObject({ '--ck-bg': 'rgb(255 255 255)', '--ck-scheme': 'light' });
  const dark = themeProperties({ colorScheme: 'dark' });
  expect(dark['--ck-scheme']).toBe('dark');
  for (const name of ['--ck-bg', '--ck-text', '--ck-text-2', '--ck-hover', '--ck-border']) {
    expect(oklchOf(colourOf(dark, name)).c).toBeLessThan(0.001);
  }
});

test('each value of a grayscale changes what greys look like', () => {
  const greys = (grayscale: object): string => {
    const properties = plain({ color: { grayscale: { hue: 200, tint: 0, ...grayscale } as never } });
    return ['--ck-hover', '--ck-border', '--ck-text-2'].map((name) => properties[name]).join(' ');
  };
  const tints = Array.from({ length: 10 }, (_, tint) => greys({ tint }));
  const shades = Array.from({ length: 9 }, (_, index) => greys({ shade: index - 4 }));
  const hues = [0, 90, 180, 270].map((hue) => greys({ hue, tint: 6 }));
  for (const values of [tints, shades, hues]) expect(new Set(values).size).toBe(values.length);
});

test('greys have the hue of the theme, and a positive shade is lighter', () => {
  const border = (grayscale: object): { h: number; l: number } =>
    oklchOf(colourOf(plain({ color: { grayscale: grayscale as never } }), '--ck-border'));
  expect(border({ hue: 250, tint: 9 }).h).toBeCloseTo(250, -1);
  expect(border({ hue: 0, tint: 0, shade: 3 }).l).toBeGreaterThan(border({ hue: 0, tint: 0, shade: -3 }).l);
});

test('the accent is used more widely at each level', () => {
  const green = '#0a5c2c';
  const used = ([0, 1, 2, 3] as const).map((level) => {
    const properties = plain({ color: { accent: { primary: green, level } } });
    return ['accent', 'primary', 'selected', 'bubble', 'link', 'focus'].filter(
      (name) => properties[`--ck-${name}`] === green,
    );
  });
  expect(used).toEqual([
    ['accent'],
    ['accent', 'primary'],
    ['accent', 'primary', 'selected'],
    ['accent', 'primary', 'selected', 'bubble', 'link', 'focus'],
  ]);
});

test('a panel darker than its page has text of its own', () => {
  const properties = plain({ color: { surface: { background: '#ffffff', foreground: '#202020' } } });
  expect(oklchOf(colourOf(properties, '--ck-text')).l).toBeLessThan(0.3);
  expect(oklchOf(colourOf(properties, '--ck-raised-text')).l).toBeGreaterThan(0.8);
  expect(properties).toMatchObject({ '--ck-scheme': 'light', '--ck-raised-scheme': 'dark' });
});

test('a raised surface has every colour that the page has', () => {
  const names = Object.keys(plain()).filter((name) => name.startsWith('--ck-raised-'));
  const palette = PALETTE_NAMES.map((name) => `--ck-raised-${name}`);
  expect(names.sort()).toEqual([...palette, '--ck-raised-scheme'].sort());
  for (const name of PALETTE_NAMES) expect(plain()).toHaveProperty(`--ck-${name}`);
});

test('styles use no property that nothing sets, but for those that stand in for themselves', () => {
  const css = styles.map((style) => style.cssText).join('\n');
  const names = (pattern: RegExp): Set<string> => new Set(Array.from(css.matchAll(pattern), ([, name = '']) => name));
  const set = new Set([...Object.keys(plain()), ...names(/(--ck-[\w-]+):/g)]);
  expect([...names(/var\((--ck-[\w-]+)\)/g)].filter((name) => !set.has(name))).toEqual([]);
});

test('what is dark in a light page has dark surfaces, whatever those of the page are', () => {
  const color = { accent: { primary: '#b91c1c', level: 1 }, surface: { background: '#fff', foreground: '#eee' } };
  const colours = coloursIn('dark', { colorScheme: 'light', color: color as never });
  expect(colours).toMatchObject({ '--ck-scheme': 'dark', '--ck-raised-scheme': 'dark', '--ck-primary': '#b91c1c' });
  expect(colours).not.toHaveProperty('--ck-unit');
});

test('each radius, density and size has values of its own', () => {
  const of = (theme: object): string => JSON.stringify(plain(theme as ThemeOption));
  const radii = ['pill', 'round', 'soft', 'sharp'].map((radius) => of({ radius }));
  const densities = ['compact', 'normal', 'spacious'].map((density) => of({ density }));
  const sizes = [14, 15, 16, 17, 18].map((baseSize) => of({ typography: { baseSize } }));
  for (const values of [radii, densities, sizes]) expect(new Set(values).size).toBe(values.length);
  expect(of({ radius: 'pill', density: 'normal', typography: { baseSize: 16 } })).toBe(of({}));
});

test('what is out of its range is brought into it and logged', () => {
  const log = vi.fn();
  const theme = {
    colorScheme: 'sepia',
    radius: 'blob',
    density: 'airy',
    typography: { baseSize: 40 },
    color: {
      grayscale: { hue: 400, tint: 12, shade: -9 },
      accent: { primary: 'no colour', level: 7 },
      surface: { background: 'url(x)', foreground: 12 },
    },
  } as unknown as Theme;
  const properties = themeProperties(theme, log);
  const logged = log.mock.calls.map(([name, data]) => [name, data.key, data.used]);
  expect(logged).toEqual([
    ['theme.out_of_range', 'colorScheme', 'light'],
    ['theme.out_of_range', 'color.grayscale.hue', 360],
    ['theme.out_of_range', 'color.grayscale.tint', 9],
    ['theme.out_of_range', 'color.grayscale.shade', -4],
    ['theme.out_of_range', 'color.accent.level', 3],
    ['theme.not_a_colour', 'color.accent.primary', undefined],
    ['theme.not_a_colour', 'color.surface.background', undefined],
    ['theme.not_a_colour', 'color.surface.foreground', undefined],
    ['theme.out_of_range', 'density', 'normal'],
    ['theme.out_of_range', 'typography.baseSize', 18],
    ['theme.out_of_range', 'radius', 'pill'],
  ]);
  expect(properties['--ck-size']).toBe('18px');
  expect(faults(theme)).toEqual([]);
});

test('a value within its range is not logged', () => {
  const log = vi.fn();
  themeProperties(
    {
      colorScheme: 'dark',
      radius: 'soft',
      density: 'compact',
      typography: { baseSize: 14 },
      color: { grayscale: { hue: 0, tint: 0, shade: 4 }, accent: { primary: '#fff', level: 0 } },
    },
    log,
  );
  expect(log).not.toHaveBeenCalled();
});

test.each([
  ['#f80', [255, 136, 0, 1]],
  ['#FF880080', [255, 136, 0, 128 / 255]],
  ['rgb(255, 136, 0)', [255, 136, 0, 1]],
  ['rgba(100% 50% 0% / 25%)', [255, 127.5, 0, 0.25]],
  ['hsl(120deg 100% 25%)', [0, 127.5, 0, 1]],
  ['hsla(-240, 100%, 25%, .5)', [0, 127.5, 0, 0.5]],
  ['hsl(0.5turn 100% 50%)', [0, 255, 255, 1]],
  ['oklch(62.8% 0.2577 29.23)', [255, 0, 0, 1]],
  ['oklch(1 0 none)', [255, 255, 255, 1]],
  ['oklab(0.628 0.2249 0.1258)', [255, 0, 0, 1]],
])('%s is read', (css, [r, g, b, alpha]) => {
  const colour = parsedColour(css);
  expect(colour?.rgb.r).toBeCloseTo((r ?? 0) / 255, 2);
  expect(colour?.rgb.g).toBeCloseTo((g ?? 0) / 255, 2);
  expect(colour?.rgb.b).toBeCloseTo((b ?? 0) / 255, 2);
  expect(colour?.alpha).toBeCloseTo(alpha ?? 0, 3);
});

test.each(['', '#12', '#12345', 'rgb(1, 2)', 'rgb(a b c)', 'hsl(1px 2% 3%)', 'var(--x)', 'url(x)', 7, null])(
  '%s is no colour',
  (text) => {
    expect(parsedColour(text)).toBeNull();
  },
);

test('a colour that no screen shows becomes a less colourful one of its lightness', () => {
  const { l, c } = oklchOf(rgbOf({ l: 0.7, c: 0.4, h: 150 }));
  expect(l).toBeCloseTo(0.7, 1);
  expect(c).toBeLessThan(0.3);
});

test('a theme is set through the object model, and another one replaces it', () => {
  const element = document.createElement('div');
  applyTheme(element, { colorScheme: 'dark', typography: { fontFamily: 'Serif Test' } });
  expect(element.style.getPropertyValue('--ck-font')).toBe('Serif Test');
  const names = element.style.length;
  applyTheme(element, { colorScheme: 'light' });
  expect(element.style.getPropertyValue('--ck-font')).toContain('system-ui');
  expect(element.style.length).toBe(names);
});

interface Face {
  family: string;
  source: string;
  loaded: Promise<unknown>;
}

const faces: Face[] = [];

beforeEach(() => {
  faces.length = 0;
  vi.stubGlobal(
    'FontFace',
    class {
      loaded = this.source.includes('missing') ? Promise.reject(new Error('404')) : Promise.resolve();
      constructor(
        public family: string,
        public source: string,
      ) {
        if (family === '') throw new SyntaxError('No family.');
      }
    },
  );
  Object.defineProperty(document, 'fonts', { configurable: true, value: { add: (face: Face) => faces.push(face) } });
});

function withFonts(...fontSources: { family: string; src: string; weight?: number }[]): Theme {
  return { colorScheme: 'light', typography: { fontSources } };
}

test('a font is registered in the document once, however often the theme is set', () => {
  const element = document.createElement('div');
  const font = { family: 'Once', src: 'https://fonts.test/once.woff2' };
  applyTheme(element, withFonts(font));
  applyTheme(element, withFonts(font, { ...font, weight: 700 }));
  expect(faces.map(({ source }) => source)).toEqual([
    'url("https://fonts.test/once.woff2")',
    'url("https://fonts.test/once.woff2")',
  ]);
});

test('a source that is CSS already is taken as it is', () => {
  applyTheme(document.createElement('div'), withFonts({ family: 'Css', src: 'url(/a.woff2) format("woff2")' }));
  expect(faces[0]?.source).toBe('url(/a.woff2) format("woff2")');
});

test('a font that cannot be loaded is logged and nothing else', async () => {
  const log = vi.fn();
  const fonts = withFonts({ family: 'Gone', src: '/missing.woff2' }, { family: '', src: '/none.woff2' });
  applyTheme(document.createElement('div'), fonts, log);
  await Promise.resolve();
  await Promise.resolve();
  expect(log.mock.calls).toEqual([
    ['theme.font_failed', { family: '' }],
    ['theme.font_failed', { family: 'Gone' }],
  ]);
});
