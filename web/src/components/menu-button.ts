/** A button with a menu: opened by click or key, walked by arrows, closed by Escape or elsewhere. */

import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { define, Part } from '../ui';

export interface MenuEntry {
  id: string;
  label: string;
  description?: string | undefined;
  icon?: string | undefined;
  disabled?: boolean | undefined;
  /** Set where one of several is chosen. */
  checked?: boolean | undefined;
  choose: () => void;
}

export class MenuButton extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    label: { type: String },
    icon: { type: String },
    text: { type: String },
    entries: { attribute: false },
    disabled: { type: Boolean },
    isOpen: { state: true },
  };

  declare label: string;
  declare icon: string;
  /** Shown in place of the icon, where it is given. */
  declare text: string;
  declare entries: readonly MenuEntry[];
  declare disabled: boolean;
  declare isOpen: boolean;

  constructor() {
    super();
    this.label = '';
    this.icon = '';
    this.text = '';
    this.entries = [];
    this.disabled = false;
    this.isOpen = false;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    document.addEventListener('pointerdown', this.#onElsewhere);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    document.removeEventListener('pointerdown', this.#onElsewhere);
  }

  protected override render(): TemplateResult {
    return html`<span class="menu-anchor" @keydown=${this.#onKey}>
      <button
        type="button"
        class=${this.text ? 'menu-button' : 'icon-button'}
        aria-haspopup="menu"
        aria-expanded=${this.isOpen ? 'true' : 'false'}
        aria-label=${this.text ? `${this.label}: ${this.text}` : this.label}
        title=${this.label}
        ?disabled=${this.disabled}
        @click=${() => (this.isOpen ? this.#close() : this.open())}
      >
        ${this.text ? html`<span dir="auto">${this.text}</span>${icon('chevron-down')}` : icon(this.icon)}
      </button>
      ${this.isOpen && !this.disabled
        ? html`<div class="menu above" part="menu" role="menu" aria-label=${this.label}>
            ${this.entries.map((entry) => this.#entry(entry))}
          </div>`
        : nothing}
    </span>`;
  }

  #entry(entry: MenuEntry): TemplateResult {
    const isChoice = entry.checked !== undefined;
    return html`<button
      type="button"
      role=${isChoice ? 'menuitemradio' : 'menuitem'}
      aria-checked=${isChoice ? String(entry.checked) : nothing}
      aria-disabled=${entry.disabled ? 'true' : nothing}
      tabindex="-1"
      dir="auto"
      @click=${() => this.#choose(entry)}
    >
      ${icon(entry.icon)}
      <span class="menu-label">
        ${entry.label}
        ${entry.description ? html`<span class="detail">${entry.description}</span>` : nothing}
      </span>
      ${entry.checked ? icon('check') : nothing}
    </button>`;
  }

  open(): void {
    this.isOpen = true;
    void this.updateComplete.then(() => {
      const chosen = this.querySelector<HTMLElement>('[aria-checked="true"]');
      (chosen ?? this.#items()[0])?.focus();
    });
  }

  #close(): void {
    this.isOpen = false;
    this.querySelector('button')?.focus();
  }

  #choose(entry: MenuEntry): void {
    if (entry.disabled) return;
    this.#close();
    entry.choose();
  }

  #items(): HTMLElement[] {
    return [...this.querySelectorAll<HTMLElement>('[role^="menuitem"]')];
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (!this.isOpen) {
      if (this.disabled || !['ArrowDown', 'ArrowUp'].includes(event.key)) return;
      event.preventDefault();
      this.open();
      return;
    }
    const items = this.#items();
    const current = items.indexOf(event.target as HTMLElement);
    const next = {
      ArrowDown: (current + 1) % items.length,
      ArrowUp: (current <= 0 ? items.length : current) - 1,
      Home: 0,
      End: items.length - 1,
    }[event.key];
    if (next !== undefined) items[next]?.focus();
    else if (event.key === 'Escape' || event.key === 'Tab') this.#close();
    else return;
    if (event.key !== 'Tab') event.preventDefault();
    event.stopPropagation();
  };

  readonly #onElsewhere = (event: Event): void => {
    if (this.isOpen && !event.composedPath().includes(this)) this.isOpen = false;
  };
}

define('ck-menu-button', MenuButton);
