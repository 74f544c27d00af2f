/** Suggestions while somebody writes `@` or `/`: things of the page, and commands. */

import type { Command, CommandSelection, Entity } from '@openai/chatkit';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { define, Part } from '../ui';
import type { Query } from './text-input';

const DEBOUNCE_MS = 120;

export interface Suggestion {
  id: string;
  label: string;
  description?: string | undefined;
  icon?: string | undefined;
  group?: string | undefined;
  choose: () => void | Promise<void>;
}

/** An action of the composer itself, offered among the commands. */
export interface BuiltIn {
  id: string;
  label: string;
  icon: string;
  run: () => void;
}

export class Suggestions extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    builtIns: { attribute: false },
    found: { state: true },
    active: { state: true },
    isOpen: { state: true },
  };

  declare builtIns: readonly BuiltIn[];
  declare found: readonly Suggestion[];
  declare active: number;
  declare isOpen: boolean;

  #query: Query | null = null;
  #searching = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The commands of a menu that was opened from another; null for the first one. */
  #menu: readonly Command[] | null = null;
  #dismissed: Query['kind'] | null = null;

  constructor() {
    super();
    this.builtIns = [];
    this.found = [];
    this.active = 0;
    this.isOpen = false;
  }

  /** Id of the suggestion that Enter takes; empty for none. */
  get activeId(): string {
    return this.isOpen && this.found.length > 0 ? `ck-suggestion-${this.active}` : '';
  }

  /** Look for what is being written; null closes the list. */
  look(query: Query | null): void {
    const { entities, commands } = this.ui.options;
    const kind = query?.kind;
    const isOffered =
      (kind === 'mention' && entities.onTagSearch) || (kind === 'command' && commands.enabled);
    if (!query || !isOffered) {
      this.#close();
      this.#dismissed = null;
      return;
    }
    if (this.#dismissed === kind) return;
    if (this.isOpen && this.#query?.kind === kind && this.#query?.text === query.text) return;
    this.#query = query;
    clearTimeout(this.#timer);
    const wait = query.text === '' ? 0 : DEBOUNCE_MS;
    this.#timer = setTimeout(() => void this.#search(query), wait);
  }

  async #search(query: Query): Promise<void> {
    const searching = ++this.#searching;
    let found: readonly Suggestion[] = [];
    try {
      found = query.kind === 'mention' ? await this.#entities(query.text) : await this.#commands(query.text);
    } catch (error) {
      this.ui.failed(error);
    }
    if (searching !== this.#searching) return; // a later search is on its way
    if (query.kind === 'mention' && found.length === 0 && query.text.endsWith(' ')) {
      this.#close();
      return;
    }
    this.found = grouped(found);
    this.active = 0;
    this.isOpen = true;
    this.#tellActive();
  }

  async #entities(text: string): Promise<Suggestion[]> {
    const found = (await this.ui.options.entities.onTagSearch?.(text)) ?? [];
    return found.map((entity) => ({
      id: entity.id,
      label: entity.title,
      icon: entity.icon,
      group: entity.group,
      choose: () => this.#chooseEntity(entity),
    }));
  }

  async #commands(text: string): Promise<Suggestion[]> {
    const { commands } = this.ui.options;
    const found = this.#menu ?? (await commands.onSearch?.(text)) ?? [];
    const wanted = text.toLowerCase();
    const fits = (label: string): boolean => label.toLowerCase().includes(wanted);
    const shown = this.#menu ? found.filter((command) => fits(command.label)) : found;
    const own = this.#menu ? [] : this.builtIns.filter((action) => fits(action.label));
    return [
      ...shown.map((command) => ({
        id: command.id,
        label: command.label,
        description: command.description,
        icon: command.icon,
        group: command.group,
        choose: () => this.#chooseCommand(command),
      })),
      ...own.map((action) => ({
        id: action.id,
        label: action.label,
        icon: action.icon,
        choose: () => {
          this.#tell('ck-run', action);
          this.#close();
        },
      })),
    ];
  }

  #chooseEntity(entity: Entity): void {
    this.#tell('ck-entity', entity);
    this.#close();
  }

  async #chooseCommand(command: Command): Promise<void> {
    this.#tell('ck-clear-query', null);
    let next: CommandSelection | undefined;
    try {
      next = (await this.ui.options.commands.onSelect?.(command)) ?? undefined;
    } catch (error) {
      this.ui.toast(this.ui.strings.somethingWrong);
      this.ui.failed(error);
    }
    if (next?.type === 'entity') {
      this.#chooseEntity(next.entity);
    } else if (next?.type === 'menu') {
      this.#menu = next.commands;
      await this.#search({ kind: 'command', text: '' });
    } else {
      this.#close();
    }
  }

  /** Take a key of the text field; whether it was for the list. */
  takeKey(event: KeyboardEvent): boolean {
    if (!this.isOpen) return false;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        const step = event.key === 'ArrowDown' ? 1 : -1;
        const count = Math.max(1, this.found.length);
        this.active = (this.active + step + count) % count;
        this.#tellActive();
        return true;
      }
      case 'Enter':
      case 'Tab':
        if (this.found.length === 0) return false;
        void this.found[this.active]?.choose();
        return true;
      case 'Escape':
        this.#dismissed = this.#query?.kind ?? null;
        this.#close();
        return true;
      case 'Backspace':
        if (this.#menu && this.#query?.text === '') {
          this.#menu = null;
          void this.#search({ kind: 'command', text: '' });
          return true;
        }
        return false;
      default:
        return false;
    }
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#searching += 1;
    this.#query = null;
    this.#menu = null;
    if (!this.isOpen) return;
    this.isOpen = false;
    this.found = [];
    this.#tellActive();
  }

  #tell(name: string, detail: unknown): void {
    this.dispatchEvent(new CustomEvent(name, { detail }));
  }

  #tellActive(): void {
    this.#tell('ck-active', this.activeId);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.isOpen) return nothing;
    const { strings } = this.ui;
    const label = this.#query?.kind === 'command' ? strings.commands : strings.mention;
    return html`<div class="menu suggestions" role="listbox" aria-label=${label}>
      ${this.found.length === 0 ? html`<p class="group">${strings.mentionNothing}</p>` : nothing}
      ${this.found.map((suggestion, index) => this.#option(suggestion, index))}
    </div>`;
  }

  #option(suggestion: Suggestion, index: number): TemplateResult {
    const isFirstOfGroup = suggestion.group && suggestion.group !== this.found[index - 1]?.group;
    return html`
      ${isFirstOfGroup ? html`<p class="group" role="presentation" dir="auto">${suggestion.group}</p>` : nothing}
      <div
        role="option"
        id="ck-suggestion-${index}"
        aria-selected=${index === this.active ? 'true' : 'false'}
        dir="auto"
        @mousedown=${(event: Event) => event.preventDefault()}
        @click=${() => void suggestion.choose()}
      >
        ${icon(suggestion.icon)}
        <span>
          ${suggestion.label}
          ${suggestion.description
            ? html`<span class="detail">${suggestion.description}</span>`
            : nothing}
        </span>
      </div>
    `;
  }

  protected override updated(): void {
    this.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' });
  }
}

define('ck-suggestions', Suggestions);

/** Those without a group first, then group after group in the order in which they came. */
function grouped(found: readonly Suggestion[]): Suggestion[] {
  const groups = [...new Set(found.map((suggestion) => suggestion.group ?? ''))];
  groups.sort((one, other) => Number(one !== '') - Number(other !== ''));
  return groups.flatMap((group) => found.filter((suggestion) => (suggestion.group ?? '') === group));
}
