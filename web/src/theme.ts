/** The official theme tokens, as custom properties on the element. */

import type { ColorScheme, ThemeOption } from '@openai/chatkit';

/** Set the custom properties of a theme. They are all that styles know of it. */
export function applyTheme(
  element: HTMLElement,
  theme: ThemeOption & { colorScheme: ColorScheme },
): void {
  for (const [name, value] of Object.entries(themeProperties(theme))) {
    // Through the object model: a strict content security policy forbids style attributes.
    element.style.setProperty(name, value);
  }
}

/** The custom properties of a theme, by name. */
export function themeProperties(
  theme: ThemeOption & { colorScheme: ColorScheme },
): Record<string, string> {
  const isDark = theme.colorScheme === 'dark';
  return {
    '--ck-scheme': theme.colorScheme,
    '--ck-bg': isDark ? '#1b1b1b' : '#ffffff',
    '--ck-raised': isDark ? '#282828' : '#ffffff',
    '--ck-text': isDark ? '#f3f3f3' : '#0d0d0d',
    '--ck-text-2': isDark ? '#afafaf' : '#5d5d5d',
    '--ck-text-3': isDark ? '#8a8a8a' : '#8f8f8f',
    '--ck-border': isDark ? '#383838' : '#e6e6e6',
    '--ck-border-strong': isDark ? '#4d4d4d' : '#cdcdcd',
    '--ck-hover': isDark ? '#323232' : '#f2f2f2',
    '--ck-accent': isDark ? '#f3f3f3' : '#0d0d0d',
    '--ck-on-accent': isDark ? '#0d0d0d' : '#ffffff',
    '--ck-bubble': isDark ? '#323232' : '#f2f2f2',
    '--ck-on-bubble': isDark ? '#f3f3f3' : '#0d0d0d',
    '--ck-link': isDark ? '#8ab4ff' : '#1f5fbf',
    '--ck-focus': isDark ? '#8ab4ff' : '#1f5fbf',
    '--ck-danger': isDark ? '#ff6764' : '#c62a25',
    '--ck-on-danger': isDark ? '#1b1b1b' : '#ffffff',
    '--ck-warning': isDark ? '#ffb34a' : '#8a5300',
    '--ck-success': isDark ? '#40c977' : '#0b7a3b',
    '--ck-info': isDark ? '#6cb1ff' : '#1663b5',
    '--ck-discovery': isDark ? '#b68cff' : '#6b3fc9',
    '--ck-shadow': isDark ? '0 8px 24px rgb(0 0 0 / 0.5)' : '0 8px 24px rgb(0 0 0 / 0.12)',
    '--ck-unit': { compact: '3px', normal: '4px', spacious: '5px' }[theme.density ?? 'normal'],
    '--ck-gutter': 'calc(var(--ck-unit) * 4)',
    '--ck-size': `${theme.typography?.baseSize ?? 16}px`,
    '--ck-font': theme.typography?.fontFamily ?? 'system-ui, -apple-system, "Segoe UI", Roboto, sans-serif',
    '--ck-font-mono':
      theme.typography?.fontFamilyMono ?? 'ui-monospace, SFMono-Regular, Menlo, Consolas, monospace',
    ...RADII[theme.radius ?? 'pill'],
  };
}

const RADII = {
  pill: radii('8px', '12px', '24px', '999px'),
  round: radii('8px', '12px', '16px', '12px'),
  soft: radii('4px', '6px', '10px', '6px'),
  sharp: radii('0', '0', '0', '0'),
};

function radii(small: string, medium: string, large: string, control: string): Record<string, string> {
  return {
    '--ck-radius-sm': small,
    '--ck-radius-md': medium,
    '--ck-radius-lg': large,
    '--ck-radius-control': control,
  };
}
