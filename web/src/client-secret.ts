/** The client secret of a session: asked for once, refreshed before its end or when it is refused. */

export type GetClientSecret = (current: string | null) => Promise<string>;

// A request that is on its way when the secret ends would be refused.
const REFRESH_BEFORE_END_MS = 30_000;

export class ClientSecret {
  #current: string | null = null;
  #refreshing: Promise<string> | null = null;

  /** @param source - Looked up at each use: a page may hand in a new function at any time. */
  constructor(private readonly source: () => GetClientSecret) {}

  /** A secret that is good, as far as one can tell. */
  async get(now: number = Date.now()): Promise<string> {
    if (this.#refreshing) return this.#refreshing;
    if (this.#current === null || endsBefore(this.#current, now + REFRESH_BEFORE_END_MS)) {
      return this.#refresh();
    }
    return this.#current;
  }

  /**
   * A new secret in place of one that the server refused.
   *
   * Requests that were refused together ask for one new secret, not for one each.
   */
  async replace(refused: string): Promise<string> {
    if (this.#current !== refused && this.#current !== null) return this.#current;
    return this.#refresh();
  }

  #refresh(): Promise<string> {
    this.#refreshing ??= this.#ask().finally(() => {
      this.#refreshing = null;
    });
    return this.#refreshing;
  }

  async #ask(): Promise<string> {
    const secret = await this.source()(this.#current);
    if (typeof secret !== 'string' || secret === '') {
      throw new TypeError('getClientSecret must give the client secret as a string.');
    }
    this.#current = secret;
    return secret;
  }
}

/** Whether a secret that is a JWT says that it ends before `time`, in milliseconds. */
function endsBefore(secret: string, time: number): boolean {
  const payload = secret.split('.')[1];
  if (secret.split('.').length !== 3 || !payload) return false;
  try {
    const claims: unknown = JSON.parse(atob(payload.replace(/-/g, '+').replace(/_/g, '/')));
    const end = (claims as { exp?: unknown } | null)?.exp;
    return typeof end === 'number' && end * 1000 < time;
  } catch {
    return false; // no JWT, so it says nothing
  }
}
