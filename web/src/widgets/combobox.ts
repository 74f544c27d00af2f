/** A choice among many, found by writing (https://www.w3.org/WAI/ARIA/apg/patterns/combobox/). */

import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { isComposing } from '../composing';
import { icon } from '../icons';
import { define, Part } from '../ui';
import { showBeside } from './popup';

export interface Choice {
  value: string;
  label: string;
  disabled: boolean;
  description: string | undefined;
}

export class Combobox extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    options: { attribute: false },
    placeholder: { type: String },
    fieldId: { type: String },
    name: { type: String },
    variant: { type: String },
    size: { type: String },
    pill: { type: Boolean },
    initial: { type: String },
    clearable: { type: Boolean },
    disabled: { type: Boolean },
    chosen: { state: true },
    query: { state: true },
    active: { state: true },
    isOpen: { state: true },
  };

  declare options: readonly Choice[];
  declare placeholder: string;
  declare fieldId: string;
  /** What it is called. */
  declare name: string;
  declare variant: string;
  declare size: string;
  declare pill: boolean;
  declare initial: string;
  declare clearable: boolean;
  declare disabled: boolean;
  /** What the user chose; null for what it began with. */
  declare chosen: string | null;
  declare query: string;
  declare active: number;
  declare isOpen: boolean;

  #close: (() => void) | null = null;

  constructor() {
    super();
    this.options = [];
    this.placeholder = '';
    this.fieldId = '';
    this.name = '';
    this.variant = 'outline';
    this.size = 'md';
    this.pill = false;
    this.initial = '';
    this.clearable = false;
    this.disabled = false;
    this.chosen = null;
    this.query = '';
    this.active = 0;
    this.isOpen = false;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.isOpen = false;
  }

  get value(): string {
    return this.chosen ?? this.initial;
  }

  get #found(): readonly Choice[] {
    const wanted = this.query.trim().toLowerCase();
    return wanted
      ? this.options.filter((option) => option.label.toLowerCase().includes(wanted))
      : this.options;
  }

  protected override render(): TemplateResult {
    const current = this.options.find((option) => option.value === this.value);
    const list = `${this.fieldId}-list`;
    return html`<span class="combobox" @focusout=${this.#onLeave}>
      <input
        class="field"
        id=${this.fieldId}
        role="combobox"
        dir="auto"
        autocomplete="off"
        aria-label=${this.name || this.placeholder}
        data-variant=${this.variant}
        data-size=${this.size}
        ?data-pill=${this.pill}
        aria-expanded=${this.isOpen ? 'true' : 'false'}
        aria-controls=${list}
        aria-activedescendant=${this.isOpen ? `${list}-${this.active}` : nothing}
        placeholder=${this.placeholder}
        ?disabled=${this.disabled}
        .value=${live(this.isOpen ? this.query : (current?.label ?? ''))}
        @focus=${this.#open}
        @click=${this.#open}
        @input=${this.#onInput}
        @keydown=${this.#onKey}
        @change=${(event: Event) => event.stopPropagation()}
      />
      ${this.clearable && this.value && !this.disabled
        ? html`<button
            type="button"
            class="icon-button clear"
            aria-label=${this.ui.strings.clear}
            @click=${() => this.#choose('')}
          >
            ${icon('close')}
          </button>`
        : icon('chevron-down')}
      ${this.isOpen
        ? html`<div class="menu popup" popover="manual" role="listbox" id=${list}>
            ${this.#found.map((option, index) => this.#option(option, index, list))}
          </div>`
        : nothing}
    </span>`;
  }

  #option(option: Choice, index: number, list: string): TemplateResult {
    return html`<div
      role="option"
      id="${list}-${index}"
      dir="auto"
      aria-selected=${index === this.active ? 'true' : 'false'}
      aria-disabled=${option.disabled ? 'true' : nothing}
      @mousedown=${(event: Event) => event.preventDefault()}
      @click=${() => {
        if (!option.disabled) this.#choose(option.value);
      }}
    >
      <span
        >${option.label}
        ${option.description ? html`<span class="detail">${option.description}</span>` : nothing}
      </span>
    </div>`;
  }

  readonly #open = (): void => {
    if (this.isOpen || this.disabled) return;
    this.query = '';
    this.active = Math.max(0, this.options.findIndex((option) => option.value === this.value));
    this.isOpen = true;
  };

  readonly #onLeave = (event: FocusEvent): void => {
    if (!this.contains(event.relatedTarget as Node | null)) this.isOpen = false;
  };

  readonly #onInput = (event: Event): void => {
    this.query = (event.target as HTMLInputElement).value;
    this.active = 0;
    this.isOpen = true;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    if (isComposing(event)) return;
    if (event.key === 'ArrowDown' || event.key === 'ArrowUp') {
      event.preventDefault();
      if (!this.isOpen) this.#open();
      const count = Math.max(1, this.#found.length);
      this.active = (this.active + (event.key === 'ArrowDown' ? 1 : -1) + count) % count;
    } else if (event.key === 'Enter' && this.isOpen) {
      event.preventDefault();
      event.stopPropagation();
      const option = this.#found[this.active];
      if (option && !option.disabled) this.#choose(option.value);
    } else if (event.key === 'Escape' && this.isOpen) {
      event.stopPropagation();
      this.isOpen = false;
    }
  };

  #choose(value: string): void {
    this.isOpen = false;
    if (value === this.value) return;
    this.chosen = value;
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // Another default counts, whatever was chosen before.
    if (changed.get('initial') !== undefined) this.chosen = null;
  }

  #show(): void {
    this.#close?.();
    this.#close = null;
    const popup = this.querySelector<HTMLElement>('.popup');
    const field = this.querySelector<HTMLElement>('.field');
    if (!popup || !field) return;
    popup.style.setProperty('min-width', `${field.offsetWidth}px`);
    this.#close = showBeside(popup, field, { side: 'bottom', align: 'start' });
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (changed.has('isOpen')) this.#show();
    if (!this.isOpen || !(changed.has('active') || changed.has('isOpen'))) return;
    this.querySelector('[aria-selected="true"]')?.scrollIntoView?.({ block: 'nearest' });
  }
}

define('ck-combobox', Combobox);
