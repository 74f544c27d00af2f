/** The conversation: its turns, and what is going on. */

import { html, nothing, type TemplateResult } from 'lit';
import { guard } from 'lit/directives/guard.js';
import { repeat } from 'lit/directives/repeat.js';
import { isVisible, turnsOf, type TurnOfItems } from '../conversation';
import { icon } from '../icons';
import type { ThreadItem } from '../protocol';
import { define, Part } from '../ui';
import { Announcer } from './announcer';
import './turn-actions';
import './workflow';
import { imageView } from './generated-image';
import { assistantMessage, typing, userMessage } from './message';
import { answeredInput } from './structured-answers';
import { taskView } from './workflow';
import '../widgets/widget';
import { ScrollPosition } from './scroll-position';
import './selection-reply';
import type { SelectionReply } from './selection-reply';
import './source-popover';

const NEAR_TOP_PX = 200;

export class Transcript extends Part {
  static override properties = { ...Part.properties, isAway: { state: true } };

  /** Whether the newest is out of sight. */
  declare isAway: boolean;

  readonly #announcer = new Announcer();
  #shownThread: string | null | undefined;
  #lastUser: string | undefined;
  readonly #position = new ScrollPosition(() => this.#scroller);
  /** By the id of a user's message, the one it had before the server knew it: it is the same turn. */
  readonly #aliases = new Map<string, string>();
  /** Messages of the user that have been shown. */
  #knownUsers: ReadonlySet<string> = new Set();

  constructor() {
    super();
    this.isAway = false;
  }

  protected override render(): TemplateResult {
    const { chat, strings } = this.ui;
    const turns = turnsOf(chat.conversation.items);
    return html`
      <div
        class="scroller"
        part="transcript"
        role="log"
        aria-live="off"
        aria-label=${strings.conversation}
        aria-busy=${chat.isBusy ? 'true' : 'false'}
        tabindex="0"
        @scroll=${this.#onScroll}
        @ck-grown=${this.#onGrown}
        @pointerdown=${this.#onTouch}
        @wheel=${this.#onTouch}
        @keydown=${this.#onTouch}
      >
        <div class="column turns">
          ${chat.loading !== null ? this.#skeleton() : nothing}
          ${chat.loadFailure ? this.#loadFailure() : nothing}
          ${chat.isLoadingOlder ? html`<p class="hint"><span class="spinner"></span></p>` : nothing}
          ${chat.hasOlderFailed
            ? html`<p class="hint">
                <button type="button" class="button" @click=${() => void chat.loadOlder()}>
                  ${strings.loadMore}
                </button>
              </p>`
            : nothing}
          ${repeat(
            turns,
            (turn) => this.#aliases.get(keyOf(turn)) ?? keyOf(turn),
            (turn, index) => this.#turn(turn, index === turns.length - 1),
          )}
        </div>
      </div>
      <div class="visually-hidden" aria-live="polite" aria-atomic="false">
        ${repeat(this.#announcer.lines, (line) => line.key, (line) => html`<p>${line.text}</p>`)}
      </div>
      ${this.isAway
        ? html`<button
            type="button"
            class="icon-button to-latest"
            aria-label=${strings.scrollToLatest}
            title=${strings.scrollToLatest}
            @click=${() => this.#position.toBottom('smooth')}
          >
            ${icon('arrow-down')}
          </button>`
        : nothing}
      <ck-source-popover .ui=${this.ui} .tick=${this.tick}></ck-source-popover>
      <ck-selection-reply .ui=${this.ui}></ck-selection-reply>
    `;
  }

  #turn(turn: TurnOfItems, isNewest: boolean): TemplateResult {
    const { chat, strings, options } = this.ui;
    const { conversation } = chat;
    const isRunning = isNewest && chat.isResponding;
    // Items are new objects when they change, so that nothing else has to be compared.
    const parts = [
      turn.user, ...turn.items, isNewest, isRunning, strings, options, conversation.unsent,
      conversation.thread?.allowed_image_domains?.join(' '), this.#pendingIn(turn),
      chat.ratings.of(turn.items), chat.isOpen,
      // Widgets wait for a response, wherever they are.
      chat.isBusy && (isNewest || turn.items.some((item) => item.type === 'widget')),
      turn.items.some((item) => item.type === 'structured_input') ? chat.waitingInput?.id : null,
      isNewest ? conversation.progress : null, isNewest ? conversation.failure : null,
    ];
    return html`<section class="turn" data-turn=${keyOf(turn)} ?data-newest=${isNewest}>
      ${guard(parts, () => this.#turnContent(turn, isNewest, isRunning))}
    </section>`;
  }

