/** Citation markers: placeholders in the text that become buttons, never inside another construct. */

import type { MarkdownIt, StateInline, Token } from 'markdown-it';

const PLACEHOLDERS = /\uE000(\d+)\uE001/g;

export function citations(parser: MarkdownIt): void {
  parser.inline.ruler.before('text', 'citation', (state, silent) => {
    if (state.src.charCodeAt(state.pos) !== 0xe000) return false;
    const end = state.src.indexOf('\uE001', state.pos);
    if (end < 0) return false;
    if (!silent) state.push('citation', '', 0).content = state.src.slice(state.pos + 1, end);
    state.pos = end + 1;
    return true;
  });
  // The text rule stops at a few characters only; a placeholder must be one of them.
  parser.inline.ruler.at('text', textUpToPlaceholder(parser));
  parser.core.ruler.after('inline', 'citations', (state) => {
    for (const token of state.tokens) {
      if (token.type === 'inline') token.children = movedOut(token.children ?? [], state.Token);
    }
    state.tokens = afterCode(state.tokens, state.Token);
  });
  parser.renderer.rules['citation'] = (tokens, index) =>
    `<sup><button type="button" class="citation" data-citation="${Number(tokens[index]!.content)}">` +
    `${Number(tokens[index]!.content)}</button></sup>`;
}

function textUpToPlaceholder(
  parser: MarkdownIt,
): (state: StateInline, silent: boolean) => boolean {
  const rules = parser.inline.ruler.getRules('');
  // `text` is always the first rule of the parser.
  const original = rules[0]!;
  return (state, silent) => {
    const next = state.src.indexOf('\uE000', state.pos);
    if (next < 0 || next >= state.posMax) return original(state, silent);
    if (next === state.pos) return false;
    const { posMax } = state;
    state.posMax = next;
    const found = original(state, silent);
    state.posMax = posMax;
    return found;
  };
}

type TokenClass = new (type: string, tag: string, nesting: -1 | 0 | 1) => Token;

/** Markers inside of a link or a code span, put after it. */
function movedOut(tokens: readonly Token[], TokenOf: TokenClass): Token[] {
  const moved: Token[] = [];
  const held: Token[] = [];
  let links = 0;
  for (const token of tokens) {
    if (token.type === 'link_open') links += 1;
    if (token.type === 'citation' && links > 0) {
      held.push(token);
      continue;
    }
    moved.push(token);
    if (token.type === 'link_close') {
      links -= 1;
      if (links === 0) moved.push(...held.splice(0));
    }
    if (token.type === 'code_inline' || token.type === 'math' || token.type === 'image') {
      moved.push(...takenFrom(token, TokenOf));
    }
  }
  return [...moved, ...held];
}

/** Markers inside of a block of code, put into a paragraph after it. */
function afterCode(tokens: readonly Token[], TokenOf: TokenClass): Token[] {
  return tokens.flatMap((token) => {
    if (token.type !== 'fence' && token.type !== 'code_block' && token.type !== 'math_block') {
      return [token];
    }
    const taken = takenFrom(token, TokenOf);
    if (taken.length === 0) return [token];
    const inline = new TokenOf('inline', '', 0);
    inline.level = token.level + 1;
    inline.children = taken;
    const open = new TokenOf('paragraph_open', 'p', 1);
    const close = new TokenOf('paragraph_close', 'p', -1);
    open.level = close.level = token.level;
    return [token, open, inline, close];
  });
}

function takenFrom(token: Token, TokenOf: TokenClass): Token[] {
  const found = [...token.content.matchAll(PLACEHOLDERS)].map((match) => {
    const citation = new TokenOf('citation', '', 0);
    citation.content = match[1]!;
    return citation;
  });
  token.content = token.content.replace(PLACEHOLDERS, '');
  return found;
}
