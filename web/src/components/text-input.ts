/** The field of the composer: plain text in which things of the page can be named, as tags. */

import type { Entity } from '@openai/chatkit';
import { html, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { UserContent } from '../protocol';
import { define, Part } from '../ui';

/** What is being written that asks for suggestions. */
export interface Query {
  kind: 'mention' | 'command';
  text: string;
}

export class TextInput extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    placeholder: { type: String },
    disabled: { type: Boolean },
    // For `aria-activedescendant` and `aria-expanded`.
    suggestion: { type: String },
  };

  declare placeholder: string;
  declare disabled: boolean;
  /** Id of the suggestion that Enter takes; empty for none. */
  declare suggestion: string;

  constructor() {
    super();
    this.placeholder = '';
    this.disabled = false;
    this.suggestion = '';
  }

  protected override render(): TemplateResult {
    return html`<div
      class="text-input"
      role="textbox"
      aria-multiline="true"
      aria-label=${this.ui.strings.message}
      aria-placeholder=${this.placeholder}
      aria-disabled=${this.disabled ? 'true' : 'false'}
      aria-autocomplete="list"
      aria-activedescendant=${this.suggestion}
      data-placeholder=${this.placeholder}
      dir="auto"
      contenteditable=${this.disabled ? 'false' : 'true'}
      spellcheck="true"
      @input=${this.#onInput}
      @paste=${this.#onPaste}
      @keydown=${this.#onKey}
      @keyup=${this.#onCaret}
      @click=${this.#onCaret}
      @beforeinput=${this.#onBeforeInput}
    ></div>`;
  }

  get #field(): HTMLElement | null {
    return this.querySelector('.text-input');
  }

  // What is written

  /** The parts in the order in which they are written; no empty ones. */
  get content(): UserContent[] {
    const parts: UserContent[] = [];
    let text = '';
    const flush = (): void => {
      if (text) parts.push({ type: 'input_text', text });
      text = '';
    };
    for (const piece of pieces(this.#field)) {
      if (typeof piece === 'string') {
        text += piece;
      } else {
        flush();
        parts.push(piece);
      }
    }
    flush();
    return trimmed(parts);
  }

  get isEmpty(): boolean {
    return this.content.length === 0;
  }

  set content(content: readonly UserContent[]) {
    const field = this.#field;
    if (!field) return;
    field.replaceChildren(
      ...content.map((part) =>
        part.type === 'input_text' ? document.createTextNode(part.text) : pill(part),
      ),
    );
    this.#told();
  }

  clear(): void {
    this.#field?.replaceChildren();
    this.#told();
  }

  /** Put the caret behind all that is written. */
  focusEnd(): void {
    const field = this.#field;
    if (!field) return;
    field.focus();
    const range = document.createRange();
    range.selectNodeContents(field);
    range.collapse(false);
    select(range, this);
  }

  /** Put text where the caret is, or at the end. */
  insertText(text: string): void {
    const range = this.#caret() ?? this.#end();
    range.deleteContents();
    const node = document.createTextNode(text);
    range.insertNode(node);
    range.setStartAfter(node);
    range.collapse(true);
    this.#field?.focus();
    select(range, this);
    this.#told();
  }

  /** Put a tag in the place of what was written to find it. */
  insertTag(entity: Entity): void {
    this.removeQuery();
    const range = this.#caret() ?? this.#end();
    const tag = pill({
      type: 'input_tag',
      id: entity.id,
      text: entity.title,
      data: entity.data ?? {},
      ...(entity.group ? { group: entity.group } : {}),
      interactive: entity.interactive ?? false,
    });
    const space = document.createTextNode(' ');
    range.insertNode(space);
    range.insertNode(tag);
    range.setStartAfter(space);
    range.collapse(true);
    this.#field?.focus();
    select(range, this);
    this.#told();
  }

  /** Take out the `@name` or `/name` before the caret. */
  removeQuery(): void {
    const found = this.#query();
    const range = this.#caret();
    if (!found || !range) return;
    const length = found.text.length + 1;
    range.setStart(range.startContainer, Math.max(0, range.startOffset - length));
    range.deleteContents();
  }

  // Where the caret is

  #selection(): Selection | null {
    const root = this.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
    // Chromium keeps the selection of a shadow root there; others keep it in the document.
    return root.getSelection?.() ?? document.getSelection();
  }

  #caret(): Range | null {
    const selection = this.#selection();
    const range = selection?.rangeCount ? selection.getRangeAt(0).cloneRange() : null;
    return range && this.#field?.contains(range.startContainer) ? range : null;
  }

  #end(): Range {
    const range = document.createRange();
    const field = this.#field;
    if (field) range.selectNodeContents(field);
    range.collapse(false);
    return range;
  }

  #query(): Query | null {
    const range = this.#caret();
    if (!range?.collapsed || range.startContainer.nodeType !== Node.TEXT_NODE) return null;
    const before = (range.startContainer.textContent ?? '').slice(0, range.startOffset);
    const mention = /(?:^|\s)@([^\s@]{0,60})$/.exec(before);
    if (mention) return { kind: 'mention', text: mention[1] ?? '' };
    const isFirst = this.#field?.firstChild === range.startContainer;
    const command = isFirst ? /(?:^|\n)\/([^\s/]{0,60})$/.exec(before) : null;
    return command ? { kind: 'command', text: command[1] ?? '' } : null;
  }

  // What people do

  readonly #onInput = (): void => {
    const field = this.#field;
    // Browsers leave a line break in a field that has been emptied; the placeholder would stay away.
    if (field && field.textContent === '' && !field.querySelector('[data-tag]')) {
      field.replaceChildren();
    }
    this.#told();
  };

  readonly #onCaret = (): void => this.#tell('ck-query', this.#query());

  #told(): void {
    this.#field?.toggleAttribute('data-filled', !this.isEmpty || (this.#field.textContent ?? '') !== '');
    this.#tell('ck-change', null);
    this.#tell('ck-query', this.#query());
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  readonly #onBeforeInput = (event: InputEvent): void => {
    // Bold and the like have no place in plain text.
    if (event.inputType.startsWith('format')) event.preventDefault();
  };

  readonly #onPaste = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    if (files.length > 0) {
      event.preventDefault();
      this.#tell('ck-files', files);
      return;
    }
    const text = event.clipboardData?.getData('text/plain');
    if (text === undefined) return;
    event.preventDefault();
    this.insertText(text.replace(/\r\n?/g, '\n'));
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // A key that ends a composition of an input method is not ours.
    if (event.isComposing || event.keyCode === 229) return;
    const key = new CustomEvent('ck-key', { detail: event, cancelable: true });
    if (!this.dispatchEvent(key)) {
      event.preventDefault();
      return;
    }
    if (event.key !== 'Enter') return;
    event.preventDefault();
    const breaksLine = event.shiftKey || matchMedia('(pointer: coarse)').matches;
    if (breaksLine) this.#breakLine();
    else this.#tell('ck-submit', null);
  };

  #breakLine(): void {
    // A single line break at the end has no height; browsers put a second one there themselves.
    document.execCommand('insertLineBreak');
  }
}

