/** What the page asks its server, and what the server says where it refuses. */

import type { ElementOptions } from '../src/options';

/** What `GET /api/chatkit/config` answers. */
export interface ServerConfig {
  options: Partial<ElementOptions>;
  server: {
    version: string;
    auth: string[];
    /** Whether `?userId=` says who chats. */
    development: boolean;
    uploads?: { strategy: string };
    notice?: string;
  };
}

/** A sentence for whoever looks at the page. */
export class Trouble extends Error {
  override readonly name = 'Trouble';

  constructor(
    message: string,
    /** The HTTP status; undefined where no answer came. */
    readonly status?: number,
  ) {
    super(message);
  }
}

/** What a 401 means to whoever looks at the page; servers say so in other words, too. */
export function signedOut(reason: string): Trouble {
  const why = reason.replace(/^Nobody is signed in\.\s*/, '');
  return new Trouble(`You are not signed in. ${why}`, 401);
}

/** @throws Trouble - The server is down, or does not answer as it should. */
export async function serverConfig(): Promise<ServerConfig> {
  return asked<ServerConfig>('/api/chatkit/config');
}

/**
 * A client secret for whoever is signed in.
 *
 * @param current - One to be replaced, if there is one.
 * @throws Trouble - Nobody is signed in, or the server gives none.
 */
export async function clientSecret(current: string | null): Promise<string> {
  if (current !== null) {
    try {
      return await issued('/api/chatkit/refresh', { currentClientSecret: current });
    } catch (error) {
      // A session that is over does not sign its user out.
      if (!(error instanceof Trouble) || error.status !== 401) throw error;
    }
  }
  return issued('/api/chatkit/session', {});
}

async function issued(path: string, body: object): Promise<string> {
  const answer = await asked<{ client_secret: string }>(path, {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify(body),
  });
  return answer.client_secret;
}

async function asked<Answer>(path: string, init: RequestInit = {}): Promise<Answer> {
  let response: Response;
  try {
    response = await fetch(path, init);
  } catch {
    throw new Trouble('The server cannot be reached. Is it running?');
  }
  if (!response.ok) {
    const reason = await refusal(response);
    throw response.status === 401 ? signedOut(reason) : new Trouble(reason, response.status);
  }
  try {
    return (await response.json()) as Answer;
  } catch {
    throw new Trouble(`${path} does not answer with JSON.`, response.status);
  }
}

async function refusal(response: Response): Promise<string> {
  const said = await response
    .json()
    .then((body: { error?: { message?: unknown } } | null) => body?.error?.message)
    .catch(() => undefined);
  return typeof said === 'string' ? said : `The server answers with the status ${response.status}.`;
}
