/** What the nodes of a text field stand for: runs of text, line breaks, and tags. */

import type { UserContent } from '../protocol';

type Tag = Extract<UserContent, { type: 'input_tag' }>;

/** Stands for a tag where only text is looked at. */
export const TAG = '\ufffc';

/** The parts in the order of the nodes; neighbouring texts are one. */
export function partsIn(field: Node | null): UserContent[] {
  const parts: UserContent[] = [];
  for (const piece of pieces(field)) {
    const last = parts.at(-1);
    if (typeof piece !== 'string') parts.push(piece);
    else if (last?.type === 'input_text') last.text += piece;
    else parts.push({ type: 'input_text', text: piece });
  }
  return parts;
}

/** The nodes that stand for parts. */
export function nodesOf(parts: readonly UserContent[]): Node[] {
  const nodes = parts.map((part) =>
    part.type === 'input_text' ? document.createTextNode(part.text) : tagElement(part),
  );
  const last = parts.at(-1);
  // The last line break of a field has no height, and browsers put another one behind it.
  if (last?.type === 'input_text' && last.text.endsWith('\n')) nodes.push(document.createTextNode('\n'));
  return nodes;
}

/** Collapse a range behind all that is written: before the line break that only gives height. */
export function endAt(range: Range, field: Node): void {
  range.selectNodeContents(field);
  range.collapse(false);
  const last = field.lastChild;
  if (last instanceof HTMLBRElement) range.setEndBefore(last);
  else if (last?.nodeType === Node.TEXT_NODE && last.textContent?.endsWith('\n')) {
    range.setEnd(last, last.textContent.length - 1);
  }
  range.collapse(false);
}

/** The text of a field up to the start of a range. */
export function textBefore(field: Node, caret: Range): string {
  const range = document.createRange();
  range.selectNodeContents(field);
  range.setEnd(caret.startContainer, caret.startOffset);
  return [...pieces(range.cloneContents())]
    .map((piece) => (typeof piece === 'string' ? piece : TAG))
    .join('');
}

function* pieces(node: Node | null): Generator<string | Tag> {
  for (const child of node?.childNodes ?? []) {
    if (child instanceof HTMLElement && child.dataset['tag']) {
      yield JSON.parse(child.dataset['tag']) as Tag;
    } else if (child instanceof HTMLBRElement) {
      yield '\n';
    } else if (child.nodeType === Node.TEXT_NODE) {
      yield (child.textContent ?? '').replace(/\u00a0/g, ' ');
    } else {
      // A browser may put a line into an element of its own.
      yield '\n';
      yield* pieces(child);
    }
  }
}

/** A tag in the field, which is deleted as one. */
export function tagElement(part: Tag): HTMLElement {
  const element = document.createElement('span');
  element.className = 'tag';
  element.contentEditable = 'false';
  element.dataset['tag'] = JSON.stringify(part);
  element.textContent = `@${part.text}`;
  return element;
}

/** Extend a range over the characters before it, which may be in several texts. */
export function extendBack(range: Range, characters: number): void {
  const { startContainer, startOffset } = range;
  const isText = startContainer.nodeType === Node.TEXT_NODE;
  let node: Node | null | undefined = isText ? startContainer : startContainer.childNodes[startOffset - 1];
  let end = isText ? startOffset : lengthOf(node);
  let left = characters;
  while (left > 0 && node?.nodeType === Node.TEXT_NODE) {
    const taken = Math.min(left, end);
    range.setStart(node, end - taken);
    left -= taken;
    node = node.previousSibling;
    end = lengthOf(node);
  }
}

function lengthOf(node: Node | null | undefined): number {
  return node?.textContent?.length ?? 0;
}
