/** The official theme tokens, as custom properties on the element. */

import type { AccentColor, ColorScheme, GrayscaleOptions, SurfaceColors, ThemeOption } from '@openai/chatkit';
import { BLACK, over, WHITE, isDark, type Rgb } from './theme/colour';
import { registerFonts } from './theme/fonts';
import { bubbleOn, paletteOn, plainSurface, type Accent, type Greys } from './theme/palette';
import { colourAt, oneOf, ranged, type ThemeLog } from './theme/values';

export type Theme = ThemeOption & { colorScheme: ColorScheme };

const BASE_SIZE = [14, 18, 16] as const;
const HUE = [0, 360, 0] as const;
const TINT = [0, 9, 0] as const;
const SHADE = [-4, 4, 0] as const;
const LEVEL = [0, 3, 0] as const;
const CHROMA_OF_A_TINT = 0.0042;

const UNITS = { normal: '4px', compact: '3px', spacious: '5px' };
const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "Noto Sans", sans-serif';
const FONT_MONO = 'ui-monospace, SFMono-Regular, Menlo, Consolas, "Liberation Mono", monospace';

// Small parts, medium ones, large ones, buttons, and the composer.
const RADII = {
  pill: radii('8px', '12px', '20px', '999px', '28px'),
  round: radii('8px', '12px', '16px', '12px', '16px'),
  soft: radii('4px', '6px', '10px', '6px', '8px'),
  sharp: radii('0px', '0px', '0px', '0px', '0px'),
};

const unheard: ThemeLog = () => undefined;

/**
 * Set the custom properties of a theme. They are all that styles know of it.
 *
 * @param log - Told what of the theme is out of its range, or cannot be used.
 */
export function applyTheme(element: HTMLElement, theme: Theme, log: ThemeLog = unheard): void {
  for (const [name, value] of Object.entries(themeProperties(theme, log))) {
    // Through the object model: a strict content security policy forbids style attributes.
    element.style.setProperty(name, value);
  }
  const { fontSources } = theme.typography ?? {};
  if (Array.isArray(fontSources)) registerFonts(fontSources, log);
}

/** The custom properties of a theme, by name. */
export function themeProperties(theme: Theme, log: ThemeLog = unheard): Record<string, string> {
  const { typography = {} } = theme;
  return {
    ...colourProperties(theme, log),
    '--ck-unit': UNITS[oneOf('density', theme.density, ['normal', 'compact', 'spacious'], log)],
    '--ck-gutter': 'calc(var(--ck-unit) * 4)',
    '--ck-size': `${ranged('typography.baseSize', typography.baseSize, BASE_SIZE, log)}px`,
    '--ck-font': typography.fontFamily || FONT,
    '--ck-font-mono': typography.fontFamilyMono || FONT_MONO,
    ...RADII[oneOf('radius', theme.radius, ['pill', 'round', 'soft', 'sharp'], log)],
  };
}

/** Those of them that are colours: all that changes for a widget of the other scheme. */
export function colourProperties(theme: Theme, log: ThemeLog = unheard): Record<string, string> {
  const scheme = oneOf('colorScheme', theme.colorScheme, ['light', 'dark'], log);
  const { color = {} } = theme;
  const greys = greysOf(color.grayscale, log);
  const accent = accentOf(color.accent, scheme, log);
  const ground = surfaceOf('background', color.surface, plainSurface(scheme, false, greys), log);
  const raised = surfaceOf('foreground', color.surface, plainSurface(scheme, true, greys), log);
  const palette = paletteOn(ground.colour, greys, accent);
  const onRaised = paletteOn(raised.colour, greys, accent);
  const isDarkGround = isDark(ground.colour);
  return {
    // Scroll bars and the browser's own controls.
    '--ck-scheme': isDarkGround ? 'dark' : 'light',
    '--ck-raised-scheme': isDark(raised.colour) ? 'dark' : 'light',
    ...named('--ck-', { ...palette, ...bubbleOn(palette, accent) }),
    ...named('--ck-raised-', onRaised),
    '--ck-bg': ground.css,
    '--ck-raised': raised.css,
    '--ck-shadow': isDarkGround
      ? '0 8px 28px rgb(0 0 0 / 0.5), 0 2px 6px rgb(0 0 0 / 0.3)'
      : '0 8px 28px rgb(0 0 0 / 0.12), 0 2px 6px rgb(0 0 0 / 0.06)',
  };
}

/** The colours of something in the other scheme than its page; the page's surfaces are not its own. */
export function coloursIn(scheme: ColorScheme, theme: Theme): Record<string, string> {
  const { surface: _, ...color } = theme.color ?? {};
  return colourProperties({ ...theme, colorScheme: scheme, color });
}

function named(prefix: string, values: Record<string, string>): Record<string, string> {
  return Object.fromEntries(Object.entries(values).map(([name, value]) => [`${prefix}${name}`, value]));
}

function greysOf(given: GrayscaleOptions | undefined, log: ThemeLog): Greys {
  return {
    hue: ranged('color.grayscale.hue', given?.hue, HUE, log),
    chroma: ranged('color.grayscale.tint', given?.tint, TINT, log) * CHROMA_OF_A_TINT,
    shade: ranged('color.grayscale.shade', given?.shade, SHADE, log),
  };
}

function accentOf(given: AccentColor | undefined, scheme: ColorScheme, log: ThemeLog): Accent | null {
  const level = ranged('color.accent.level', given?.level, LEVEL, log);
  const colour = colourAt('color.accent.primary', given?.primary, log);
  return colour ? { colour: opaque(colour.rgb, colour.alpha, scheme), level } : null;
}

/** A surface as it is written, and the colour that it most likely comes out as. */
function surfaceOf(
  name: keyof SurfaceColors,
  given: SurfaceColors | undefined,
  plain: Rgb,
  log: ThemeLog,
): { css: string; colour: Rgb } {
  const colour = colourAt(`color.surface.${name}`, given?.[name], log);
  if (!colour) return { css: `rgb(${bytes(plain)})`, colour: plain };
  return { css: `rgb(${bytes(colour.rgb)} / ${colour.alpha})`, colour: over(colour.rgb, colour.alpha, plain) };
}

function bytes({ r, g, b }: Rgb): string {
  return [r, g, b].map((channel) => Math.round(channel * 255)).join(' ');
}

function opaque(colour: Rgb, alpha: number, scheme: ColorScheme): Rgb {
  return over(colour, alpha, scheme === 'dark' ? BLACK : WHITE);
}

function radii(
  small: string,
  medium: string,
  large: string,
  control: string,
  composer: string,
): Record<string, string> {
  return {
    '--ck-radius-sm': small,
    '--ck-radius-md': medium,
    '--ck-radius-lg': large,
    '--ck-radius-control': control,
    '--ck-radius-composer': composer,
  };
}
