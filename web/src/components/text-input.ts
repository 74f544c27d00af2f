/** The field of the composer: plain text in which things of the page can be named, as tags. */

import type { Entity } from '@openai/chatkit';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { trimmed } from '../content';
import { isComposing } from '../composing';
import type { UserContent } from '../protocol';
import { placeCaret, selectedRange } from '../selection';
import { define, Part } from '../ui';
import { endAt, extendBack, nodesOf, partsIn, TAG, tagElement, textBefore } from './text-pieces';

/** What is being written that asks for suggestions. */
export interface Query {
  kind: 'mention' | 'command';
  text: string;
  /** How much is written before it. */
  at: number;
}

export class TextInput extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    placeholder: { type: String },
    disabled: { type: Boolean },
    // For `aria-activedescendant`.
    suggestion: { type: String },
    describedBy: { type: String },
  };

  declare placeholder: string;
  declare disabled: boolean;
  /** Id of the suggestion that Enter takes; empty for none. */
  declare suggestion: string;
  /** Id of what is told beside the label; empty for nothing. */
  declare describedBy: string;

  constructor() {
    super();
    this.placeholder = '';
    this.disabled = false;
    this.suggestion = '';
    this.describedBy = '';
  }

  protected override render(): TemplateResult {
    return html`<div
      class="text-input"
      part="text-input"
      role="textbox"
      aria-multiline="true"
      aria-label=${this.ui.strings.message}
      aria-placeholder=${this.placeholder}
      aria-disabled=${this.disabled ? 'true' : 'false'}
      aria-autocomplete="list"
      aria-activedescendant=${this.suggestion}
      aria-describedby=${this.describedBy || nothing}
      data-placeholder=${this.placeholder}
      dir="auto"
      contenteditable=${this.disabled ? 'false' : 'plaintext-only'}
      spellcheck="true"
      @input=${this.#onInput}
      @paste=${this.#onPaste}
      @keydown=${this.#onKey}
      @keyup=${this.#onCaret}
      @click=${this.#onCaret}
      @blur=${this.#onBlur}
    ></div>`;
  }

  get #field(): HTMLElement | null {
    return this.querySelector('.text-input');
  }

  // What is written

  /** The parts in the order in which they are written; no empty ones. */
  get content(): UserContent[] {
    return trimmed(partsIn(this.#field));
  }

  get isEmpty(): boolean {
    return this.content.length === 0;
  }

  set content(content: readonly UserContent[]) {
    const field = this.#field;
    field?.replaceChildren(...nodesOf(content));
    field?.scrollTo(0, field.scrollHeight);
    this.#told();
  }

  clear(): void {
    this.content = [];
  }

  /** Put the caret behind all that is written. */
  focusEnd(): void {
    const field = this.#field;
    field?.focus();
    placeCaret(this.#end());
    field?.scrollTo(0, field.scrollHeight);
  }

  /** Put text where the caret is, or at the end. */
  insertText(text: string): void {
    this.#insert(document.createTextNode(text));
  }

  /** Put words where the caret is, apart from the word before it. */
  insertWords(words: string): void {
    const before = this.#before();
    this.insertText(/\S$/.test(before) && /^\S/.test(words) ? ` ${words}` : words);
  }

  /** Put a tag in the place of what was written to find it. */
  insertTag(entity: Entity): void {
    this.#deleteQuery();
    const tag = tagElement({
      type: 'input_tag',
      id: entity.id,
      text: entity.title,
      data: entity.data ?? {},
      ...(entity.group ? { group: entity.group } : {}),
      interactive: entity.interactive ?? false,
    });
    this.#insert(tag, document.createTextNode(' '));
  }

  /** Begin to name something of the page, where the caret is. */
  startMention(): void {
    if (!this.#caret()) this.focusEnd();
    this.insertWords('@');
  }

  /** Begin a command where the caret is; whether that is a place for one. */
  startCommand(): boolean {
    const line = `${this.#before()}/${this.#behind()}`;
    if (!/(?:^|\n)\/(?:\n|$)/.test(line)) return false;
    this.insertText('/');
    return true;
  }

  /** Take out the `@name` or `/name` before the caret. */
  removeQuery(): void {
    this.#deleteQuery();
    this.#told();
  }

  #deleteQuery(): void {
    const query = this.#query();
    const range = this.#caret();
    if (!query || !range) return;
    extendBack(range, query.text.length + 1);
    range.deleteContents();
    placeCaret(range);
  }

  #insert(...nodes: Node[]): void {
    const field = this.#field;
    if (!field || nodes.length === 0) return;
    const range = this.#caret() ?? this.#end();
    range.deleteContents();
    for (const node of nodes.toReversed()) range.insertNode(node);
    range.setStartAfter(nodes.at(-1)!);
    range.collapse(true);
    field.focus();
    placeCaret(range);
    this.#told();
  }

  // Where the caret is

  /** What is selected in the field. */
  #caret(): Range | null {
    const range = selectedRange(this);
    return range && this.#field?.contains(range.startContainer) ? range : null;
  }

  #end(): Range {
    const range = document.createRange();
    if (this.#field) endAt(range, this.#field);
    return range;
  }

  #before(): string {
    const field = this.#field;
    const caret = this.#caret() ?? this.#end();
    return field ? textBefore(field, caret) : '';
  }

  #behind(): string {
    const field = this.#field;
    const caret = this.#caret();
    if (!field || !caret) return '';
    return textBefore(field, this.#end()).slice(textBefore(field, caret).length);
  }

  #query(): Query | null {
    const caret = this.#caret();
    if (!caret?.collapsed) return null;
    const before = this.#before();
    // Names, of things and of commands, can consist of several words.
    const mention = /(?:^|\s)@((?:[^\s@][^\n@]{0,59})?)$/.exec(before);
    const isLineEnd = /^(?:\n|$)/.test(this.#behind());
    const command = isLineEnd ? /(?:^|\n)\/((?:[^\s/][^\n/]{0,59})?)$/.exec(before) : null;
    const text = mention?.[1] ?? command?.[1];
    if (text === undefined || text.includes(TAG)) return null;
    return { kind: mention ? 'mention' : 'command', text, at: before.length - text.length };
  }

  // What people do

  readonly #onInput = (): void => {
    const field = this.#field;
    // Browsers leave a line break in a field that has been emptied; the placeholder would stay away.
    const [first] = field?.childNodes ?? [];
    if (field?.childNodes.length === 1 && (first instanceof HTMLBRElement || !first?.textContent)) {
      field.replaceChildren();
    }
    this.#told();
  };

  readonly #onCaret = (): void => this.#tell('ck-query', this.#query());

  readonly #onBlur = (): void => this.#tell('ck-query', null);

  #told(): void {
    const field = this.#field;
    field?.toggleAttribute('data-filled', field.childNodes.length > 0);
    this.#tell('ck-change', null);
    this.#tell('ck-query', this.#query());
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  // Text is pasted as the browser does in plain text, so that it can be taken back.
  readonly #onPaste = (event: ClipboardEvent): void => {
    const files = [...(event.clipboardData?.files ?? [])];
    const text = event.clipboardData?.getData('text/plain');
    // Office programs put a picture of a text beside it.
    if (files.length === 0 || text) return;
    event.preventDefault();
    this.#tell('ck-files', files);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    // A key that ends a composition of an input method is not ours.
    if (isComposing(event)) return;
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
