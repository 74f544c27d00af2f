/** The chat page: the element as the server is configured, and what a developer wants to try. */

import type { ChatKitElement } from '../src/element';
import type { ElementOptions } from '../src/options';
import { embedCode } from './embed';

/** What `GET /api/chatkit/config` answers. */
interface ServerConfig {
  options: Partial<ElementOptions>;
  server: { auth?: string[]; notice?: string | null };
}

const EVENTS = [
  'ready', 'error', 'effect', 'deeplink', 'response.start', 'response.end', 'history.open',
  'history.close', 'thread.change', 'thread.load.start', 'thread.load.end', 'tool.change', 'log',
];
const MOST_EVENTS = 200;
const USER = 'chatkit-page-user';
const SCHEME = 'chatkit-page-scheme';

function byId<Type extends HTMLElement>(id: string): Type {
  const element = document.getElementById(id);
  if (!element) throw new Error(`The page has no element ${id}.`);
  return element as Type;
}

const chat = byId<ChatKitElement>('chat');
const form = byId<HTMLFormElement>('who');

async function start(): Promise<void> {
  const [config] = await Promise.all([serverConfig(), customElements.whenDefined('openai-chatkit')]);
  const isDev = config.server.auth?.includes('dev') ?? true;
  if (config.server.notice) {
    byId('notice').textContent = config.server.notice;
    byId('notice').hidden = false;
  }
  const field = (name: string): HTMLInputElement => form.elements.namedItem(name) as HTMLInputElement;
  field('userId').value = localStorage.getItem(USER) ?? '';
  field('userId').disabled = !isDev;
  field('userId').placeholder = isDev ? 'dev' : 'signed in';
  byId('who-hint').textContent = isDev
    ? 'This server is in dev mode: anybody on this machine chats as whom they name.'
    : 'This server signs users in; who you are, your cookie or token says.';

  const apply = (): void => {
    const userId = isDev ? field('userId').value.trim() : '';
    localStorage.setItem(USER, userId);
    chat.setOptions({
      ...config.options,
      api: { url: userId ? `/api/chatkit?userId=${encodeURIComponent(userId)}` : '/api/chatkit',
        ...uploads(config, userId) , ...signIn(isDev) },
      theme: { colorScheme: document.documentElement.dataset['scheme'] === 'dark' ? 'dark' : 'light' },
      context: field('sendContext').checked
        ? {
            page: { title: field('title').value, url: field('url').value },
            user: { name: field('name').value },
          }
        : {},
    } as ElementOptions);
  };
  form.addEventListener('submit', (event) => {
    event.preventDefault();
    apply();
  });
  byId('scheme').addEventListener('click', () => {
    setScheme(document.documentElement.dataset['scheme'] === 'dark' ? 'light' : 'dark');
    apply();
  });
  for (const name of EVENTS) chat.addEventListener(`chatkit.${name}`, note);
  apply();
}

/** Files go to the server itself, as whoever chats. */
function uploads(config: ServerConfig, userId: string): { uploadStrategy?: { type: 'two_phase' } } {
  const takesFiles = config.options.composer?.attachments?.enabled ?? false;
  return takesFiles || userId ? { uploadStrategy: { type: 'two_phase' } } : {};
}

/** Where nobody is let in without a session, one is made for whoever is signed in. */
function signIn(isDev: boolean): { getClientSecret?: (current: string | null) => Promise<string> } {
  if (isDev) return {};
  return {
    getClientSecret: async (current) => {
      const path = current === null ? '/api/chatkit/session' : '/api/chatkit/refresh';
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(current === null ? {} : { currentClientSecret: current }),
      });
      if (!response.ok) throw new Error('You are not signed in.');
      const { client_secret: secret } = (await response.json()) as { client_secret: string };
      return secret;
    },
  };
}

async function serverConfig(): Promise<ServerConfig> {
  const response = await fetch('/api/chatkit/config', { headers: { Accept: 'application/json' } });
  if (!response.ok) return { options: {}, server: {} };
  return (await response.json()) as ServerConfig;
}

function note(event: Event): void {
  const { detail } = event as CustomEvent<unknown>;
  const line = document.createElement('li');
  const told = detail === null || detail === undefined ? '' : ` ${JSON.stringify(detail)}`;
  line.textContent = `${event.type}${told}`;
  const list = byId('events');
  list.append(line);
  while (list.childElementCount > MOST_EVENTS) list.firstElementChild?.remove();
  list.scrollTop = list.scrollHeight;
}

function setScheme(scheme: string): void {
  document.documentElement.dataset['scheme'] = scheme;
  localStorage.setItem(SCHEME, scheme);
  byId('scheme').setAttribute('aria-pressed', String(scheme === 'dark'));
}

setScheme(
  localStorage.getItem(SCHEME) ?? (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light'),
);
byId('embed').textContent = embedCode(location.origin);
byId('copy').addEventListener('click', () => {
  void navigator.clipboard.writeText(embedCode(location.origin)).then(() => {
    byId('copy').textContent = 'Copied';
  });
});
byId('developer').addEventListener('click', () => {
  const panel = byId('panel');
  panel.hidden = !panel.hidden;
  byId('developer').setAttribute('aria-expanded', String(!panel.hidden));
});
void start();
