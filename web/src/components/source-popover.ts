/** The card of a citation, shown when somebody points at its number in a text. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Entity, Widgets } from '@openai/chatkit';
import { asError } from '../errors';
import type { AssistantMessageItem, WidgetNode } from '../protocol';
import { define, Part } from '../ui';
import '../widgets/widget';
import { footnotes, sourceCard, type Footnote } from './citations';
import { previewOf } from './entity-card';

const CLOSE_AFTER_MS = 150;

export class SourcePopover extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    notes: { state: true },
    previews: { state: true },
  };

  /** Of the marker that is pointed at; none where nothing is shown. */
  declare notes: readonly Footnote[];
  /** What the page shows of entities, by their ids. */
  declare previews: ReadonlyMap<string, Widgets.BasicRoot>;

  #marker: HTMLElement | null = null;
  #closing: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.notes = [];
    this.previews = new Map();
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
    if (this.notes.length === 0 || !this.#marker?.isConnected) return nothing;
    return html`<div
      class="card-popover"
      role="tooltip"
      id="ck-source"
      @mouseenter=${() => clearTimeout(this.#closing)}
      @mouseleave=${this.#close}
    >
      ${this.notes.map((note) => this.#card(note))}
    </div>`;
  }

  #card(note: Footnote): TemplateResult {
    const entity = interactive(note);
    const preview = entity && this.previews.get(entity.id);
    if (!preview) return sourceCard(this.ui, note);
    return html`<ck-widget
      .ui=${this.ui}
      .itemId=${entity.id}
      .root=${preview as unknown as WidgetNode}
      .isPreview=${true}
    ></ck-widget>`;
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
    const target = event.target as Element;
    if (this.contains(target)) clearTimeout(this.#closing);
    const marker = target.closest<HTMLElement>('[data-citation]');
    if (!marker) return;
    clearTimeout(this.#closing);
    if (marker !== this.#marker || this.notes.length === 0) this.#show(marker);
    if (event.type !== 'click') return;
    for (const note of this.notes) {
      const entity = interactive(note);
      if (entity) this.ui.options.entities.onClick?.(entity);
    }
  };

  #show(marker: HTMLElement): void {
    const itemId = marker.closest<HTMLElement>('[data-notes]')?.dataset['notes'];
    const item = this.ui.chat.conversation.items.find(
      (other): other is AssistantMessageItem =>
        other.id === itemId && other.type === 'assistant_message',
    );
    const numbers = (marker.dataset['citation'] ?? '').split(' ').map(Number);
    this.#close();
    this.#marker = marker;
    marker.setAttribute('aria-describedby', 'ck-source');
    this.notes = footnotes(item?.content ?? []).filter((note) => numbers.includes(note.number));
    for (const note of this.notes) {
      const entity = interactive(note);
      if (entity) void this.#ask(entity);
    }
  }

  async #ask(entity: Entity): Promise<void> {
    try {
      const preview = await previewOf(this.ui, entity);
      if (preview) this.previews = new Map([...this.previews, [entity.id, preview]]);
    } catch (error) {
      this.ui.failed(asError(error));
    }
  }

  readonly #onLeave = (event: Event): void => {
    const target = event.target as Element;
    if (!target.closest('[data-citation]') && !this.contains(target)) return;
    clearTimeout(this.#closing);
    this.#closing = setTimeout(this.#close, CLOSE_AFTER_MS);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || this.notes.length === 0) return;
    event.stopPropagation();
    this.#close();
  };

  readonly #close = (): void => {
    this.#marker?.removeAttribute('aria-describedby');
    this.notes = [];
  };
}

define('ck-source-popover', SourcePopover);

/** The entity of a source that the page has more to show of. */
function interactive({ source }: Footnote): Entity | null {
  if (source.type !== 'entity' || !source.interactive) return null;
  const { id, title, icon, group, data } = source;
  return {
    id,
    title,
    ...(icon ? { icon } : {}),
    ...(group ? { group } : {}),
    data: (data ?? {}) as Record<string, string>,
    interactive: true,
  };
}
