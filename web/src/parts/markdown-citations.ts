/**
 * Citation markers, put into a text after its blocks are known and before what is in them is: so
 * that a marker never changes what the text means, and never stands inside of another construct.
 */

import type { Env, MarkdownIt, StateCore, StateInline, Token } from 'markdown-it';
import type { Marker } from '../markdown';

/** A marker, and where it stands in the text. */
export interface Placed {
  at: number;
  marker: Marker;
}

const OPEN = '\uE000';
const CLOSE = '\uE001';
const PLACEHOLDERS = /\uE000\d+\uE001/g;
const CODE: ReadonlySet<string> = new Set(['fence', 'code_block', 'math_block']);
// What begins with one of these is kept together; a run of the others is, too.
const WHOLE = '[!<\\&`$:\n';
const RUNS = '*_~';

/** The text without characters that placeholders consist of; as long as before. */
export function withoutPlaceholders(text: string): string {
  return text.replace(/[\uE000\uE001]/g, '\uFFFD');
}

export function citations(parser: MarkdownIt): void {
  parser.inline.State = blindToPlaceholders(parser.inline.State);
  parser.inline.ruler.before('text', 'citation', (state, silent) => {
    if (state.src[state.pos] !== OPEN) return false;
    const end = state.src.indexOf(CLOSE, state.pos);
    if (end < 0) return false;
    if (!silent) {
      const token = state.push('citation', '', 0);
      token.meta = { number: Number(state.src.slice(state.pos + 1, end)) };
    }
    state.pos = end + 1;
    return true;
  });
  // The text rule stops at a few characters only; a placeholder must be one of them.
  parser.inline.ruler.at('text', textUpToPlaceholder(parser));
  const matchAtStart = parser.linkify.matchAtStart.bind(parser.linkify);
  parser.linkify.matchAtStart = (text) => matchAtStart(text.split(OPEN, 1)[0] ?? '');
  parser.core.ruler.after('block', 'citations', (state) => place(parser, state));
  parser.renderer.rules['citation'] = (tokens, index, _options, env) => {
    const { number } = tokens[index]!.meta as { number: number };
    const marker = placedIn(env)[number]?.marker;
    return marker ? button(marker, parser.utils.escapeHtml) : '';
  };
}

function button(marker: Marker, escaped: (text: string) => string): string {
  const icon = marker.icon ? ` data-icon="${escaped(marker.icon)}"` : '';
  return (
    `<sup><button type="button" class="citation" data-citation="${marker.numbers.join(' ')}"` +
    ` aria-label="${escaped(marker.name)}"${icon}>${escaped(marker.label)}</button></sup>`
  );
}

function placedIn(env: object | undefined): readonly Placed[] {
  return (env as { placed?: readonly Placed[] } | undefined)?.placed ?? [];
}

/** Emphasis depends on what stands beside its signs: on the text, not on a marker. */
function blindToPlaceholders(State: typeof StateInline): typeof StateInline {
  return class extends State {
    override scanDelims(start: number, canSplitWord: boolean): ReturnType<StateInline['scanDelims']> {
      const { src, posMax } = this;
      if (!src.includes(OPEN)) return super.scanDelims(start, canSplitWord);
      const before = src.slice(0, start).replace(PLACEHOLDERS, '');
      this.src = before + src.slice(start, posMax).replace(PLACEHOLDERS, '');
      this.posMax = this.src.length;
      const scanned = super.scanDelims(before.length, canSplitWord);
      Object.assign(this, { src, posMax });
      return scanned;
    }
  };
}

function textUpToPlaceholder(
  parser: MarkdownIt,
): (state: StateInline, silent: boolean) => boolean {
  const rules = parser.inline.ruler.getRules('');
  // `text` is always the first rule of the parser.
  const original = rules[0]!;
  return (state, silent) => {
    // Looked for at each stretch of text, which takes its time where there is much of it.
    if (placedIn(state.env).length === 0) return original(state, silent);
    const next = state.src.indexOf(OPEN, state.pos);
    if (next < 0 || next >= state.posMax) return original(state, silent);
    if (next === state.pos) return false;
    const { posMax } = state;
    state.posMax = next;
    const found = original(state, silent);
    state.posMax = posMax;
    return found;
  };
}

/** A stretch of the source: of a line that a token shows at `offset` of its content, or of code. */
interface Stretch {
  from: number;
  index: number;
  isCode: boolean;
  /** Where the text of it begins in the source; before it are signs such as those of a list. */
  start: number;
  length: number;
  offset: number;
}

