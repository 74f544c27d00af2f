/** The developer's panel: who chats, what the page says of itself, and what the element tells. */

import { byId } from './document';
import { embedCode } from './embed';
import type { Choice } from './options';
import type { ServerConfig } from './server';

const EVENTS = [
  'ready', 'error', 'effect', 'deeplink', 'response.start', 'response.end', 'history.open',
  'history.close', 'thread.change', 'thread.load.start', 'thread.load.end', 'tool.change', 'log',
];
const MOST_EVENTS = 200;
const USER = 'chatkit-page-user';

/** Makes the panel open and close, and shows the code to copy. */
export function preparePanel(): void {
  const opener = byId('developer');
  opener.addEventListener('click', () => {
    const panel = byId('panel');
    panel.hidden = !panel.hidden;
    opener.setAttribute('aria-expanded', String(!panel.hidden));
  });
  byId('embed').textContent = embedCode(location.origin);
  byId('copy').addEventListener('click', () => void copy());
}

async function copy(): Promise<void> {
  try {
    await navigator.clipboard.writeText(embedCode(location.origin));
    byId('copy').textContent = 'Copied';
  } catch {
    // Without HTTPS there is no clipboard; selected, the code is one key away.
    getSelection()?.selectAllChildren(byId('embed'));
    byId('copy').textContent = 'Press Ctrl+C';
  }
}

function field(name: string): HTMLInputElement {
  return byId<HTMLFormElement>('who').elements.namedItem(name) as HTMLInputElement;
}

/** Fills the form in, as this server lets it be used; `apply` is called with each change of it. */
export function prepareForm({ server }: ServerConfig, apply: () => void): void {
  field('userId').value = server.development ? (localStorage.getItem(USER) ?? '') : '';
  field('userId').disabled = !server.development;
  field('userId').placeholder = server.development ? 'dev' : 'signed in';
  byId('who-hint').textContent = server.development
    ? 'In dev mode anybody on this machine chats as whom they name.'
    : 'Your cookie or token says who you are.';
  byId('who').addEventListener('submit', (event) => {
    event.preventDefault();
    localStorage.setItem(USER, field('userId').value.trim());
    apply();
  });
}

/** What the form says. */
export function chosen(): Pick<Choice, 'userId' | 'context'> {
  const value = (name: string): string => field(name).value.trim();
  const context = { title: value('title'), url: value('url'), name: value('name') };
  return { userId: value('userId'), context: field('sendContext').checked ? context : null };
}

/** Lists the element's events as they come. */
export function watch(chat: EventTarget): void {
  for (const name of EVENTS) chat.addEventListener(`chatkit.${name}`, note);
}

function note(event: Event): void {
  const line = document.createElement('li');
  line.textContent = `${event.type}${detailOf((event as CustomEvent<unknown>).detail)}`;
  const list = byId('events');
  list.append(line);
  while (list.childElementCount > MOST_EVENTS) list.firstElementChild?.remove();
  list.scrollTop = list.scrollHeight;
}

function detailOf(detail: unknown): string {
  if (detail === null || detail === undefined) return '';
  // Errors have nothing that JSON would show.
  const shown = JSON.stringify(detail, (_key, value: unknown) => (value instanceof Error ? String(value) : value));
  return ` ${shown}`;
}
