/** The user's chats: found by their titles, opened, renamed, deleted. */

import { css, html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../icons';
import type { ThreadMetadata } from '../protocol';
import { define, Part } from '../ui';

// Before the end is in sight, so that nobody waits for it.
const LOAD_MORE_WITHIN_PX = 200;

export class HistoryView extends Part {
  static override properties = {
    ...Part.properties,
    query: { state: true },
    renaming: { state: true },
    deleting: { state: true },
  };

  declare query: string;
  /** Id of the thread whose title is being written. */
  declare renaming: string | null;
  /** Id of the thread that may be deleted. */
  declare deleting: string | null;

  #opener: HTMLElement | null = null;

  constructor() {
    super();
    this.query = '';
    this.renaming = null;
    this.deleting = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const root = this.getRootNode();
    this.#opener = root instanceof ShadowRoot ? (root.activeElement as HTMLElement | null) : null;
    this.addEventListener('keydown', this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('keydown', this.#onKey);
    if (this.#opener?.isConnected) this.#opener.focus();
  }

  protected override firstUpdated(): void {
    this.querySelector<HTMLElement>('input[type="search"]')?.focus();
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || event.defaultPrevented) return;
    event.preventDefault();
    this.#close();
  };

  #close(): void {
    this.dispatchEvent(new Event('ck-close'));
  }

  protected override render(): TemplateResult {
    const { chat, strings } = this.ui;
    const { history } = chat;
    const found = this.#found();
    return html`
      <div class="history" @scroll=${this.#onScroll}>
        <div class="column">
          <label class="search">
            ${icon('search')}
            <input
              type="search"
              .value=${live(this.query)}
              placeholder=${strings.searchHistory}
              aria-label=${strings.searchHistory}
              @input=${this.#onSearch}
            />
          </label>
          ${history.failure ? this.#failure() : nothing}
          <ul class="threads" role="list" aria-label=${strings.conversations}>
            ${repeat(
              found,
              (thread) => thread.id,
              (thread) => html`<li>${this.#row(thread)}</li>`,
            )}
          </ul>
          ${this.#ending(found.length)}
        </div>
      </div>
    `;
  }

  #found(): readonly ThreadMetadata[] {
    const { chat, locale } = this.ui;
    const wanted = this.query.trim().toLocaleLowerCase(locale.tag);
    if (!wanted) return chat.history.threads;
    return chat.history.threads.filter((thread) =>
      (thread.title ?? '').toLocaleLowerCase(locale.tag).includes(wanted),
    );
  }

  #failure(): TemplateResult {
    const { chat, strings } = this.ui;
    return html`<div class="failure" role="alert">
      <span>${strings.historyFailed}</span>
      <button type="button" class="button" @click=${() => void chat.history.refresh()}>
        ${strings.tryAgain}
      </button>
    </div>`;
  }

  #ending(shown: number): TemplateResult | typeof nothing {
    const { chat, strings } = this.ui;
    const { history } = chat;
    if (history.isLoading) {
      return html`<p class="hint" role="status"><span class="spinner"></span> ${strings.loading}</p>`;
    }
    if (history.hasMore && history.threads.length > 0) {
      return html`<button type="button" class="button" @click=${() => void history.loadMore()}>
        ${strings.loadMore}
      </button>`;
    }
    if (shown > 0 || history.failure) return nothing;
    return html`<p class="hint">${this.query ? strings.noMatches : strings.noHistory}</p>`;
  }

  #row(thread: ThreadMetadata): TemplateResult {
    if (this.renaming === thread.id) return this.#renameForm(thread);
    if (this.deleting === thread.id) return this.#deleteQuestion(thread);
    const { chat, options, strings } = this.ui;
    const title = this.#titleOf(thread);
    return html`<div class="thread" ?data-active=${thread.id === chat.threadId}>
      <button
        type="button"
        class="open"
        dir="auto"
        aria-current=${thread.id === chat.threadId ? 'true' : nothing}
        @click=${() => this.#open(thread)}
      >
        ${title}
        ${thread.title ? nothing : html`<small>${this.#date(thread)}</small>`}
      </button>
      ${options.history.showRename
        ? this.#action(`${strings.rename}: ${title}`, 'write', () => this.#startRenaming(thread))
        : nothing}
      ${options.history.showDelete
        ? this.#action(`${strings.delete}: ${title}`, 'delete', () => this.#askToDelete(thread))
        : nothing}
    </div>`;
  }

  #action(label: string, name: string, onClick: () => void): TemplateResult {
    return html`<button
      type="button"
      class="icon-button small"
      aria-label=${label}
      title=${label}
      @click=${onClick}
    >
      ${icon(name)}
    </button>`;
  }

  #titleOf(thread: ThreadMetadata): string {
    return thread.title || this.ui.strings.untitled;
  }

  #date(thread: ThreadMetadata): string {
    // A time without a zone is UTC: servers leave it out.
    const zoned = /(Z|[+-]\d\d:?\d\d)$/i.test(thread.created_at)
      ? thread.created_at
      : `${thread.created_at}Z`;
    const time = new Date(zoned);
    if (Number.isNaN(time.getTime())) return '';
    return new Intl.DateTimeFormat(this.ui.locale.tag, { dateStyle: 'medium' }).format(time);
  }

  #open(thread: ThreadMetadata): void {
    this.#close();
    this.ui.chat.open(thread.id).catch(() => undefined); // shown in its place
  }

  // Renaming

  #startRenaming(thread: ThreadMetadata): void {
    this.deleting = null;
    this.renaming = thread.id;
    void this.updateComplete.then(() => {
      this.querySelector<HTMLInputElement>('.rename input')?.select();
    });
  }

  #renameForm(thread: ThreadMetadata): TemplateResult {
    const { strings } = this.ui;
    return html`<form
      class="thread rename"
      @submit=${(event: Event) => this.#rename(event, thread)}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        this.renaming = null;
      }}
    >
      <input
        name="title"
        dir="auto"
        required
        maxlength="200"
        .value=${thread.title ?? ''}
        aria-label=${strings.rename}
      />
      <button type="submit" class="icon-button small" aria-label=${strings.save}>
        ${icon('check')}
      </button>
      ${this.#action(strings.cancel, 'close', () => {
        this.renaming = null;
      })}
    </form>`;
  }

  #rename(event: Event, thread: ThreadMetadata): void {
    event.preventDefault();
    const title = String(new FormData(event.target as HTMLFormElement).get('title') ?? '').trim();
    if (!title) return;
    this.renaming = null;
    this.ui.chat.rename(thread.id, title).catch((error: unknown) => {
      this.ui.toast(this.ui.strings.renameFailed);
      this.ui.failed(error);
    });
  }

  // Deleting

  #askToDelete(thread: ThreadMetadata): void {
    this.renaming = null;
    this.deleting = thread.id;
    void this.updateComplete.then(() => {
      this.querySelector<HTMLElement>('.confirm .button')?.focus();
    });
  }

  #deleteQuestion(thread: ThreadMetadata): TemplateResult {
    const { strings } = this.ui;
    return html`<div
      class="thread confirm"
      role="alertdialog"
      aria-label=${strings.deleteQuestion}
      @keydown=${(event: KeyboardEvent) => {
        if (event.key !== 'Escape') return;
        event.preventDefault();
        this.deleting = null;
      }}
    >
      <p>
        <strong>${strings.deleteQuestion}</strong>
        <span dir="auto">${this.#titleOf(thread)}</span> ${strings.deleteHint}
      </p>
      <button
        type="button"
        class="button"
        @click=${() => {
          this.deleting = null;
        }}
      >
        ${strings.cancel}
      </button>
      <button type="button" class="button danger" @click=${() => this.#delete(thread)}>
        ${strings.delete}
      </button>
    </div>`;
  }

  #delete(thread: ThreadMetadata): void {
    this.deleting = null;
    this.ui.chat.remove(thread.id).catch((error: unknown) => {
      this.ui.toast(this.ui.strings.deleteFailed);
      this.ui.failed(error);
    });
  }

  #onSearch(event: Event): void {
    this.query = (event.target as HTMLInputElement).value;
  }

  #onScroll(event: Event): void {
    const list = event.target as HTMLElement;
    const below = list.scrollHeight - list.scrollTop - list.clientHeight;
    if (below < LOAD_MORE_WITHIN_PX) void this.ui.chat.history.loadMore();
  }
}

define('ck-history', HistoryView);

export const historyStyles = css`
  ck-history {
    display: block;
    flex: 1;
    min-block-size: 0;
  }
  .history {
    block-size: 100%;
    padding-block: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 6);
    overflow-y: auto;
  }
  .history .search {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    margin-block-end: calc(var(--ck-unit) * 3);
    padding-inline: calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-control);
    background: var(--ck-raised);
    color: var(--ck-text-2);
  }
  .history .search:focus-within {
    border-color: var(--ck-focus);
  }
  .history .search input {
    flex: 1;
    min-inline-size: 0;
    block-size: calc(var(--ck-unit) * 10);
    border: 0;
    outline: 0;
    background: transparent;
    color: var(--ck-text);
  }
  .threads {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .thread {
    display: flex;
    align-items: center;
    gap: var(--ck-unit);
    min-block-size: calc(var(--ck-unit) * 11);
    padding-inline: calc(var(--ck-unit) * 1);
    border-radius: var(--ck-radius-md);
  }
  .thread:hover,
  .thread[data-active] {
    background: var(--ck-hover);
  }
  .thread .open {
    flex: 1;
    min-inline-size: 0;
    padding: calc(var(--ck-unit) * 2);
    border: 0;
    background: transparent;
    overflow: hidden;
    text-align: start;
    text-overflow: ellipsis;
    white-space: nowrap;
    cursor: pointer;
  }
  .thread .open small {
    margin-inline-start: 0.5em;
    color: var(--ck-text-2);
  }
  .thread.rename input {
    flex: 1;
    min-inline-size: 0;
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-md);
    background: var(--ck-bg);
  }
  .thread.confirm {
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 3);
    background: var(--ck-hover);
  }
  .thread.confirm p {
    flex: 1 1 14rem;
    margin: 0;
    overflow-wrap: anywhere;
  }
  .history .hint {
    margin-block: calc(var(--ck-unit) * 6);
    color: var(--ck-text-2);
    text-align: center;
  }
  .failure {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: calc(var(--ck-unit) * 2);
    margin-block: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-md);
  }
`;