  #pendingIn(turn: TurnOfItems): string {
    const { pending } = this.ui.chat.conversation;
    return turn.items.filter((item) => pending.has(item.id)).map((item) => item.id).join(' ');
  }

  #turnContent(turn: TurnOfItems, isNewest: boolean, isRunning: boolean): TemplateResult {
    const isOver = !isRunning || turn.items.some((item) => item.type === 'end_of_turn');
    return html`
      ${turn.user ? this.#item(turn.user, isRunning) : nothing}
      ${repeat(
        turn.items,
        (item) => item.id,
        (item, index) => this.#item(item, isRunning && index === turn.items.length - 1),
      )}
      ${isNewest ? this.#activity(turn, isRunning) : nothing}
      ${isOver
        ? html`<ck-turn-actions
            .ui=${this.ui}
            .tick=${this.tick}
            .turn=${turn}
            .isNewest=${isNewest}
            @ck-quote=${this.#onQuote}
          ></ck-turn-actions>`
        : nothing}
    `;
  }

  #item(item: ThreadItem, isRunning: boolean): TemplateResult | typeof nothing {
    const { ui } = this;
    const isPending = ui.chat.conversation.pending.has(item.id);
    switch (item.type) {
      case 'user_message':
        return userMessage(ui, item);
      case 'assistant_message':
        return assistantMessage(ui, item, isPending);
      case 'workflow':
        return html`<ck-workflow
          .ui=${ui}
          .tick=${this.tick}
          .item=${item}
          .isPending=${isPending}
        ></ck-workflow>`;
      case 'task':
        return html`<div data-item-id=${item.id} data-item-type="task">
          ${taskView(ui, item.task, false, isRunning)}
        </div>`;
      case 'widget':
        return html`<div class="widget-item" data-item-id=${item.id} data-item-type="widget">
          <ck-widget
            .ui=${ui}
            .tick=${this.tick}
            .itemId=${item.id}
            .isPending=${isPending}
            .root=${item.widget}
          ></ck-widget>
        </div>`;
      case 'generated_image':
        return imageView(ui, item, isPending);
      case 'structured_input':
        return item.id === ui.chat.waitingInput?.id ? nothing : answeredInput(ui, item);
      default:
        return nothing;
    }
  }

  /** What is shown while nothing of the answer is, and why there is none. */
  #activity(turn: TurnOfItems, isRunning: boolean): TemplateResult | typeof nothing {
    const { chat, strings } = this.ui;
    const { progress, failure, pending } = chat.conversation;
    if (progress) {
      return html`<p class="progress" role="status">
        ${icon(progress.icon)}<span class="shimmer" dir="auto">${progress.text}</span>
      </p>`;
    }
    if (isRunning && !turn.items.some((item) => isVisible(item) && pending.has(item.id))) {
      return html`<p class="progress">${typing(this.ui)}</p>`;
    }
    if (!failure) return nothing;
    const told = failure.message || (failure.interrupted ? strings.interrupted : strings.somethingWrong);
    return html`<div class="failure" role="alert">
      <span dir="auto">${told}</span>
      ${failure.retry
        ? html`<button type="button" class="button" @click=${failure.retry}>${strings.retry}</button>`
        : nothing}
    </div>`;
  }

  /** Of a turn in which something is selected, that; else its whole text. */
  readonly #onQuote = (event: CustomEvent<string>): void => {
    const turn = (event.target as Element).closest('.turn');
    const selection = this.querySelector<SelectionReply>('ck-selection-reply');
    const selected = turn && selection?.takeFrom(turn);
    this.dispatchEvent(new CustomEvent('ck-reply', { detail: selected || event.detail, bubbles: true }));
  };

  #skeleton(): TemplateResult {
    return html`<div class="skeleton" role="status" aria-label=${this.ui.strings.loading}>
      <i></i><i></i><i></i>
    </div>`;
  }

  #loadFailure(): TemplateResult {
    const { chat, strings } = this.ui;
    const threadId = chat.loadFailure?.threadId ?? '';
    return html`<div class="failure" role="alert">
      <span>${strings.loadFailed}</span>
      <span>
        <button
          type="button"
          class="button"
          @click=${() => chat.open(threadId).catch(() => undefined)}
        >
          ${strings.tryAgain}
        </button>
        <button type="button" class="button" @click=${() => chat.startNew()}>
          ${strings.newChat}
        </button>
      </span>
    </div>`;
  }

  // Where the view stands

  get #scroller(): HTMLElement | null {
    return this.querySelector('.scroller');
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#position.connect();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#position.disconnect();
  }

  protected override firstUpdated(): void {
    this.#position.connect();
  }

  protected override willUpdate(): void {
    this.#noteEcho();
    this.#position.keep();
  }

  #noteEcho(): void {
    const { items } = this.ui.chat.conversation;
    const id = items.findLast((item) => item.type === 'user_message')?.id;
    const before = this.#lastUser;
    if (!id || !before?.startsWith('local-') || id.startsWith('local-')) return;
    const isKnown = items.some((item) => item.id === before) || this.#knownUsers.has(id);
    if (!isKnown) this.#aliases.set(id, before);
  }

  protected override updated(): void {
    const scroller = this.#scroller;
    if (!scroller) return;
    const { chat, options } = this.ui;
    const lastUser = chat.conversation.items.findLast((item) => item.type === 'user_message')?.id;
    const isOtherThread = chat.threadId !== this.#shownThread && !this.#wasCreated();
    if (isOtherThread || (chat.loading === null && this.#shownThread === undefined)) {
      this.#position.toEnd();
    } else if (lastUser !== this.#lastUser && lastUser?.startsWith('local-')) {
      this.#position.toNewest();
    } else if (options.thread.autoScroll && this.#position.follows && chat.isResponding) {
      this.#position.toBottom('instant');
    } else {
      this.#position.keep();
    }
    if (chat.isResponding) this.#position.touch();
    this.#shownThread = chat.threadId;
    this.#lastUser = lastUser;
    this.#knownUsers = new Set(
      chat.conversation.items.filter((item) => item.type === 'user_message').map((item) => item.id),
    );
    this.#position.note();
    this.#fill(scroller);
    if (this.#announcer.follow(chat, this.ui.strings)) this.requestUpdate();
  }

  /** Where nothing can be scrolled, nobody can ask for what is older. */
  #fill(scroller: HTMLElement): void {
    const { chat } = this.ui;
    const isShort = scroller.clientHeight > 0 && scroller.scrollHeight <= scroller.clientHeight;
    if (isShort && chat.loading === null) this.#loadOlder();
  }

  /** Unless that failed: the server would be asked again and again. There is a button for it then. */
  #loadOlder(): void {
    const { chat } = this.ui;
    if (!chat.hasOlderFailed) void chat.loadOlder();
  }

  /** Whether the thread that is shown is the one that was begun here. */
  #wasCreated(): boolean {
    return this.#shownThread === null && this.#lastUser !== undefined;
  }

  /** Texts are drawn after the conversation, and long ones later still. */
  readonly #onGrown = (): void => {
    if (!this.ui.options.thread.autoScroll || !this.#position.follows) return;
    this.#position.toBottom('instant');
    this.#position.note();
  };

  readonly #onTouch = (): void => this.#position.touch();

  readonly #onScroll = (event: Event): void => {
    const scroller = event.target as HTMLElement;
    this.#position.scrolled(scroller);
    this.isAway = !this.#position.follows;
    if (scroller.scrollTop < NEAR_TOP_PX) this.#loadOlder();
  };
}

define('ck-transcript', Transcript);

function keyOf(turn: TurnOfItems): string {
  return turn.user?.id ?? turn.items[0]?.id ?? '';
}
