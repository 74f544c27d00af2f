/** What goes wrong, as errors that a page can tell apart. */

export type FailureCode =
  | 'network'
  | 'http'
  | 'protocol'
  | 'unauthorized'
  | 'busy'
  | 'no_thread'
  | 'no_composer'
  | 'not_active'
  | 'empty_message'
  | 'history_disabled'
  | 'load_failed'
  | 'response_failed'
  | 'not_ready'
  | 'form'
  | 'callback';

/** A method of the element could not do what it was asked. The name is the official element's. */
export class IntegrationError extends Error {
  override readonly name = 'IntegrationError';

  constructor(
    message: string,
    readonly code: FailureCode,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }
}

/** A request did not succeed. `message` is fit to be shown where the server sent a short reason. */
export class RequestFailure extends Error {
  override readonly name = 'RequestFailure';

  constructor(
    message: string,
    readonly code: 'network' | 'http' | 'protocol' | 'unauthorized',
    /** The HTTP status; undefined where no answer came. */
    readonly status?: number,
    /** Whether `message` is the server's own, for people to read. */
    readonly told: boolean = false,
    options?: ErrorOptions,
  ) {
    super(message, options);
  }

  /** Whether a request that changes nothing may succeed if it is sent once more. */
  get isPassing(): boolean {
    return this.code === 'network' || [502, 503, 504].includes(this.status ?? 0);
  }
}

export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
