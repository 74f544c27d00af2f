/** Markdown as people see it: text of the model, of tools, and of the page. */

import { html, nothing, render, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { unsafeHTML } from 'lit/directives/unsafe-html.js';
import { until } from 'lit/directives/until.js';
import { icon } from './icons';
import { parsedUrl } from './links';
import { endpointOfScript, part } from './parts';
import type { Strings } from './strings';
import { define, Part, type Ui } from './ui';

/** Whether an image may be shown; a request for it would tell its server about the chat. */
export type ImagePolicy = (url: string) => boolean;

export interface RenderedBlock {
  html: string;
}

/** A citation in a text. */
export interface Marker {
  /** Code points from the start. */
  place: number;
  /** Of the sources that it stands for. */
  numbers: readonly number[];
  /** What is read where it stands; empty where it is an icon. */
  label: string;
  icon?: string;
  /** What it is called. */
  name: string;
}

type MarkdownPart = typeof import('./parts/markdown');
type GrowingText = InstanceType<MarkdownPart['GrowingText']>;
type HighlightPart = typeof import('./parts/highlight');
type MathPart = typeof import('./parts/math');

/** What the thread, or else the page, lets images come from. The server's own are always shown. */
export function imagePolicy(ui: Ui): ImagePolicy {
  const { options } = ui;
  const allowed = allowedDomains(ui);
  return (url) => {
    if (/^(data|blob):/i.test(url)) return true;
    const address = parsedUrl(url);
    if (!address || !/^https?:$/.test(address.protocol)) return false;
    const server = parsedUrl(options.api.url ?? endpointOfScript());
    if (address.origin === server?.origin) return true;
    return allowed.some((domain) => isUnder(address.hostname, domain.trim().toLowerCase()));
  };
}

function allowedDomains({ chat, options }: Ui): readonly string[] {
  return chat.conversation.thread?.allowed_image_domains ?? options.allowedImageDomains ?? [];
}

function isUnder(hostname: string, domain: string): boolean {
  if (domain === '*') return true;
  const name = domain.replace(/^\*?\./, '');
  return name !== '' && (hostname === name || hostname.endsWith(`.${name}`));
}

// A block is drawn anew as long as it grows, and a list of many kilobytes takes longer than a frame:
// for each millisecond of that the page gets some for itself.
const LONG_TEXT = 10_000;
const FREE_MS = 8;
const REST = 3;
const LONGEST_REST_MS = 1_000;
// Finding colours takes a while, and the page stands still meanwhile.
const MOST_COLOURED = 50_000;

let loaded: MarkdownPart | null = null;

/** The parser, from when the script has started; texts are shown plainly until it is there. */
export async function loadMarkdown(): Promise<MarkdownPart> {
  loaded = await part<MarkdownPart>('markdown');
  return loaded;
}

/** A short text with emphasis and links, without paragraphs. */
export function inlineMarkdown(ui: Ui, text: string): TemplateResult {
  const rendered = loadMarkdown().then(
    (markdown) => html`${unsafeHTML(markdown.inline(text, imagePolicy(ui)))}`,
    () => text,
  );
  return html`<span class="markdown-inline" dir="auto" @click=${(event: Event) => followDeeplink(ui, event)}
    >${loaded ? unsafeHTML(loaded.inline(text, imagePolicy(ui))) : until(rendered, text)}</span
  >`;
}

function differ(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) !== JSON.stringify(other);
}

/** A text in Markdown, wherever it is shown. */
export function markdownText(
  ui: Ui,
  text: string,
  more: { streaming?: boolean; markers?: readonly Marker[]; notes?: string; component?: string } = {},
): TemplateResult {
  return html`<ck-markdown
    data-notes=${more.notes ?? nothing}
    data-widget-type=${more.component === undefined ? nothing : 'Markdown'}
    data-component-id=${more.component || nothing}
    .ui=${ui}
    .text=${text}
    .markers=${more.markers ?? NONE}
    .streaming=${more.streaming ?? false}
    .domains=${allowedDomains(ui).join(' ')}
    .strings=${ui.strings}
  ></ck-markdown>`;
}

const NONE: readonly Marker[] = [];

