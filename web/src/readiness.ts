/** Whether the element can be used: methods that are called before wait. */

import { IntegrationError } from './errors';

const WITHIN_MS = 30_000;

export class Readiness {
  isReady = false;
  readonly #waiting = new Set<() => void>();

  /** @throws IntegrationError - It took too long. */
  async wait(): Promise<void> {
    if (this.isReady) return;
    await new Promise<void>((resolve, reject) => {
      const late = setTimeout(() => {
        this.#waiting.delete(done);
        reject(new IntegrationError('The element got no options.', 'not_ready'));
      }, WITHIN_MS);
      const done = (): void => {
        clearTimeout(late);
        resolve();
      };
      this.#waiting.add(done);
    });
  }

  reached(): void {
    this.isReady = true;
    for (const done of this.#waiting) done();
    this.#waiting.clear();
  }
}
