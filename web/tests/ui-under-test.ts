/** A visible part in a shadow root, with a chat that talks to a scripted server. */

import { Chat } from '../src/chat';
import { Client } from '../src/client';
import { asError } from '../src/errors';
import { resolved, type ElementOptions } from '../src/options';
import { resolvedLocale } from '../src/locale';
import { ENGLISH } from '../src/strings';
import type { Part, Ui } from '../src/ui';
import { ScriptedServer } from './scripted-server';

export interface UiUnderTest {
  ui: Ui;
  server: ScriptedServer;
  /** What was told to the page, in order. */
  told: { name: string; detail: unknown }[];
  /** The details of what was told by a name. */
  details: (name: string) => unknown[];
  toasts: string[];
  /** Put a part on the page, and show it again whenever something changes. */
  show: <T extends Part>(name: string, properties?: Partial<T>) => Promise<T>;
  /** Replace options as a page does. */
  set: (options: Partial<ElementOptions>) => Promise<void>;
}

const API = { url: 'https://chat.test/api' };

export function uiUnderTest(options: Partial<ElementOptions> = {}): UiUnderTest {
  const server = new ScriptedServer();
  const told: UiUnderTest['told'] = [];
  const toasts: string[] = [];
  const shown: Part[] = [];
  let tick = 0;
  const changed = (): void => {
    tick += 1;
    for (const part of shown) part.tick = tick;
  };
  const tell = (name: string, detail?: unknown): void => void told.push({ name, detail });
  const client: Client = new Client({
    url: API.url,
    fetch: () => ui.options.api.fetch ?? server.fetch,
    locale: () => 'en',
  });
  const toast = (message: string): void => void toasts.push(message);
  const chat = new Chat({ client: () => client, clientTool: () => undefined, changed, tell });
  const ui: Ui = {
    chat,
    client,
    options: resolved({ api: API, ...options }),
    strings: ENGLISH,
    locale: resolvedLocale('en', 'en'),
    tell,
    toast,
    failed: (error) => tell('error', { error: asError(error) }),
    log: (name, data) => tell('log', { name, data }),
  };
  return {
    ui,
    server,
    told,
    details: (name) => told.filter((one) => one.name === name).map(({ detail }) => detail),
    toasts,
    async show<T extends Part>(name: string, properties: Partial<T> = {}) {
      const host = document.createElement('div');
      const part = document.createElement(name) as T;
      Object.assign(part, { ui, tick, ...properties });
      shown.push(part);
      document.body.replaceChildren(host);
      // In happy-dom a focus that is in another shadow root, or nowhere now, breaks that of this one.
      void document.activeElement;
      host.attachShadow({ mode: 'open' }).append(part);
      await drawn();
      return part;
    },
    async set(given) {
      ui.options = resolved({ api: API, ...given });
      changed();
      await drawn();
    },
  };
}

/** Lets all parts show what has changed, and everything happen that waits for nothing from outside. */
export async function drawn(): Promise<void> {
  for (let round = 0; round < 3; round++) await new Promise((resolve) => setTimeout(resolve, 0));
}

export function button(part: Element, label: string): HTMLButtonElement {
  const found = buttonIf(part, label);
  if (!found) throw new Error(`There is no button ${label}.`);
  return found;
}

export function buttonIf(part: Element, label: string): HTMLButtonElement | undefined {
  return [...part.querySelectorAll('button')].find(
    (one) => (one.getAttribute('aria-label') ?? textOf(one)) === label,
  );
}

export async function click(part: Element, label: string): Promise<void> {
  button(part, label).click();
  await drawn();
}

export function textOf(element: Element | null): string {
  return (element?.textContent ?? '').replace(/\s+/g, ' ').trim();
}

export function texts(part: Element, selector: string): string[] {
  return [...part.querySelectorAll(selector)].map(textOf);
}

/** Press a key; whether somebody took it. */
export function press(target: Element, key: string, more: KeyboardEventInit = {}): boolean {
  const event = new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true, composed: true, ...more });
  return !target.dispatchEvent(event);
}