/** A text in Markdown. Blocks that are finished keep their elements while others are written. */
export class MarkdownView extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    text: { attribute: false },
    markers: { attribute: false, hasChanged: differ },
    streaming: { type: Boolean },
    domains: { attribute: false },
    strings: { attribute: false },
  };

  declare text: string;
  /** Citations, in order of where they stand. */
  declare markers: readonly Marker[];
  /** Whether more of it comes. */
  declare streaming: boolean;
  /** Where its images may come from, as one text. */
  declare domains: string;
  /** Those of `ui`, which is the same object in every language. */
  declare strings: Strings | undefined;

  #growing: GrowingText | null = null;
  /** How long the last update took, and when it was over. */
  #cost = 0;
  #drawnAt = 0;
  #endRest: (() => void) | null = null;

  constructor() {
    super();
    this.text = '';
    this.markers = [];
    this.streaming = false;
    this.domains = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.addEventListener('click', this.#onClick);
    if (loaded) return;
    loadMarkdown().then(
      () => this.requestUpdate(),
      (error: unknown) => this.ui.failed(error),
    );
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('click', this.#onClick);
  }

  protected override async scheduleUpdate(): Promise<void> {
    const isSlow = this.text.length > LONG_TEXT && this.#cost > FREE_MS;
    const rest = isSlow ? Math.min(this.#cost * REST, LONGEST_REST_MS) : 0;
    const left = this.#drawnAt + rest - performance.now();
    if (this.streaming && left > 0) {
      await new Promise<void>((resolve) => {
        this.#endRest = resolve;
        setTimeout(resolve, left);
      });
    }
    super.scheduleUpdate();
  }

  override requestUpdate(...change: Parameters<Part['requestUpdate']>): void {
    super.requestUpdate(...change);
    // Nothing more comes, so that this is the last time.
    if (change[0] === 'streaming' && !this.streaming) this.#endRest?.();
  }

  protected override performUpdate(): void {
    const start = performance.now();
    super.performUpdate();
    this.#drawnAt = performance.now();
    this.#cost = this.#drawnAt - start;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('domains') || changed.has('ui')) this.#growing = null;
  }

  protected override render(): TemplateResult {
    if (!loaded) return html`<div class="markdown plain" dir="auto">${this.text}</div>`;
    this.#growing ??= new loaded.GrowingText(imagePolicy(this.ui));
    const blocks = this.#growing.blocks(this.text, this.markers);
    const last = blocks.length - 1;
    return html`<div class="markdown" ?data-streaming=${this.streaming}>
      ${blocks.map(
        (block, index) =>
          html`<div class="block" ?data-open=${this.streaming && index === last}>
            ${unsafeHTML(block.html)}
          </div>`,
      )}
    </div>`;
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (this.streaming || changed.get('streaming')) {
      this.dispatchEvent(new CustomEvent('ck-grown', { bubbles: true }));
    }
    for (const code of this.querySelectorAll<HTMLElement>('.block:not([data-open]) .code')) {
      this.#finishCode(code);
    }
    for (const button of this.querySelectorAll('.copy-code:not([data-copied])')) {
      button.textContent = this.ui.strings.copyCode;
    }
    for (const formula of this.querySelectorAll<HTMLElement>('.math[data-math]')) {
      void this.#typeset(formula);
    }
    for (const marker of this.querySelectorAll<HTMLElement>('.citation[data-icon]:empty')) {
      render(icon(marker.dataset['icon']), marker);
    }
  }

  /** Gives a block of code its colours and its button, once it is whole. */
  #finishCode(block: HTMLElement): void {
    if (block.dataset['done']) return;
    block.dataset['done'] = 'true';
    const bar = document.createElement('div');
    bar.className = 'code-bar';
    const name = document.createElement('span');
    name.textContent = block.dataset['language'] ?? '';
    const button = document.createElement('button');
    button.type = 'button';
    button.className = 'copy-code';
    bar.append(name, button);
    block.prepend(bar);
    void this.#highlight(block);
  }

  async #highlight(block: HTMLElement): Promise<void> {
    const code = block.querySelector('code');
    const language = block.dataset['language'];
    if (!code || !language || (code.textContent ?? '').length > MOST_COLOURED) return;
    try {
      const { highlighted } = await part<HighlightPart>('highlight');
      const coloured = highlighted(code.textContent ?? '', language);
      if (coloured !== null) code.innerHTML = coloured;
    } catch (error) {
      this.ui.log('part.failed', { part: 'highlight' });
      this.ui.failed(error);
    }
  }

  async #typeset(formula: HTMLElement): Promise<void> {
    const tex = formula.dataset['math'] ?? '';
    delete formula.dataset['math'];
    try {
      const { typeset } = await part<MathPart>('math');
      formula.innerHTML = typeset(tex, formula.dataset['display'] === 'true');
    } catch (error) {
      this.ui.log('part.failed', { part: 'math' });
      this.ui.failed(error);
    }
  }

  readonly #onClick = (event: Event): void => {
    followDeeplink(this.ui, event);
    const button = (event.target as Element).closest<HTMLElement>('.copy-code');
    const code = button?.closest('.code')?.querySelector('code')?.textContent;
    if (button && code !== null && code !== undefined) void this.#copy(button, code);
  };

  async #copy(button: HTMLElement, code: string): Promise<void> {
    try {
      await navigator.clipboard.writeText(code);
      button.textContent = this.ui.strings.copied;
      button.toggleAttribute('data-copied', true);
      setTimeout(() => {
        button.removeAttribute('data-copied');
        this.requestUpdate();
      }, 2_000);
    } catch {
      this.ui.toast(this.ui.strings.copyFailed);
    }
  }
}

define('ck-markdown', MarkdownView);

/** A link to something in the page itself: told to it, and not followed. */
function followDeeplink(ui: Ui, event: Event): void {
  const link = (event.target as Element).closest<HTMLElement>('[data-deeplink]');
  if (!link) return;
  event.preventDefault();
  ui.tell('deeplink', parsedDeeplink(link.dataset['deeplink'] ?? ''));
}

/** `chatkit-link://NAME?KEY=VALUE`, taken apart. Names keep their case, which URL would not. */
export function parsedDeeplink(link: string): { name: string; data: Record<string, string> } {
  const rest = link.replace(/^chatkit-link:\/*/i, '');
  const [path = '', ...more] = rest.split('?');
  const query = more.join('?');
  const name = decoded(path.split('/', 1)[0] ?? '');
  return { name, data: Object.fromEntries(new URLSearchParams(query)) };
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

