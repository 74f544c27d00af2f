/** Parts of the element in a document, with a chat that needs no server. */

import type { Entity } from '@openai/chatkit';
import * as chart from '../src/parts/chart';
import * as icons from '../src/parts/icons';
import { Chat } from '../src/chat';
import { Client } from '../src/client';
import { resolved, type ElementOptions } from '../src/options';
import { loadPartsWith } from '../src/parts';
import type { ThreadItem, ThreadMetadata, WidgetNode } from '../src/protocol';
import { ENGLISH } from '../src/strings';
import type { Part, Ui } from '../src/ui';
import type { Widget } from '../src/widgets/widget';
import { ScriptedServer } from './scripted-server';

export interface Shown {
  ui: Ui;
  server: ScriptedServer;
  /** What was told, in order. */
  told: { name: string; detail: unknown }[];
  toasts: string[];
  errors: Error[];
}

/** What parts are given. Markdown is shown by a parser that stands for the real one. */
export function shown(options: Partial<ElementOptions> = {}): Shown {
  const server = new ScriptedServer();
  const told: Shown['told'] = [];
  const toasts: string[] = [];
  const errors: Error[] = [];
  const client = new Client({ url: 'https://chat.test/api', fetch: () => server.fetch, locale: () => 'en' });
  const tell = (name: string, detail?: unknown): void => void told.push({ name, detail });
  const chat = new Chat({
    client: () => client,
    clientTool: () => undefined,
    changed: () => undefined,
    tell,
  });
  const ui: Ui = {
    chat,
    client,
    options: resolved({ api: { url: 'https://chat.test/api' }, ...options }),
    strings: ENGLISH,
    locale: { tag: 'en', language: 'en', direction: 'ltr' } as Ui['locale'],
    tell,
    toast: (message) => toasts.push(message),
    failed: (error) => errors.push(error as Error),
    log: (name, data) => tell('log', { name, data }),
  };
  return { ui, server, told, toasts, errors };
}

/** Parts that need no real browser, and plain blocks in the place of Markdown. */
export function loadPlainParts(): void {
  class GrowingText {
    blocks(text: string): { html: string }[] {
      return text.split('\n\n').map((block) => {
        const paragraph = document.createElement('p');
        paragraph.textContent = block;
        return { html: paragraph.outerHTML };
      });
    }
  }
  const inline = (text: string): string => text.replaceAll('<', '&lt;');
  const parts: Record<string, unknown> = { markdown: { GrowingText, inline }, chart, icons };
  loadPartsWith(async (name) => parts[name] ?? Promise.reject(new Error(`no ${name}`)));
}

/** A thread with these items. */
export function withItems({ ui }: Shown, items: ThreadItem[], more: Partial<ThreadMetadata> = {}): void {
  const thread = { id: 'thr_1', created_at: '2026-01-02T03:04:05', status: { type: 'active' as const }, ...more };
  ui.chat.slot.conversation = { ...ui.chat.slot.conversation, thread, items };
}

/** A part of the element in the document, once it has rendered. */
export async function inDocument<P extends Part>(name: string, properties: Partial<P>): Promise<P> {
  const part = document.createElement(name) as P;
  Object.assign(part, properties);
  document.body.append(part);
  await settled();
  return part;
}

export async function settled(): Promise<void> {
  for (let turn = 0; turn < 3; turn += 1) await new Promise((done) => setTimeout(done, 0));
}

export async function shownWidget(test: Shown, root: unknown): Promise<Widget> {
  withItems(test, test.ui.chat.conversation.items.slice());
  return inDocument<Widget>('ck-widget', { ui: test.ui, itemId: 'w1', root: root as WidgetNode });
}

export const ENTITY: Entity = { id: 'e1', title: 'Entity', interactive: true };
