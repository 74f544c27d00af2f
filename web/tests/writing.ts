/** Writing into the composer as a person does: happy-dom takes no keys for text itself. */

import { placeCaret } from '../src/selection';
import { drawn } from './ui-under-test';

export function fieldOf(part: Element): HTMLElement {
  return part.querySelector<HTMLElement>('.text-input')!;
}

/** Write at the caret, or at the end. */
export async function write(part: Element, text: string): Promise<void> {
  const field = fieldOf(part);
  const last = field.lastChild?.nodeType === Node.TEXT_NODE ? field.lastChild : field.appendChild(document.createTextNode(''));
  last.textContent = `${last.textContent ?? ''}${text}`;
  caretIn(last, last.textContent.length);
  field.dispatchEvent(new InputEvent('input', { bubbles: true }));
  await drawn();
}

export function caretIn(node: Node, offset: number): void {
  const range = document.createRange();
  range.setStart(node, offset);
  range.collapse(true);
  placeCaret(range);
}

/** Wait for the pause after which what is written is looked for. */
export async function paused(): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, 140));
  await drawn();
}