define('ck-text-input', TextInput);

function select(range: Range, input: TextInput): void {
  const root = input.getRootNode() as ShadowRoot & { getSelection?: () => Selection | null };
  const selection = root.getSelection?.() ?? document.getSelection();
  selection?.removeAllRanges();
  selection?.addRange(range);
}

/** What a field holds, in order: runs of text, and tags. */
function* pieces(node: Node | null): Generator<string | UserContent> {
  for (const child of node?.childNodes ?? []) {
    if (child instanceof HTMLElement && child.dataset['tag']) {
      yield JSON.parse(child.dataset['tag']) as UserContent;
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

function pill(part: Extract<UserContent, { type: 'input_tag' }>): HTMLElement {
  const element = document.createElement('span');
  element.className = 'tag';
  element.contentEditable = 'false';
  element.dataset['tag'] = JSON.stringify(part);
  element.textContent = `@${part.text}`;
  return element;
}

/** Without white space before the first and after the last word. */
function trimmed(parts: UserContent[]): UserContent[] {
  const first = parts[0];
  if (first?.type === 'input_text') parts[0] = { ...first, text: first.text.trimStart() };
  const last = parts.at(-1);
  if (last?.type === 'input_text') parts[parts.length - 1] = { ...last, text: last.text.trimEnd() };
  return parts.filter((part) => part.type !== 'input_text' || part.text !== '');
}
