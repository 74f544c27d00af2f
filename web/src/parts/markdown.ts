/**
 * Markdown to HTML that is safe to insert. A part of its own: the parser is larger than the rest.
 *
 * Nothing in a text is trusted: raw HTML is shown as text, links go to a few known schemes, images
 * are shown only from where they may come, and the result is sanitised once more.
 */

import DOMPurify, { type Config } from 'dompurify';
import MarkdownIt, { type Env, type RendererRule, type Token } from 'markdown-it';
import type { ImagePolicy, Marker, RenderedBlock } from '../markdown';
import { citations, withoutPlaceholders, type Placed } from './markdown-citations';
import { math } from './markdown-math';
import { tasks } from './markdown-tasks';

const LINKS = /^(https?:|mailto:|tel:|chatkit-link:)/i;
const IMAGES = /^(https?:|data:image\/(png|jpeg|gif|webp);|blob:)/i;

// Every other attribute than these is plain text: DOMPurify would test it as an address too.
const ADDRESSES: ReadonlySet<string> = new Set(['href', 'src']);
const ATTRIBUTES = [
  'align', 'alt', 'aria-hidden', 'aria-label', 'checked', 'class', 'colspan', 'data-align',
  'data-citation', 'data-deeplink', 'data-display', 'data-icon', 'data-language', 'data-math', 'dir',
  'disabled', 'href', 'loading', 'referrerpolicy', 'rel', 'rowspan', 'src', 'start', 'tabindex',
  'target', 'title', 'type',
];

const SAFE: Config = {
  ALLOWED_TAGS: [
    'a', 'b', 'blockquote', 'br', 'button', 'code', 'del', 'div', 'em', 'h1', 'h2', 'h3', 'h4', 'h5',
    'h6', 'hr', 'img', 'input', 'label', 'li', 'ol', 'p', 'pre', 's', 'span', 'strong', 'sup', 'table',
    'tbody', 'td', 'th', 'thead', 'tr', 'ul',
  ],
  ALLOWED_ATTR: ATTRIBUTES,
  ADD_URI_SAFE_ATTR: ATTRIBUTES.filter((name) => !ADDRESSES.has(name)),
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:#$|https?:|mailto:|tel:|chatkit-link:|data:image\/(?:png|jpeg|gif|webp);|blob:)/i,
};

const parser = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
parser.linkify.add('ftp:', null).add('//', null);
// All are links and images to the parser, so that it shows no source; what may not be followed or
// loaded is made inert below.
parser.validateLink = () => true;
parser.use(math).use(tasks).use(citations);

const render: RendererRule = (tokens, index, options, _env, self) =>
  self.renderToken(tokens, index, options);

parser.renderer.rules['link_open'] = (tokens, index, options, env, self) => {
  const token = tokens[index]!;
  const href = String(token.attrGet('href') ?? '');
  if (!LINKS.test(href)) {
    token.attrs = [];
  } else if (/^chatkit-link:/i.test(href)) {
    token.attrSet('data-deeplink', href);
    token.attrSet('href', '#');
  } else {
    token.attrSet('target', '_blank');
    token.attrSet('rel', 'noopener noreferrer');
  }
  return render(tokens, index, options, env, self);
};

parser.renderer.rules['image'] = (tokens, index, _options, env) => {
  const token = tokens[index]!;
  const source = String(token.attrGet('src') ?? '');
  const alternative = escaped(token.content);
  const { images } = env as unknown as { images: ImagePolicy };
  if (!IMAGES.test(source) || !images(source)) {
    return `<span class="blocked-image">${alternative}</span>`;
  }
  return `<img src="${escaped(source)}" alt="${alternative}" loading="lazy" referrerpolicy="no-referrer">`;
};

