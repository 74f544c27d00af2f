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
  /** What `found` was found for, which may be less than what is written by now. */
  #foundFor: Query | null = null;
  /** Whether a key has asked for the first suggestion of the search that goes on. */
  #takesFirst = false;
  #searching = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** The commands of menus that were opened one from another. */
  #menus: readonly (readonly Command[])[] = [];
  /** What was closed by a key, and stays so until something else is written. */
  #dismissed = '';

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
      this.#dismissed = '';
      return;
    }
    if (this.#dismissed === placeOf(query)) return;
    if (this.#query && placeOf(this.#query) === placeOf(query) && this.#query.text === query.text) return;
    this.#query = query;
    this.#takesFirst = false;
    this.#searching += 1; // what is still looked for is not wanted any more
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
    if (found.length === 0 && query.text.includes(' ')) {
      this.#dismiss(); // the sentence goes on, and names nothing
      return;
    }
    this.found = grouped(found);
    this.#foundFor = query;
    this.active = 0;
    this.isOpen = true;
    this.#tellActive();
    if (this.#takesFirst) void this.found[0]?.choose();
    this.#takesFirst = false;
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
    const menu = this.#menus.at(-1);
    const found = menu ?? (await commands.onSearch?.(text)) ?? [];
    const wanted = text.toLowerCase();
    const fits = (label: string): boolean => label.toLowerCase().includes(wanted);
    const shown = menu ? found.filter((command) => fits(command.label)) : found;
    const own = menu ? [] : this.builtIns.filter((action) => fits(action.label));
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
    const menus = this.#menus;
    this.#tell('ck-clear-query', null);
    this.#close();
    let next: CommandSelection | undefined;
    try {
      next = (await this.ui.options.commands.onSelect?.(command)) ?? undefined;
    } catch (error) {
      this.ui.toast(this.ui.strings.somethingWrong);
      this.ui.failed(error);
    }
    if (next?.type === 'entity') this.#chooseEntity(next.entity);
    else if (next?.type === 'menu') this.#openMenu([...menus, next.commands]);
  }

  /** Show the commands of the last menu; what is written behind a new `/` filters them. */
  #openMenu(menus: readonly (readonly Command[])[]): void {
    this.#close();
    this.#menus = menus;
    this.#tell('ck-start-command', null);
    // There is no place for one where people went on writing.
    if (this.#query?.kind !== 'command') this.#close();
  }

  /** Take a key of the text field; whether it was for the list. */
  takeKey(event: KeyboardEvent): boolean {
    if (!this.isOpen) return false;
    switch (event.key) {
      case 'ArrowDown':
      case 'ArrowUp': {
        if (this.found.length === 0) return false;
        const step = event.key === 'ArrowDown' ? 1 : -1;
        this.active = (this.active + step + this.found.length) % this.found.length;
        this.#tellActive();
        return true;
      }
      case 'Enter':
      case 'Tab':
        return this.#take(event);
      case 'Escape':
        this.#dismiss();
        return true;
      case 'Backspace':
        return this.#goBack();
      default:
        return false;
    }
  }

  #take(event: KeyboardEvent): boolean {
    if (event.shiftKey || this.found.length === 0) return false;
    if (this.#foundFor === this.#query) {
      void this.found[this.active]?.choose();
      return true;
    }
    // A sentence that goes on is rather to be sent than to name something.
    if (this.#query?.text.includes(' ')) return false;
    this.#takesFirst = true;
    return true;
  }

  /** Show the menu that this one was opened from, unless there is a filter to be deleted first. */
  #goBack(): boolean {
    if (this.#menus.length === 0 || this.#query?.text !== '') return false;
    this.#menus = this.#menus.slice(0, -1);
    void this.#search(this.#query);
    return true;
  }

  #dismiss(): void {
    this.#dismissed = this.#query ? placeOf(this.#query) : '';
    this.#close();
  }

  #close(): void {
    clearTimeout(this.#timer);
    this.#searching += 1;
    this.#query = null;
    this.#takesFirst = false;
    this.#menus = [];
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
    return html`<div class="menu suggestions" part="menu" role="listbox" aria-label=${label}>
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

/** What tells one query from another, however far each is written. */
function placeOf(query: Query): string {
  return `${query.kind} ${query.at}`;
}

/** Those without a group first, then group after group in the order in which they came. */
function grouped(found: readonly Suggestion[]): Suggestion[] {
  const groups = [...new Set(found.map((suggestion) => suggestion.group ?? ''))];
  groups.sort((one, other) => Number(one !== '') - Number(other !== ''));
  return groups.flatMap((group) => found.filter((suggestion) => (suggestion.group ?? '') === group));
}
