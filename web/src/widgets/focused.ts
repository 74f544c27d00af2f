/** Fields that ask for the focus when they appear. */

import { noChange } from 'lit';
import { directive, Directive, type ElementPart } from 'lit/directive.js';
import { isSet } from './values';

type Field = HTMLInputElement | HTMLTextAreaElement;

class FocusedDirective extends Directive {
  #isSeen = false;

  render(_props: Readonly<Record<string, unknown>>): typeof noChange {
    return noChange;
  }

  override update(part: ElementPart, [props]: [Readonly<Record<string, unknown>>]): typeof noChange {
    if (this.#isSeen) return noChange;
    this.#isSeen = true;
    const field = part.element as Field;
    if (isSet(props['autoSelect'])) field.addEventListener('focus', () => field.select());
    // It is not in the document yet; and a field that somebody writes in keeps the focus.
    if (isSet(props['autoFocus'])) {
      queueMicrotask(() => {
        if (field.isConnected && !isBusy(field)) field.focus();
      });
    }
    return noChange;
  }
}

function isBusy(field: Field): boolean {
  const { activeElement } = field.getRootNode() as Document | ShadowRoot;
  return activeElement?.matches('input, textarea, select, [contenteditable]') ?? false;
}

/** `autoFocus` and `autoSelect` of a component, on the field that it stands in. */
export const focused = directive(FocusedDirective);
