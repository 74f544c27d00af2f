/** TeX between its delimiters, kept as it is for the part that typesets it. */

import type { MarkdownIt, RendererRule } from 'markdown-it';

const PAIRS: readonly { open: string; close: string; display: boolean }[] = [
  { open: '$$', close: '$$', display: true },
  { open: '\\[', close: '\\]', display: true },
  { open: '\\(', close: '\\)', display: false },
];
// `$5 and $10` is money: TeX begins and ends without a space, and nothing of a word is beside it.
const DOLLARS = /^\$(?![\s\d][^$]*\s\$)(\S|\S[^$\n]*?[^\s\\$])\$(?![\w$])/;
// `$5 (or 5$)`: words are not TeX, unless they are commands or in their braces.
const MONEY = /^\d.*(?<![\\{A-Za-z])[A-Za-z]{2,}/;

export function math(parser: MarkdownIt): void {
  parser.inline.ruler.before('escape', 'math', (state, silent) => {
    const rest = state.src.slice(state.pos, state.posMax);
    const found = delimited(rest) ?? dollars(rest, state.src[state.pos - 1] ?? '');
    if (!found) return false;
    if (!silent) {
      const token = state.push('math', '', 0);
      token.content = found.tex;
      token.meta = { display: found.display };
    }
    state.pos += found.length;
    return true;
  });
  parser.block.ruler.before('fence', 'math_block', (state, start, end, silent) => {
    const first = line(state.src, state.bMarks[start]! + state.tShift[start]!, state.eMarks[start]!);
    const pair = PAIRS.find(({ open, display }) => display && first.startsWith(open));
    if (!pair) return false;
    const lines = [first.slice(pair.open.length)];
    let last = start;
    while (!lines.at(-1)!.trimEnd().endsWith(pair.close)) {
      last += 1;
      // Still being written, or never closed: like a paragraph, it goes no further than a blank line.
      if (last >= end || state.isEmpty(last)) return false;
      lines.push(line(state.src, state.bMarks[last]! + state.tShift[last]!, state.eMarks[last]!));
    }
    const tex = lines.join('\n').trimEnd().slice(0, -pair.close.length);
    if (tex.includes(pair.close)) return false; // more than one on the line: they are inline
    if (silent) return true;
    const token = state.push('math_block', '', 0);
    token.content = tex.trim();
    token.meta = { display: true };
    token.map = [start, last + 1];
    state.line = last + 1;
    return true;
  });
  const rendered = (tag: string): RendererRule => (tokens, index) => {
    const { content, meta } = tokens[index]!;
    const tex = parser.utils.escapeHtml(content);
    const display = (meta as { display: boolean }).display ? ' data-display="true"' : '';
    return `<${tag} class="math" data-math="${tex}"${display} dir="ltr">${tex}</${tag}>`;
  };
  parser.renderer.rules['math'] = rendered('span');
  parser.renderer.rules['math_block'] = rendered('div');
}

interface Found {
  tex: string;
  length: number;
  display: boolean;
}

function delimited(rest: string): Found | null {
  for (const { open, close, display } of PAIRS) {
    if (!rest.startsWith(open)) continue;
    const end = rest.indexOf(close, open.length);
    const tex = rest.slice(open.length, end).trim();
    if (end > 0 && tex) return { tex, length: end + close.length, display };
  }
  return null;
}

function dollars(rest: string, before: string): Found | null {
  const found = /[\w$]/.test(before) ? null : DOLLARS.exec(rest);
  return found && !MONEY.test(found[1]!) ? { tex: found[1]!, length: found[0].length, display: false } : null;
}

function line(source: string, start: number, end: number): string {
  return source.slice(start, end);
}
