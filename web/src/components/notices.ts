/** What the server tells beside its answer: banners above the composer. */

import { css, html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import type { Notice } from '../conversation';
import { icon } from '../icons';
import { inlineMarkdown } from '../markdown';
import { define, Part } from '../ui';

const ICONS = { info: 'info', warning: 'warning', danger: 'warning' } as const;
// What the icon and the colour say to those who see them.
const WORDS = { info: 'noticeInfo', warning: 'noticeWarning', danger: 'noticeDanger' } as const;

export class Notices extends Part {
  protected override render(): TemplateResult | typeof nothing {
    const { notices } = this.ui.chat.conversation;
    if (notices.length === 0) return nothing;
    return html`<div class="notices column">
      ${repeat(
        notices,
        (notice) => notice.key,
        (notice) => this.#notice(notice),
      )}
    </div>`;
  }

  #notice(notice: Notice): TemplateResult {
    const { chat, strings } = this.ui;
    return html`<div
      class="notice"
      part="notice"
      data-level=${notice.level}
      role=${notice.level === 'danger' ? 'alert' : 'status'}
      dir="auto"
    >
      ${icon(ICONS[notice.level] ?? 'info')}
      <div class="notice-text">
        <span class="visually-hidden">${strings[WORDS[notice.level] ?? 'noticeInfo']}:</span>
        ${notice.title ? html`<strong>${notice.title}</strong>` : nothing}
        ${inlineMarkdown(this.ui, notice.message)}
      </div>
      <button
        type="button"
        class="icon-button small"
        aria-label=${strings.dismiss}
        @click=${() => chat.dismissNotice(notice.key)}
      >
        ${icon('close')}
      </button>
    </div>`;
  }
}

define('ck-notices', Notices);

export const noticeStyles = css`
  .notice {
    --ck-level: var(--ck-info);
    display: flex;
    align-items: flex-start;
    gap: calc(var(--ck-unit) * 2);
    margin-block-end: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-level);
    border-radius: var(--ck-radius-md);
    background: color-mix(in srgb, var(--ck-level) 10%, var(--ck-bg));
    font-size: 0.9375em;
  }
  .notice > .icon {
    margin-block-start: 0.2em;
    color: var(--ck-level);
  }
  .notice[data-level='warning'] {
    --ck-level: var(--ck-warning);
  }
  .notice[data-level='danger'] {
    --ck-level: var(--ck-danger);
  }
  .notice-text {
    flex: 1;
    min-inline-size: 0;
    overflow-wrap: anywhere;
  }
  .notice-text strong {
    display: block;
  }
`;
