/** What can be done with an answer: copy it, rate it, ask for another. */

import { html, nothing, type TemplateResult } from 'lit';
import { isVisible, textOf, type TurnOfItems } from '../conversation';
import { icon } from '../icons';
import type { Feedback } from '../ratings';
import { define, Part } from '../ui';
import { smallButton } from './buttons';

const CONFIRM_MS = 2_000;

export class TurnActions extends Part {
  static override properties = {
    ...Part.properties,
    turn: { attribute: false },
    isNewest: { type: Boolean },
    isCopied: { state: true },
  };

  declare turn: TurnOfItems;
  declare isNewest: boolean;
  declare isCopied: boolean;

  constructor() {
    super();
    this.isNewest = false;
    this.isCopied = false;
  }

  protected override render(): TemplateResult | typeof nothing {
    const { turn, ui } = this;
    const { chat, options, strings } = ui;
    if (!turn.items.some(isVisible)) return nothing;
    const text = textOf(turn.items);
    const rated = chat.ratings.of(turn.items);
    const canRetry = options.threadItemActions.retry && this.isNewest && turn.user !== null;
    return html`<div class="turn-actions">
      ${text
        ? smallButton(this.isCopied ? strings.copied : strings.copy, this.isCopied ? 'check' : 'copy', () =>
            void this.#copy(text),
          )
        : nothing}
      ${options.threadItemActions.feedback
        ? html`${this.#thumb('positive', rated)}${this.#thumb('negative', rated)}`
        : nothing}
      ${canRetry ? smallButton(strings.retry, 'reload', () => this.#retry(), chat.isBusy) : nothing}
      ${text && chat.isOpen
        ? html`<span class="keyboard-only">
            ${smallButton(strings.quote, 'quote', () => this.#quote(text))}
          </span>`
        : nothing}
    </div>`;
  }

  #thumb(kind: Feedback, rated: Feedback | undefined): TemplateResult {
    const { strings } = this.ui;
    const label = kind === 'positive' ? strings.goodResponse : strings.badResponse;
    return html`<button
      type="button"
      class="icon-button small"
      aria-label=${label}
      aria-pressed=${rated === kind ? 'true' : 'false'}
      title=${label}
      @click=${() => this.#rate(kind)}
    >
      ${icon(kind === 'positive' ? 'thumbs-up' : 'thumbs-down')}
    </button>`;
  }

  #rate(kind: Feedback): void {
    const { chat, strings, toast } = this.ui;
    if (chat.threadId === null) return;
    chat.ratings
      .rate(chat.threadId, this.turn.items, kind)
      .catch(() => toast(strings.feedbackFailed));
  }

  #retry(): void {
    this.ui.chat.retry(this.turn.user?.id).catch(() => undefined); // shown in the transcript
  }

  #quote(text: string): void {
    this.dispatchEvent(new CustomEvent('ck-quote', { detail: text, bubbles: true }));
  }

  async #copy(text: string): Promise<void> {
    const { strings, toast } = this.ui;
    try {
      await copied(text, this.#asHtml());
    } catch {
      toast(strings.copyFailed);
      return;
    }
    this.isCopied = true;
    setTimeout(() => {
      this.isCopied = false;
    }, CONFIRM_MS);
  }

  /** The answer as it looks, without buttons and markers. */
  #asHtml(): string {
    // What a widget says instead of its look has no look.
    if (this.turn.items.some((item) => item.type === 'widget' && item.copy_text)) return '';
    const messages = this.closest('.turn')?.querySelectorAll('.message.assistant .markdown') ?? [];
    return [...messages]
      .map((message) => {
        const copy = message.cloneNode(true) as HTMLElement;
        for (const extra of copy.querySelectorAll('button, .code-bar, sup')) extra.remove();
        return copy.innerHTML.replace(/<!--.*?-->/gs, '');
      })
      .join('');
  }
}

define('ck-turn-actions', TurnActions);

async function copied(text: string, asHtml: string): Promise<void> {
  if (typeof ClipboardItem === 'undefined' || !asHtml) {
    await navigator.clipboard.writeText(text);
    return;
  }
  await navigator.clipboard.write([
    new ClipboardItem({
      'text/plain': new Blob([text], { type: 'text/plain' }),
      'text/html': new Blob([asHtml], { type: 'text/html' }),
    }),
  ]);
}
