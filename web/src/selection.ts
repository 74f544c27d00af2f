/** What is selected on the page, as far as it is inside a shadow root: browsers differ in that. */

interface ComposedSelection {
  /** Not in every browser, nor in every version of TypeScript's types. */
  getComposedRanges?: (options: { shadowRoots: ShadowRoot[] } | ShadowRoot) => StaticRange[];
}

type RootWithSelection = (ShadowRoot | Document) & { getSelection?: () => Selection | null };

/** The selected text as it is shown: with line breaks, which a range does not have. */
export function selectedText(node: Node): string {
  return selectionOf(node)?.toString() ?? '';
}

function selectionOf(node: Node): Selection | null {
  const root = node.getRootNode() as RootWithSelection;
  // Chromium keeps the selection of a shadow root there, Firefox in the document.
  return root.getSelection?.() ?? document.getSelection();
}

/** The selected range as it is seen from where `node` is; null where nothing is selected. */
export function selectedRange(node: Node): Range | null {
  const root = node.getRootNode() as RootWithSelection;
  const selection = selectionOf(node);
  if (!selection?.rangeCount) return null;
  const { getComposedRanges } = selection as ComposedSelection;
  if (root.getSelection || !(root instanceof ShadowRoot) || !getComposedRanges) {
    return selection.getRangeAt(0).cloneRange();
  }
  const composed = composedRanges(getComposedRanges.bind(selection), root)[0];
  if (!composed) return null;
  const range = document.createRange();
  range.setStart(composed.startContainer, composed.startOffset);
  range.setEnd(composed.endContainer, composed.endOffset);
  return range;
}

function composedRanges(
  ranges: NonNullable<ComposedSelection['getComposedRanges']>,
  root: ShadowRoot,
): StaticRange[] {
  try {
    return ranges({ shadowRoots: [root] });
  } catch {
    // The first Safaris that have it want the roots themselves (w3c/selection-api#176).
    return ranges(root);
  }
}

/** Put the caret at the start of a range. */
export function placeCaret(range: Range): void {
  selectionOf(range.startContainer)?.collapse(range.startContainer, range.startOffset);
}
