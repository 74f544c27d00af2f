/** A button at a selection in an answer, that takes it over as a quote. */

import { css, html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { selectedRange, selectedText } from '../selection';
import { define, Part } from '../ui';

interface Selected {
  text: string;
  /** In which it begins. */
  message: Element;
  /** Where it ends, in pixels of the frame around. */
  left: number;
  top: number;
}

export class SelectionReply extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    selected: { state: true },
  };

  declare selected: Selected | null;

  /** Of the last selection, also when the focus has gone on to what can be done with it. */
  #last: Selected | null = null;

  constructor() {
    super();
    this.selected = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('selectionchange', this.#onSelect);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('selectionchange', this.#onSelect);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.selected) return nothing;
    return html`<button
      type="button"
      class="button reply"
      @mousedown=${(event: Event) => event.preventDefault()}
      @click=${this.#reply}
    >
      ${icon('quote')} ${this.ui.strings.reply}
    </button>`;
  }

  protected override updated(): void {
    const button = this.querySelector('button');
    if (!button || !this.selected) return;
    button.style.setProperty('left', `${this.selected.left}px`);
    button.style.setProperty('top', `${this.selected.top}px`);
  }

  /** What is selected in a turn, or was until the focus came to its actions. */
  takeFrom(turn: Element): string {
    const { text, message } = this.#last ?? {};
    if (!text || !message || !turn.contains(message)) return '';
    this.#last = null;
    this.selected = null;
    return text;
  }

  readonly #onSelect = (): void => {
    this.selected = this.#found();
    // With a caret that goes along with the focus, the way to a button ends the selection.
    const { activeElement } = this.getRootNode() as Document | ShadowRoot;
    if (this.selected || !activeElement?.closest('.turn-actions')) this.#last = this.selected;
  };

  #found(): Selected | null {
    const range = selectedRange(this);
    const text = selectedText(this).trim();
    if (!range || !text || !this.ui.chat.isOpen) return null;
    const { startContainer, endContainer, endOffset } = range;
    const element = startContainer instanceof Element ? startContainer : startContainer.parentElement;
    const message = element?.closest('.message.assistant');
    const around = this.parentElement;
    if (!around || !message || !around.contains(message)) return null;
    // A triple click ends at the start of what follows, of which nothing is selected.
    if (!message.contains(endContainer) && endOffset !== 0) return null;
    const place = range.getBoundingClientRect();
    const frame = around.getBoundingClientRect();
    return {
      text,
      message,
      left: Math.max(8, Math.min(place.left - frame.left, frame.width - 96)),
      top: Math.max(4, place.top - frame.top - 44),
    };
  }

  readonly #reply = (): void => {
    const text = this.selected?.text ?? '';
    this.selected = null;
    this.dispatchEvent(new CustomEvent('ck-reply', { detail: text, bubbles: true }));
  };
}

define('ck-selection-reply', SelectionReply);

export const selectionReplyStyles = css`
  .reply {
    position: absolute;
    z-index: 15;
    min-block-size: calc(var(--ck-unit) * 8);
    padding-inline: calc(var(--ck-unit) * 3);
    font-size: 0.875em;
    box-shadow: var(--ck-shadow);
  }
`;
