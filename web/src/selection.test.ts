import { afterEach, describe, expect, it, vi } from 'vitest';
import { selectedRange } from './selection';

describe('the selected range inside a shadow root', () => {
  afterEach(() => vi.restoreAllMocks());

  type Given = { shadowRoots: ShadowRoot[] } | ShadowRoot;

  /** What the standard says today, and what the first Safaris have that knew it. */
  const SIGNATURES: [string, (given: Given) => readonly ShadowRoot[]][] = [
    ['an object with the roots', (given) => ('shadowRoots' in given ? given.shadowRoots : [])],
    [
      'the roots themselves',
      (given) => {
        if (!(given instanceof ShadowRoot)) throw new TypeError('Argument 1 must be an instance of ShadowRoot');
        return [given];
      },
    ],
  ];

  it.each(SIGNATURES)('is told by a browser that takes %s', (_name, rootsOf) => {
    const host = document.body.appendChild(document.createElement('div'));
    const root = host.attachShadow({ mode: 'open' });
    root.innerHTML = '<p>Some words</p>';
    Object.defineProperty(root, 'getSelection', { value: undefined });
    const text = root.querySelector('p')!.firstChild!;
    const inside = { startContainer: text, startOffset: 0, endContainer: text, endOffset: 4 };
    const selection = {
      rangeCount: 1,
      getComposedRanges: (given: Given) => (rootsOf(given).includes(root) ? [inside] : []),
    };
    vi.spyOn(document, 'getSelection').mockReturnValue(selection as unknown as Selection);
    expect(selectedRange(text)?.toString()).toBe('Some');
  });
});
