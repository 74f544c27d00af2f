/** Short messages that go by themselves. */

import { html, type TemplateResult } from 'lit';

const SHOWN_MS = 5_000;

export class Toasts {
  #list: readonly { key: number; message: string }[] = [];
  #lastKey = 0;

  constructor(private readonly changed: () => void) {}

  add(message: string): void {
    const key = ++this.#lastKey;
    this.#list = [...this.#list, { key, message }];
    this.changed();
    setTimeout(() => {
      this.#list = this.#list.filter((toast) => toast.key !== key);
      this.changed();
    }, SHOWN_MS);
  }

  render(label: string): TemplateResult {
    return html`<div class="toasts" role="status" aria-label=${label}>
      ${this.#list.map(({ message }) => html`<p class="toast" part="toast">${message}</p>`)}
    </div>`;
  }
}
