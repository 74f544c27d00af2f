/** The bar above the chat: title, new chat, history, and two buttons of the page's own. */

import { css, html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons';
import { define, Part } from '../ui';

export class Header extends Part {
  protected override render(): TemplateResult {
    const { chat, options, strings } = this.ui;
    const { leftAction, rightAction } = options.header;
    const isHistory = chat.history.isOpen;
    return html`
      <header class="header" part="header">
        ${leftAction ? this.#button(leftAction.icon, leftAction.icon, leftAction.onClick) : nothing}
        ${isHistory
          ? this.#button(strings.back, 'back', () => this.#toggleHistory(), true)
          : nothing}
        ${this.#title()}
        ${isHistory || this.#hasBegun
          ? this.#button(strings.newChat, 'compose', () => this.#startNew())
          : nothing}
        ${options.history.enabled && !isHistory
          ? this.#button(strings.history, 'history', () => this.#toggleHistory())
          : nothing}
        ${rightAction
          ? this.#button(rightAction.icon, rightAction.icon, rightAction.onClick)
          : nothing}
      </header>
    `;
  }

  /** Whether there is anything that a new chat would lead away from. */
  get #hasBegun(): boolean {
    const { threadId, conversation, loading, loadFailure } = this.ui.chat;
    return (
      threadId !== null || conversation.items.length > 0 || loading !== null || loadFailure !== null
    );
  }

  #title(): TemplateResult {
    const { chat, options, strings } = this.ui;
    const { title } = options.header;
    const ofChat = title?.text ?? chat.conversation.thread?.title ?? '';
    const shown = chat.history.isOpen ? strings.history : (title?.enabled ?? true) ? ofChat : '';
    // A heading without a text is none.
    if (!shown) return html`<div class="title" part="title"></div>`;
    return html`<h2 class="title" part="title" dir="auto">${shown}</h2>`;
  }

  #button(label: string, name: string, onClick: () => void, mirrored = false): TemplateResult {
    return html`<button
      type="button"
      class="icon-button"
      data-icon=${name}
      aria-label=${label}
      title=${label}
      @click=${onClick}
    >
      ${icon(name, mirrored)}
    </button>`;
  }

  #toggleHistory(): void {
    this.dispatchEvent(new Event('ck-history'));
  }

  #startNew(): void {
    const { chat } = this.ui;
    if (chat.history.isOpen) this.#toggleHistory();
    chat.startNew();
    // The button that was clicked is gone.
    this.dispatchEvent(new Event('ck-new-chat'));
  }
}

define('ck-header', Header);

export const headerStyles = css`
  .header {
    display: flex;
    align-items: center;
    gap: var(--ck-unit);
    min-block-size: calc(var(--ck-unit) * 13);
    padding-inline: calc(var(--ck-unit) * 2);
  }
  .header .title {
    flex: 1;
    min-inline-size: 0;
    margin: 0;
    padding-inline: calc(var(--ck-unit) * 2);
    overflow: hidden;
    font-size: 1em;
    font-weight: 600;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  /* A title of the other direction stands where titles stand. */
  [dir='rtl'] .header .title {
    text-align: right;
  }
`;
