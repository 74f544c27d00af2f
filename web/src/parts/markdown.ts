/**
 * Markdown to HTML that is safe to insert. A part of its own: the parser is larger than the rest.
 *
 * Nothing in a text is trusted: raw HTML is shown as text, links go to a few known schemes, images
 * are shown only from where they may come, and the result is sanitised once more.
 */

import DOMPurify, { type Config } from 'dompurify';
import MarkdownIt, { type RendererRule } from 'markdown-it';
import type { ImagePolicy, RenderedBlock } from '../markdown';
import { citations } from './markdown-citations';
import { math } from './markdown-math';
import { tasks } from './markdown-tasks';

const LINKS = /^(https?:|mailto:|tel:|chatkit-link:)/i;
const IMAGES = /^(https?:|data:image\/(png|jpeg|gif|webp);|blob:)/i;

// Every other attribute than these is plain text: DOMPurify would test it as an address too.
const ADDRESSES: ReadonlySet<string> = new Set(['href', 'src']);
const ATTRIBUTES = [
  'align', 'alt', 'aria-hidden', 'aria-label', 'checked', 'class', 'colspan', 'data-align',
  'data-citation', 'data-deeplink', 'data-display', 'data-language', 'data-math', 'dir',
  'disabled', 'href', 'loading', 'referrerpolicy', 'rel', 'rowspan', 'src', 'start', 'tabindex',
  'target', 'title', 'type',
];

const SAFE: Config = {
  ALLOWED_TAGS: [
    'a', 'b', 'blockquote', 'br', 'button', 'code', 'del', 'div', 'em', 'h1', 'h2', 'h3', 'h4', 'h5',
    'h6', 'hr', 'img', 'input', 'li', 'ol', 'p', 'pre', 's', 'span', 'strong', 'sup', 'table',
    'tbody', 'td', 'th', 'thead', 'tr', 'ul',
  ],
  ALLOWED_ATTR: ATTRIBUTES,
  ADD_URI_SAFE_ATTR: ATTRIBUTES.filter((name) => !ADDRESSES.has(name)),
  ALLOW_DATA_ATTR: false,
  ALLOWED_URI_REGEXP: /^(?:#$|https?:|mailto:|tel:|chatkit-link:|data:image\/(?:png|jpeg|gif|webp);|blob:)/i,
};

const parser = new MarkdownIt({ html: false, linkify: true, breaks: true, typographer: false });
parser.linkify.set({ fuzzyLink: false, fuzzyEmail: false });
parser.validateLink = (url) => LINKS.test(url) || IMAGES.test(url);
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

/** HTML that was made safe before is not made safe again: most blocks of a stream stay as they are. */
function safe(html: string): string {
  const known = sanitised.get(html);
  if (known !== undefined) return known;
  const clean = DOMPurify.sanitize(html, SAFE);
  if (sanitised.size >= MOST_REMEMBERED) sanitised.delete(sanitised.keys().next().value!);
  sanitised.set(html, clean);
  return clean;
}

/**
 * The blocks of a text, each as HTML. A block whose text has not changed has the same HTML again,
 * so that what shows it can leave it alone.
 *
 * @param markers - Where citations stand: `[code points from the start, number]`, in order.
 */
export function blocks(
  text: string,
  images: ImagePolicy,
  markers: readonly (readonly [number, number])[] = [],
): RenderedBlock[] {
  const env = { images };
  const tokens = parser.parse(marked(text, markers), env);
  const found: RenderedBlock[] = [];
  let first = 0;
  for (let index = 0; index < tokens.length; index += 1) {
    const token = tokens[index]!;
    if (token.level !== 0 || token.nesting === 1) continue;
    const html = parser.renderer.render(tokens.slice(first, index + 1), parser.options, env);
    found.push({ html: safe(html) });
    first = index + 1;
  }
  return found;
}

/** A text without blocks, such as that of a notice. */
export function inline(text: string, images: ImagePolicy): string {
  return safe(parser.renderInline(text, { images }));
}

/** The text with a placeholder at each marker, from characters that no text has. */
function marked(text: string, markers: readonly (readonly [number, number])[]): string {
  const clean = text.replace(/[\uE000\uE001]/g, '');
  if (markers.length === 0) return clean;
  const points = [...text];
  let result = '';
  let from = 0;
  for (const [place, number] of markers) {
    const end = Math.min(Math.max(place, from), points.length);
    result += points.slice(from, end).join('').replace(/[\uE000\uE001]/g, '');
    result += `\uE000${number}\uE001`;
    from = end;
  }
  return result + points.slice(from).join('').replace(/[\uE000\uE001]/g, '');
}
