/** The options of the element, from what the server says and what a developer chose. */

import type { ElementOptions, OwnOptions } from '../src/options';
import type { ServerConfig } from './server';

/** What is chosen on the page. */
export interface Choice {
  /** Whom to chat as, where the server takes anybody's word; empty for the usual user. */
  userId: string;
  scheme: 'light' | 'dark';
  /** Null where nothing is told of the page. */
  context: { title: string; url: string; name: string } | null;
}

/** @param clientSecret - Makes client secrets, where the server takes them. */
export function elementOptions(
  { options, server }: ServerConfig,
  choice: Choice,
  clientSecret: (current: string | null) => Promise<string>,
): ElementOptions {
  const userId = server.development ? choice.userId : '';
  return {
    ...options,
    api: {
      url: userId ? `/api/chatkit?userId=${encodeURIComponent(userId)}` : '/api/chatkit',
      ...(server.uploads?.strategy === 'two_phase' ? { uploadStrategy: { type: 'two_phase' } } : {}),
      // With cookies alone, each request says by itself who asks.
      ...(!server.development && server.auth.includes('session') ? { getClientSecret: clientSecret } : {}),
    },
    theme: { colorScheme: choice.scheme },
    context: told(choice.context),
  };
}

function told(context: Choice['context']): NonNullable<OwnOptions['context']> {
  if (!context) return {};
  const { title, url, name } = context;
  return {
    page: { ...(title ? { title } : {}), ...(url ? { url } : {}) },
    ...(name ? { user: { name } } : {}),
  };
}