parser.renderer.rules['fence'] = (tokens, index) => {
  const token = tokens[index]!;
  const language = /^[\w+#.-]+/.exec(token.info.trim())?.[0] ?? '';
  return codeBlock(token.content, language);
};
parser.renderer.rules['code_block'] = (tokens, index) => codeBlock(tokens[index]!.content, '');

parser.renderer.rules['table_open'] = () => '<div class="table" tabindex="0"><table>';
parser.renderer.rules['table_close'] = () => '</table></div>';

for (const name of ['paragraph_open', 'heading_open', 'list_item_open', 'blockquote_open']) {
  parser.renderer.rules[name] = (tokens, index, options, env, self) => {
    tokens[index]!.attrSet('dir', 'auto');
    return render(tokens, index, options, env, self);
  };
}

// The parser writes alignment as a style attribute, which a content security policy forbids.
for (const name of ['th_open', 'td_open']) {
  parser.renderer.rules[name] = (tokens, index, options, env, self) => {
    const token = tokens[index]!;
    const style = /text-align:(\w+)/.exec(String(token.attrGet('style') ?? ''));
    token.attrs = style ? [['data-align', style[1]!]] : [];
    return render(tokens, index, options, env, self);
  };
}

function codeBlock(code: string, language: string): string {
  const classes = language ? ` class="language-${escaped(language)}"` : '';
  return (
    `<div class="code" data-language="${escaped(language)}" dir="ltr">` +
    `<pre tabindex="0"><code${classes}>${escaped(code)}</code></pre></div>`
  );
}

function escaped(text: string): string {
  return parser.utils.escapeHtml(text);
}

const sanitised = new Map<string, string>();
const MOST_REMEMBERED = 500;
// A long block that grows would be remembered as it was in every frame.
const LONGEST_REMEMBERED = 10_000;

/** HTML that was made safe before is not made safe again: a thread can be shown many times. */
function safe(html: string): string {
  const known = sanitised.get(html);
  if (known !== undefined) return known;
  const clean = DOMPurify.sanitize(html, SAFE);
  if (html.length > LONGEST_REMEMBERED) return clean;
  if (sanitised.size >= MOST_REMEMBERED) sanitised.delete(sanitised.keys().next().value!);
  sanitised.set(html, clean);
  return clean;
}

interface Block extends RenderedBlock {
  /** Where it begins in the text. */
  from: number;
  /** Whether nothing that follows can change what comes before it. */
  isApart: boolean;
}

/**
 * A text that grows. Blocks that are finished are neither parsed nor made safe again, and are the
 * same objects, so that what shows them can leave them alone.
 */
export class GrowingText {
  #text = '';
  #placed: readonly Placed[] = [];
  #blocks: readonly Block[] = [];
  /** Whether there are definitions of links, which can change any block. */
  #hasReferences = false;

  constructor(private readonly images: ImagePolicy) {}

  /** The blocks of the text, which is what it was, mostly with more at its end. */
  blocks(given: string, markers: readonly Marker[] = []): readonly RenderedBlock[] {
    const text = withoutPlaceholders(given.replace(/\r\n?/g, '\n'));
    const placed = inUnits(given, markers);
    const kept = this.#kept(text, placed);
    const parsed = this.#parsed(text, placed, kept);
    // A definition that came can be for a link in what was kept.
    const isWhole = kept.length === 0 || !parsed.hasReferences;
    this.#blocks = isWhole ? [...kept, ...parsed.blocks] : this.#parsed(text, placed, []).blocks;
    this.#hasReferences = parsed.hasReferences;
    this.#text = text;
    this.#placed = placed;
    return this.#blocks;
  }

  /** Those of the last time that are still as they were. */
  #kept(text: string, placed: readonly Placed[]): readonly Block[] {
    const end = this.#blocks.findLastIndex((block) => block.isApart);
    if (end < 1 || this.#hasReferences || !text.startsWith(this.#text)) return [];
    const { from } = this.#blocks[end]!;
    const until = (all: readonly Placed[]): string =>
      JSON.stringify(all.filter(({ at }) => at < from));
    return until(placed) === until(this.#placed) ? this.#blocks.slice(0, end) : [];
  }

  #parsed(
    text: string,
    placed: readonly Placed[],
    kept: readonly Block[],
  ): { blocks: Block[]; hasReferences: boolean } {
    const from = kept.length > 0 ? this.#blocks[kept.length]!.from : 0;
    const rest = text.slice(from);
    const env = {
      images: this.images,
      references: {},
      placed: placed
        .filter(({ at }) => at >= from)
        .map(({ at, marker }) => ({ at: at - from, marker })),
    };
    const tokens = parser.parse(rest, env);
    return {
      blocks: blocksOf(tokens, rest, from, env),
      hasReferences: Object.keys(env.references).length > 0,
    };
  }
}

function blocksOf(tokens: readonly Token[], text: string, from: number, env: Env): Block[] {
  const lines = text.split('\n');
  const starts = [0];
  for (const line of lines) starts.push(starts.at(-1)! + line.length + 1);
  const found: Block[] = [];
  let first = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    if (token.level !== 0 || token.nesting === 1) continue;
    const html = safe(parser.renderer.render(tokens.slice(first, index + 1), parser.options, env));
    const line = tokens[first]!.map?.[0] ?? -1;
    found.push({
      html,
      from: from + (starts[line] ?? 0),
      // Its first line is whole, so that it cannot turn out to be one more point of the list before.
      isApart: line > 0 && line < lines.length - 1 && lines[line - 1]!.trim() === '',
    });
    first = index + 1;
  }
  return found;
}

/** The blocks of a text, each as HTML. */
export function blocks(
  text: string,
  images: ImagePolicy,
  markers: readonly Marker[] = [],
): readonly RenderedBlock[] {
  return new GrowingText(images).blocks(text, markers);
}

/** A text without blocks, such as that of a notice. */
export function inline(text: string, images: ImagePolicy): string {
  return safe(parser.renderInline(withoutPlaceholders(text), { images }));
}

/** Where markers stand, in the units of strings instead of code points. */
function inUnits(text: string, markers: readonly Marker[]): Placed[] {
  const hasReturns = text.includes('\r');
  let unit = 0;
  let point = 0;
  return markers.map((marker) => {
    while (point < marker.place && unit < text.length) {
      unit += text.codePointAt(unit)! > 0xffff ? 2 : 1;
      point += 1;
    }
    const at = hasReturns ? text.slice(0, unit).replace(/\r\n?/g, '\n').length : unit;
    return { at, marker };
  });
}
