/** An entity as a tag, with a card that the page may fill when somebody points at it. */

import type { Entity, Widgets } from '@openai/chatkit';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { asError } from '../errors';
import type { WidgetNode } from '../protocol';
import { define, Part, type Ui } from '../ui';
import '../widgets/widget';

const HOVER_DELAY_MS = 250;

// For as long as the page is open: asking again for each pass of the pointer would be too much.
const previews = new WeakMap<Ui['chat'], Map<string, Promise<Widgets.BasicRoot | null>>>();

export class EntityTag extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    entity: { attribute: false },
    isOpen: { state: true },
    preview: { state: true },
  };

  declare entity: Entity;
  declare isOpen: boolean;
  /** Undefined while it is asked for, null where there is none. */
  declare preview: Widgets.BasicRoot | null | undefined;

  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor() {
    super();
    this.isOpen = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#leave();
  }

  protected override render(): TemplateResult {
    const { entity } = this;
    const name = html`@<span>${entity.title}</span>`;
    if (!entity.interactive) return html`<span class="tag" dir="auto">${name}</span>`;
    return html`<span class="tag-anchor" @mouseenter=${this.#hover} @mouseleave=${this.#leave}>
      <button
        type="button"
        class="tag"
        dir="auto"
        aria-expanded=${this.isOpen ? 'true' : 'false'}
        @click=${this.#click}
        @focus=${this.#open}
        @blur=${this.#leave}
        @keydown=${this.#onKey}
      >
        ${name}
      </button>
      ${this.isOpen ? html`<span class="card-popover" role="dialog" aria-label=${entity.title}>${this.#card()}</span>` : nothing}
    </span>`;
  }

  #card(): TemplateResult {
    const { entity, preview, ui } = this;
    if (preview) {
      return html`<ck-widget
        .ui=${ui}
        .itemId=${entity.id}
        .root=${preview as unknown as WidgetNode}
        .isPreview=${true}
      ></ck-widget>`;
    }
    return html`<span class="source-card">
      <span class="source-from">${icon(entity.icon)}<span>${entity.group ?? ''}</span></span>
      <strong>${entity.title}</strong>
      ${preview === undefined && ui.options.entities.onRequestPreview
        ? html`<span class="spinner"></span>`
        : nothing}
    </span>`;
  }

  readonly #hover = (): void => {
    this.#timer = setTimeout(() => this.#open(), HOVER_DELAY_MS);
  };

  readonly #leave = (): void => {
    clearTimeout(this.#timer);
    this.isOpen = false;
  };

  readonly #click = (): void => {
    this.#open();
    this.ui.options.entities.onClick?.(this.entity);
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || !this.isOpen) return;
    event.stopPropagation();
    this.isOpen = false;
  };

  readonly #open = (): void => {
    if (this.isOpen) return;
    this.isOpen = true;
    void this.#ask();
  };

  async #ask(): Promise<void> {
    if (!this.ui.options.entities.onRequestPreview) return;
    try {
      this.preview = await previewOf(this.ui, this.entity);
    } catch (error) {
      this.preview = null;
      this.ui.failed(asError(error));
    }
  }
}

define('ck-entity', EntityTag);

/** What the page shows of an entity, asked for once; null where it has nothing to show. */
export async function previewOf(ui: Ui, entity: Entity): Promise<Widgets.BasicRoot | null> {
  const ask = ui.options.entities.onRequestPreview;
  if (!ask) return null;
  const known = previews.get(ui.chat) ?? new Map<string, Promise<Widgets.BasicRoot | null>>();
  previews.set(ui.chat, known);
  const asked = known.get(entity.id) ?? (async () => (await ask(entity))?.preview ?? null)();
  known.set(entity.id, asked);
  asked.catch(() => known.delete(entity.id));
  return asked;
}
