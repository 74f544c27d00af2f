/** Light or dark: as chosen here before, or as the system has it. */

import { byId } from './document';

export type Scheme = 'light' | 'dark';

const KEPT = 'chatkit-page-scheme';

export function scheme(): Scheme {
  return document.documentElement.dataset['scheme'] === 'dark' ? 'dark' : 'light';
}

/** Shows the page in its scheme, and lets the button change it. */
export function prepareScheme(changed: () => void): void {
  const isDark = matchMedia('(prefers-color-scheme: dark)').matches;
  show(localStorage.getItem(KEPT) ?? (isDark ? 'dark' : 'light'));
  byId('scheme').addEventListener('click', () => {
    show(scheme() === 'dark' ? 'light' : 'dark');
    localStorage.setItem(KEPT, scheme());
    changed();
  });
}

function show(value: string): void {
  document.documentElement.dataset['scheme'] = value;
  byId('scheme').setAttribute('aria-pressed', String(value === 'dark'));
}
