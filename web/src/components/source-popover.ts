/** The card of a citation, shown when somebody points at its number in a text. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { AssistantMessageItem } from '../protocol';
import { define, Part } from '../ui';
import { footnotes, sourceCard, type Footnote } from './citations';

const CLOSE_AFTER_MS = 150;

export class SourcePopover extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    note: { state: true },
  };

  declare note: Footnote | null;

  #marker: HTMLElement | null = null;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.note = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const transcript = this.parentElement;
    transcript?.addEventListener('mouseover', this.#onPoint);
    transcript?.addEventListener('mouseout', this.#onLeave);
    transcript?.addEventListener('focusin', this.#onPoint);
    transcript?.addEventListener('focusout', this.#onLeave);
    transcript?.addEventListener('click', this.#onPoint);
    transcript?.addEventListener('keydown', this.#onKey);
    transcript?.addEventListener('scroll', this.#close, { capture: true, passive: true });
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.note) return nothing;
    return html`<div
      class="card-popover"
      role="tooltip"
      id="ck-source"
      @mouseenter=${() => clearTimeout(this.#closing)}
      @mouseleave=${this.#close}
    >
      ${sourceCard(this.ui, this.note)}
    </div>`;
  }

  protected override updated(): void {
    const card = this.querySelector<HTMLElement>('.card-popover');
    const marker = this.#marker;
    const around = this.parentElement;
    if (!card || !marker || !around) return;
    const frame = around.getBoundingClientRect();
    const place = marker.getBoundingClientRect();
    const left = Math.min(
      Math.max(8, place.left - frame.left),
      Math.max(8, frame.width - card.offsetWidth - 8),
    );
    const below = place.bottom - frame.top + 4;
    const fitsBelow = below + card.offsetHeight < frame.height;
    const top = fitsBelow ? below : Math.max(4, place.top - frame.top - card.offsetHeight - 4);
    card.style.setProperty('left', `${left}px`);
    card.style.setProperty('top', `${top}px`);
  }

  readonly #onPoint = (event: Event): void => {
    const marker = (event.target as Element).closest<HTMLElement>('[data-citation]');
    if (!marker) return;
    clearTimeout(this.#closing);
    const itemId = marker.closest<HTMLElement>('[data-notes]')?.dataset['notes'];
    const item = this.ui.chat.conversation.items.find(
      (other): other is AssistantMessageItem =>
        other.id === itemId && other.type === 'assistant_message',
    );
    const number = Number(marker.dataset['citation']);
    this.#marker = marker;
    marker.setAttribute('aria-describedby', 'ck-source');
    this.note = footnotes(item?.content ?? []).find((note) => note.number === number) ?? null;
  };

  readonly #onLeave = (event: Event): void => {
    if (!(event.target as Element).closest('[data-citation]')) return;
    clearTimeout(this.#closing);
    this.#closing = setTimeout(this.#close, CLOSE_AFTER_MS);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !this.note) return;
    event.stopPropagation();
    this.#close();
  };

  readonly #close = (): void => {
    this.#marker?.removeAttribute('aria-describedby');
    this.note = null;
  };
}

define('ck-source-popover', SourcePopover);
