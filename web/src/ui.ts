/** What every visible part is given, and what they have in common. */

import { LitElement, type PropertyDeclarations } from 'lit';
import type { Chat } from './chat';
import type { Client } from './client';
import type { Locale } from './locale';
import type { Options } from './options';
import type { Strings } from './strings';

export interface Ui {
  chat: Chat;
  client: Client;
  options: Options;
  strings: Strings;
  locale: Locale;
  /** Dispatch `chatkit.NAME` on the element. */
  tell(name: string, detail?: unknown): void;
  /** Show a short message for a while. */
  toast(message: string): void;
  /** Tell the page of an error that the user sees in another way. */
  failed(error: unknown): void;
  /** Dispatch `chatkit.log`. Data holds no text of the user's or the assistant's. */
  log(name: string, data?: Record<string, unknown>): void;
}

/**
 * A visible part of the element.
 *
 * Parts render into the element's own shadow root, not into one of their own: styles, labels and
 * focus work across them.
 */
export abstract class Part extends LitElement {
  static override properties: PropertyDeclarations = {
    ui: { attribute: false },
    // Changes with everything that is shown, since the state itself is the same object.
    tick: { attribute: false },
  };

  declare ui: Ui;
  declare tick: number;

  protected override createRenderRoot(): HTMLElement {
    return this;
  }
}

/** Make a part known, unless another copy of the script has done so. */
export function define(name: string, part: CustomElementConstructor): void {
  if (!customElements.get(name)) customElements.define(name, part);
}
