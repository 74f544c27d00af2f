/** What talks to one server, and what the visible parts are given of it. */

import { Chat } from './chat';
import { Client } from './client';
import { ClientSecret } from './client-secret';
import { asError } from './errors';
import type { Locale } from './locale';
import type { Options } from './options';
import { metadataFor } from './page-context';
import { endpointOfScript } from './parts';
import type { Strings } from './strings';
import type { Ui } from './ui';

/** The element that connects. */
export interface ConnectionHost {
  /** The options that hold now. */
  options(): Options;
  locale(): Locale;
  strings(): Strings;
  /** Something that is shown has changed. */
  changed(): void;
  /** Dispatch `chatkit.NAME`. */
  tell(name: string, detail?: unknown): void;
  /** Show a short message for a while. */
  toast(message: string): void;
}

export function connected(host: ConnectionHost): Ui {
  const options = host.options();
  const failed = (error: unknown): void => host.tell('error', { error: asError(error) });
  const log: Ui['log'] = (name, data) => host.tell('log', data ? { name, data } : { name });
  const secret = options.api.getClientSecret
    ? new ClientSecret(() => (shown) => host.options().api.getClientSecret!(shown))
    : undefined;
  const client = new Client({
    url: options.api.url ?? endpointOfScript(),
    fetch: () => host.options().api.fetch,
    secret,
    locale: () => host.locale().tag,
    metadata: () => metadataFor(host.options().context),
    log,
  });
  const chat = new Chat({
    client: () => client,
    clientTool: () => host.options().onClientTool,
    changed: () => host.changed(),
    tell: (name, detail) => host.tell(name, detail),
  });
  // Asked for ahead of the first message.
  secret?.get().catch(failed);
  return {
    chat,
    client,
    options,
    strings: host.strings(),
    locale: host.locale(),
    tell: (name, detail) => host.tell(name, detail),
    toast: (message) => host.toast(message),
    failed,
    log,
  };
}
