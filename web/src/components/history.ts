/** The user's chats: found by their titles, opened, renamed, deleted. */

import { html, nothing, type TemplateResult } from 'lit';
import { live } from 'lit/directives/live.js';
import { repeat } from 'lit/directives/repeat.js';
import { isComposing } from '../composing';
import { icon } from '../icons';
import type { ThreadMetadata } from '../protocol';
import { define, Part } from '../ui';
import { smallButton } from './buttons';

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
  #root: ShadowRoot | null = null;

  constructor() {
    super();
    this.query = '';
    this.renaming = null;
    this.deleting = null;
  }

  override connectedCallback(): void {
    super.connectedCallback();
    const root = this.getRootNode();
    if (!(root instanceof ShadowRoot)) return;
    this.#root = root;
    this.#opener = root.activeElement as HTMLElement | null;
    this.addEventListener('keydown', this.#onKey);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.removeEventListener('keydown', this.#onKey);
    const root = this.#root;
    // The header shows its button for the history again after this.
    setTimeout(() => {
      if (document.activeElement !== document.body) return; // somebody has the focus
      const opener = this.#opener?.isConnected ? this.#opener : null;
      (opener ?? root?.querySelector<HTMLElement>('ck-header [data-icon="history"]'))?.focus();
    });
  }

  protected override updated(): void {
    const { history } = this.ui.chat;
    const list = this.querySelector('.history');
    // What does not fill the view cannot be scrolled to its end.
    const isShort = list && list.clientHeight > 0 && list.scrollHeight <= list.clientHeight;
    if (isShort && !this.query && !history.failure) void history.loadMore();
  }

  protected override firstUpdated(): void {
    this.#focusSearch();
  }

  readonly #onKey = (event: KeyboardEvent): void => {
    if (event.key !== 'Escape' || isComposing(event) || event.defaultPrevented) return;
    event.preventDefault();
    if (this.renaming ?? this.deleting) this.#leaveRow();
    else this.#close();
  };

  #close(): void {
    this.dispatchEvent(new Event('ck-close'));
  }

  protected override render(): TemplateResult {
    const { chat, strings } = this.ui;
    const { history } = chat;
    const found = this.#found();
    return html`
      <div class="history" part="history" @scroll=${this.#onScroll}>
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
      this.#titleOf(thread).toLocaleLowerCase(locale.tag).includes(wanted),
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
    if (history.hasMore && !(history.failure && history.threads.length === 0)) {
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
    return html`<div class="thread" part="thread" ?data-active=${thread.id === chat.threadId}>
      <button
        type="button"
        class="open"
        data-thread-id=${thread.id}
        dir="auto"
        aria-current=${thread.id === chat.threadId ? 'true' : nothing}
        @click=${() => this.#open(thread)}
      >
        ${title}
        ${thread.title ? nothing : html`<small>${this.#date(thread)}</small>`}
      </button>
      ${options.history.showRename
        ? smallButton(`${strings.rename}: ${title}`, 'write', () => this.#startRenaming(thread))
        : nothing}
      ${options.history.showDelete
        ? smallButton(`${strings.delete}: ${title}`, 'delete', () => this.#askToDelete(thread))
        : nothing}
    </div>`;
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

  #focusSearch(): void {
    this.querySelector<HTMLElement>('input[type="search"]')?.focus();
  }

  /** Neither rename nor delete, and go back to the row. */
  #leaveRow(): void {
    const id = this.renaming ?? this.deleting;
    this.renaming = null;
    this.deleting = null;
    void this.updateComplete.then(() => {
      const rows = [...this.querySelectorAll<HTMLElement>('.thread .open')];
      const row = rows.find((other) => other.dataset['threadId'] === id);
      row?.focus();
    });
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
      part="thread"
      @submit=${(event: Event) => this.#rename(event, thread)}
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
      ${smallButton(strings.cancel, 'close', () => this.#leaveRow())}
    </form>`;
  }

  #rename(event: Event, thread: ThreadMetadata): void {
    event.preventDefault();
    const title = String(new FormData(event.target as HTMLFormElement).get('title') ?? '').trim();
    if (!title) return;
    this.#leaveRow();
    if (title === thread.title) return;
    this.ui.chat.rename(thread.id, title).catch(() => this.ui.toast(this.ui.strings.renameFailed));
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
      part="thread"
      role="alertdialog"
      aria-label=${strings.deleteQuestion}
    >
      <p>
        <strong>${strings.deleteQuestion}</strong>
        <span dir="auto">${this.#titleOf(thread)}</span> ${strings.deleteHint}
      </p>
      <button type="button" class="button" @click=${() => this.#leaveRow()}>
        ${strings.cancel}
      </button>
      <button type="button" class="button danger" @click=${() => this.#delete(thread)}>
        ${strings.delete}
      </button>
    </div>`;
  }

  #delete(thread: ThreadMetadata): void {
    this.deleting = null;
    this.#focusSearch(); // the row will be gone
    this.ui.chat.remove(thread.id).catch(() => this.ui.toast(this.ui.strings.deleteFailed));
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

export { historyStyles } from './history.styles';