/** Where each marker belongs: in a token, or after one. */
function place(parser: MarkdownIt, state: StateCore): void {
  const placed = placedIn(state.env);
  if (placed.length === 0) return;
  const stretches = stretchesOf(state);
  const inside = new Map<number, [number, number][]>();
  const after = new Map<number, number[]>();
  for (const [number, { at }] of placed.entries()) {
    const found = stretches.findLast(({ from }) => from <= at) ?? stretches[0];
    if (!found || found.isCode) {
      const index = found?.index ?? state.tokens.length - 1;
      after.set(index, [...(after.get(index) ?? []), number]);
      continue;
    }
    const content = state.tokens[found.index]!.content;
    const within = found.offset + Math.min(Math.max(at - found.start, 0), found.length);
    const offset = outside(parser, content, within, state.env);
    inside.set(found.index, [...(inside.get(found.index) ?? []), [offset, number]]);
  }
  for (const [index, offsets] of inside) {
    const token = state.tokens[index]!;
    token.content = withMarkers(token.content, offsets);
  }
  state.tokens = [-1, ...state.tokens.keys()].flatMap((index) => {
    const numbers = after.get(index);
    const token = index < 0 ? [] : [state.tokens[index]!];
    return numbers ? [...token, ...paragraph(state, token[0]?.level ?? 0, numbers)] : token;
  });
}

function stretchesOf({ src, tokens }: StateCore): Stretch[] {
  const lines = src.split('\n');
  const starts: number[] = [];
  let length = 0;
  for (const line of lines) {
    starts.push(length);
    length += line.length + 1;
  }
  const found: Stretch[] = [];
  let row = 0;
  let cell = 0;
  for (const [index, token] of tokens.entries()) {
    if (token.type === 'tr_open' && token.map) [row, cell] = [token.map[0], 0];
    if (CODE.has(token.type) && token.map) {
      const from = starts[token.map[0]] ?? 0;
      found.push({ from, index, isCode: true, start: from, length: 0, offset: 0 });
    }
    if (token.type !== 'inline') continue;
    if (token.map) {
      let offset = 0;
      for (const [line, text] of token.content.split('\n').entries()) {
        const number = token.map[0] + line;
        const from = starts[number] ?? length;
        // What is shown of a line is the end of it.
        const column = Math.max((lines[number] ?? '').lastIndexOf(text), 0);
        found.push({ from, index, isCode: false, start: from + column, length: text.length, offset });
        offset += text.length + 1;
      }
      continue;
    }
    const column = (lines[row] ?? '').indexOf(token.content.replaceAll('|', '\\|'), cell);
    const start = (starts[row] ?? 0) + Math.max(column, cell);
    const from = cell === 0 ? (starts[row] ?? 0) : start;
    found.push({ from, index, isCode: false, start, length: token.content.length, offset: 0 });
    cell = start - (starts[row] ?? 0) + token.content.length;
  }
  return found;
}

/** The place itself, or the end of the link, code, formula or picture that it is in. */
function outside(parser: MarkdownIt, content: string, offset: number, env: Env): number {
  const box = /^\[[ xX]\]\s/.exec(content)?.[0].length ?? 0;
  if (offset < box) return box;
  const state = new parser.inline.State(content, parser, env, []);
  while (state.pos < offset) {
    const from = state.pos;
    parser.inline.skipToken(state);
    if (state.pos > offset) return WHOLE.includes(content[from]!) ? state.pos : offset;
  }
  let end = offset;
  while (end > 0 && RUNS.includes(content[end - 1]!) && content[end] === content[end - 1]) end += 1;
  return end;
}

function withMarkers(content: string, offsets: readonly [number, number][]): string {
  let result = '';
  let from = 0;
  for (const [offset, number] of offsets.toSorted(([one], [other]) => one - other)) {
    result += content.slice(from, offset) + OPEN + number + CLOSE;
    from = offset;
  }
  return result + content.slice(from);
}

function paragraph(state: StateCore, level: number, numbers: readonly number[]): Token[] {
  const open = new state.Token('paragraph_open', 'p', 1);
  const inline = new state.Token('inline', '', 0);
  const close = new state.Token('paragraph_close', 'p', -1);
  open.level = close.level = level;
  inline.level = level + 1;
  inline.content = numbers.map((number) => OPEN + number + CLOSE).join('');
  inline.children = [];
  return [open, inline, close];
}
