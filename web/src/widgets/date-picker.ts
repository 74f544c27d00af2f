/** A day, chosen from a calendar (https://www.w3.org/WAI/ARIA/apg/patterns/dialog-modal/examples/datepicker-dialog/). */

import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { define, Part } from '../ui';
import { bounded, dateOf, firstDayOf, placeInWeek, plusDays, plusMonths, today, weeksOf } from './calendar';
import { showBeside, type Align, type Side } from './popup';

export class DatePicker extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    initial: { type: String },
    min: { type: String },
    max: { type: String },
    placeholder: { type: String },
    fieldId: { type: String },
    name: { type: String },
    variant: { type: String },
    size: { type: String },
    side: { type: String },
    align: { type: String },
    pill: { type: Boolean },
    clearable: { type: Boolean },
    disabled: { type: Boolean },
    chosen: { state: true },
    active: { state: true },
    isOpen: { state: true },
  };

  /** A day, or nothing. */
  declare initial: string;
  /** The first day that can be chosen. */
  declare min: string | undefined;
  declare max: string | undefined;
  declare placeholder: string;
  declare fieldId: string;
  /** What it is called. */
  declare name: string;
  declare variant: string;
  declare size: string;
  declare side: Side;
  declare align: Align;
  declare pill: boolean;
  declare clearable: boolean;
  declare disabled: boolean;
  /** What the user chose; null for what it began with. */
  declare chosen: string | null;
  /** The day that keys start from. */
  declare active: string;
  declare isOpen: boolean;

  #close: (() => void) | null = null;

  constructor() {
    super();
    this.initial = '';
    this.min = undefined;
    this.max = undefined;
    this.placeholder = '';
    this.fieldId = '';
    this.name = '';
    this.variant = 'outline';
    this.size = 'md';
    this.side = 'bottom';
    this.align = 'start';
    this.pill = false;
    this.clearable = false;
    this.disabled = false;
    this.chosen = null;
    this.active = '';
    this.isOpen = false;
  }

  get value(): string {
    return this.chosen ?? this.initial;
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.isOpen = false;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    // Another default counts, whatever was chosen before.
    if (changed.get('initial') !== undefined) this.chosen = null;
    if (this.disabled) this.isOpen = false;
  }

  protected override render(): TemplateResult {
    const shown = this.value ? this.#format({ dateStyle: 'medium' }).format(dateOf(this.value)) : '';
    return html`<span class="date-picker" @keydown=${this.#onKey} @focusout=${this.#onLeave}>
      <button
        type="button"
        class="field"
        id=${this.fieldId}
        data-variant=${this.variant}
        data-size=${this.size}
        ?data-pill=${this.pill}
        ?data-empty=${!shown}
        aria-haspopup="dialog"
        aria-expanded=${this.isOpen ? 'true' : 'false'}
        aria-label=${shown ? `${this.name}, ${shown}` : this.name}
        ?disabled=${this.disabled}
        @click=${() => (this.isOpen ? this.#leave() : this.#open())}
      >
        <span dir="auto">${shown || this.placeholder}</span>${icon('calendar')}
      </button>
      ${this.clearable && this.value && !this.disabled
        ? html`<button
            type="button"
            class="icon-button clear"
            aria-label=${this.ui.strings.clear}
            @click=${this.#clear}
          >
            ${icon('close')}
          </button>`
        : nothing}
      ${this.isOpen ? this.#calendar() : nothing}
    </span>`;
  }

  #calendar(): TemplateResult {
    const { tag } = this.ui.locale;
    const first = firstDayOf(tag);
    const weeks = weeksOf(this.active, first);
    const short = this.#format({ weekday: 'short' });
    const long = this.#format({ weekday: 'long' });
    return html`<div class="menu popup calendar" popover="manual" role="dialog" aria-label=${this.name}>
      <div class="calendar-head">
        ${this.#turn(-12, 'year', 'double-chevron-left')} ${this.#turn(-1, 'month', 'chevron-left')}
        <span class="month" aria-live="polite" dir="auto"
          >${this.#format({ month: 'long', year: 'numeric' }).format(dateOf(this.active))}</span
        >
        ${this.#turn(1, 'month', 'chevron-right')} ${this.#turn(12, 'year', 'double-chevron-right')}
      </div>
      <table role="grid" aria-label=${this.name}>
        <thead>
          <tr>
            ${weeks[0]?.map(
              (day) =>
                html`<th scope="col" abbr=${long.format(dateOf(day))}>${short.format(dateOf(day))}</th>`,
            )}
          </tr>
        </thead>
        <tbody>
          ${weeks.map((week) => html`<tr>${week.map((day) => this.#day(day))}</tr>`)}
        </tbody>
      </table>
    </div>`;
  }

  /** Turns the pages; it says "last month" in the language of the page. */
  #turn(months: number, unit: 'month' | 'year', name: string): TemplateResult {
    const relative = new Intl.RelativeTimeFormat(this.ui.locale.tag, { numeric: 'auto' });
    return html`<button
      type="button"
      class="icon-button"
      aria-label=${relative.format(Math.sign(months), unit)}
      @click=${() => {
        this.active = this.#within(plusMonths(this.active, months));
      }}
    >
      ${icon(name, true)}
    </button>`;
  }

  #day(day: string): TemplateResult {
    const isOther = day.slice(0, 7) !== this.active.slice(0, 7);
    return html`<td aria-selected=${day === this.value ? 'true' : 'false'}>
      <button
        type="button"
        class="day"
        data-day=${day}
        ?data-other=${isOther}
        aria-label=${this.#format({ dateStyle: 'full' }).format(dateOf(day))}
        aria-current=${day === today() ? 'date' : nothing}
        tabindex=${day === this.active ? '0' : '-1'}
        ?disabled=${day !== this.#within(day)}
        @click=${() => this.#choose(day)}
      >
        ${this.#format({ day: 'numeric' }).format(dateOf(day))}
      </button>
    </td>`;
  }

  #format(options: Intl.DateTimeFormatOptions): Intl.DateTimeFormat {
    // Other calendars have other months than the grid.
    return new Intl.DateTimeFormat(this.ui.locale.tag, { ...options, timeZone: 'UTC', calendar: 'gregory' });
  }

  #within(day: string): string {
    return bounded(day, this.min, this.max);
  }

  #open(): void {
    if (this.disabled) return;
    this.active = this.#within(this.value || today());
    this.isOpen = true;
  }

  #leave(): void {
    this.isOpen = false;
    this.querySelector<HTMLElement>('.field')?.focus();
  }

  #choose(day: string): void {
    this.#leave();
    this.#set(day);
  }

  readonly #clear = (): void => {
    this.#leave();
    this.#set('');
  };

  #set(day: string): void {
    if (day === this.value) return;
    this.chosen = day;
    this.dispatchEvent(new Event('change', { bubbles: true }));
  }

  readonly #onLeave = (event: FocusEvent): void => {
    // The focus is nowhere while a button of it is rendered anew.
    if (event.relatedTarget && !this.contains(event.relatedTarget as Node)) this.isOpen = false;
  };

  readonly #onElsewhere = (event: Event): void => {
    if (!event.composedPath().includes(this)) this.isOpen = false;
  };

  readonly #onKey = (event: KeyboardEvent): void => {
    const isDay = (event.target as Element).classList.contains('day');
    if (event.key === 'Escape' && this.isOpen) {
      event.stopPropagation();
      this.#leave();
    } else if (!this.isOpen && event.key === 'ArrowDown') {
      event.preventDefault();
      this.#open();
    } else if (isDay) this.#walk(event);
  };

  #walk(event: KeyboardEvent): void {
    const forwards = this.ui.locale.direction === 'rtl' ? -1 : 1;
    const place = placeInWeek(this.active, firstDayOf(this.ui.locale.tag));
    const next: Record<string, () => string> = {
      ArrowLeft: () => plusDays(this.active, -forwards),
      ArrowRight: () => plusDays(this.active, forwards),
      ArrowUp: () => plusDays(this.active, -7),
      ArrowDown: () => plusDays(this.active, 7),
      Home: () => plusDays(this.active, -place),
      End: () => plusDays(this.active, 6 - place),
      PageUp: () => plusMonths(this.active, event.shiftKey ? -12 : -1),
      PageDown: () => plusMonths(this.active, event.shiftKey ? 12 : 1),
    };
    const to = Object.hasOwn(next, event.key) ? next[event.key] : undefined;
    if (!to) return;
    event.preventDefault();
    this.active = this.#within(to());
    void this.updateComplete.then(() => this.#focusActive());
  }

  #focusActive(): void {
    this.querySelector<HTMLElement>(`[data-day="${this.active}"]`)?.focus({ preventScroll: true });
  }

  protected override updated(changed: PropertyValues<this>): void {
    if (!changed.has('isOpen')) return;
    this.#close?.();
    this.#close = null;
    if (!this.isOpen) return;
    const popup = this.querySelector<HTMLElement>('.popup');
    const field = this.querySelector('.field');
    if (!popup || !field) return;
    const stop = showBeside(popup, field, { side: this.side, align: this.align });
    document.addEventListener('pointerdown', this.#onElsewhere);
    this.#close = () => {
      stop();
      document.removeEventListener('pointerdown', this.#onElsewhere);
    };
    this.#focusActive();
  }
}

define('ck-date-picker', DatePicker);
