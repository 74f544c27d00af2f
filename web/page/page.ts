/** The chat page: the element as the server is configured, and what a developer wants to try. */

import type { ChatKitElement } from '../src/element';
import { chosen, prepareForm, preparePanel, watch } from './developer';
import { byId } from './document';
import { elementOptions } from './options';
import { prepareScheme, scheme } from './scheme';
import { clientSecret, serverConfig, signedOut, Trouble, type ServerConfig } from './server';

const chat = byId<ChatKitElement>('chat');
let config: ServerConfig | null = null;

function apply(): void {
  if (!config) return;
  chat.setOptions(elementOptions(config, { ...chosen(), scheme: scheme() }, signIn));
}

async function signIn(current: string | null): Promise<string> {
  try {
    const secret = await clientSecret(current);
    tell(null);
    return secret;
  } catch (error) {
    tell(error);
    throw error;
  }
}

/** Says what is wrong; nothing, where nothing is. */
function tell(error: unknown): void {
  byId('trouble').hidden = error === null;
  byId('trouble-text').textContent = error instanceof Error ? error.message : '';
}

function tellOfElement(event: Event): void {
  const { error } = (event as CustomEvent<{ error: Error & { code?: string } }>).detail;
  if (error.code === 'unauthorized') tell(signedOut(error.message));
}

/** Loads the script as any page would, but tells where it does not come. */
async function loadElement(): Promise<void> {
  const script = document.createElement('script');
  script.src = '/chatkit.js';
  const loaded = new Promise<void>((resolve, reject) => {
    script.onload = () => resolve();
    script.onerror = () => reject(new Trouble('The server does not serve /chatkit.js.'));
  });
  document.head.append(script);
  await loaded;
}

async function start(): Promise<void> {
  try {
    [config] = await Promise.all([serverConfig(), loadElement()]);
  } catch (error) {
    tell(error);
    return;
  }
  const { notice } = config.server;
  byId('notice').textContent = notice ?? '';
  byId('notice').hidden = !notice;
  prepareForm(config, apply);
  watch(chat);
  chat.addEventListener('chatkit.error', tellOfElement as EventListener);
  apply();
}

prepareScheme(apply);
preparePanel();
byId('again').addEventListener('click', () => location.reload());
void start();
