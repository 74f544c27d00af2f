/** The custom element `openai-chatkit`: its options, methods and events. */

import type { ChatKitEvents, EventHandler, OpenAIChatKit, ToolChoice } from '@openai/chatkit';
import { html, LitElement, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { Chat, type ChatHost, type OutgoingMessage } from './chat';
import { Client } from './client';
import { ClientSecret } from './client-secret';
import type { Composer, ComposerValue } from './components/composer';
import './components/composer';
import './components/header';
import './components/history';
import './components/notices';
import './components/start-screen';
import './components/transcript';
import { contentOf } from './content';
import { asError, IntegrationError } from './errors';
import { resolvedLocale, stringsOf, type Locale } from './locale';
import { lacksUploads, resolved, sameServer, unknownKeys, type ElementOptions, type Options } from './options';
import { metadataFor } from './page-context';
import { endpointOfScript } from './parts';
import type { Attachment, UserContent } from './protocol';
import { ENGLISH, type Strings } from './strings';
import { styles } from './styles';
import { applyTheme } from './theme';
import type { Ui } from './ui';

const READY_WITHIN_MS = 30_000;
const TOAST_MS = 5_000;
// A tab that is not shown draws no frames.
const LONGEST_FRAME_MS = 100;

interface OutgoingParams {
  text?: string;
  content?: ComposerValue['content'];
  reply?: string;
  attachments?: ComposerValue['attachments'];
  newThread?: boolean;
  toolChoice?: ToolChoice;
  model?: string;
}

export class ChatKitElement extends LitElement implements OpenAIChatKit {
  static override styles = styles;
  static override properties: PropertyDeclarations = {
    tick: { state: true },
    toasts: { state: true },
  };

  declare tick: number;
  declare toasts: readonly { key: number; message: string }[];

  #options: Options | null = null;
  #ui: Ui | null = null;
  #locale: Locale = resolvedLocale(undefined, navigator.language);
  #strings: Strings = ENGLISH;
  #isReady = false;
  readonly #waiting = new Set<() => void>();
  #lastToast = 0;

  constructor() {
    super();
    this.tick = 0;
    this.toasts = [];
  }

  // Options

  /** Replace all options; what is missing gets its default again. */
  setOptions(options: ElementOptions): void {
    const next = resolved(options);
    for (const key of unknownKeys(options)) {
      console.warn(`openai-chatkit: there is no option ${key}.`);
      this.#log('options.unknown_key', { key });
    }
    if (lacksUploads(next)) {
      console.warn('openai-chatkit: attachments need an api.uploadStrategy, so they stay off.');
      this.#log('options.no_upload_strategy');
    }
    const before = this.#options;
    this.#options = next;
    if (!before || !sameServer(before, next)) this.#connect(next);
    else if (this.#ui) this.#ui.options = next;
    applyTheme(this, next.theme, (name, data) => this.#log(name, data));
    void this.#speak(next.locale);
    this.#changed();
  }

  get options(): Options | null {
    return this.#options;
  }

  set options(options: ElementOptions) {
    this.setOptions(options);
  }

  #connect(options: Options): void {
    const before = this.#ui?.chat;
    before?.abandon();
    const isFirst = this.#ui === null;
    const current = (): Options => this.#options ?? options;
    const secret = options.api.getClientSecret
      ? new ClientSecret(() => (shown) => current().api.getClientSecret!(shown))
      : undefined;
    const client = new Client({
      url: options.api.url ?? endpointOfScript(),
      fetch: () => current().api.fetch,
      secret,
      locale: () => this.#locale.tag,
      metadata: () => metadataFor(current().context),
      log: (name, data) => this.#log(name, data),
    });
    const host: ChatHost = {
      client: () => client,
      clientTool: () => current().onClientTool,
      changed: () => this.#changed(),
      tell: (name, detail) => this.#tell(name, detail),
      toast: (message) => this.#toast(message),
    };
    const chat = new Chat(host);
    this.#ui = {
      chat,
      client,
      options,
      strings: this.#strings,
      locale: this.#locale,
      tell: host.tell,
      toast: host.toast,
      failed: (error) => this.#tell('error', { error: asError(error) }),
      log: (name, data) => this.#log(name, data),
    };
    if (before && before.threadId !== null) this.#tell('thread.change', { threadId: null });
    secret?.get().catch((error: unknown) => this.#tell('error', { error: asError(error) }));
    if (isFirst && options.initialThread !== null) {
      chat.open(options.initialThread).catch(() => undefined); // shown in its place
    }
  }

  async #speak(option: string | undefined): Promise<void> {
    const locale = resolvedLocale(option, navigator.language);
    this.#locale = locale;
    if (this.#ui) this.#ui.locale = locale;
    const strings = await stringsOf(locale.language);
    if (this.#locale !== locale) return; // another one was chosen meanwhile
    this.#strings = strings;
    if (this.#ui) this.#ui.strings = strings;
    this.#changed();
  }

  // Methods

  async focusComposer(): Promise<void> {
    const { chat } = await this.#ready();
    if (chat.loading !== null) throw new IntegrationError('A thread is being loaded.', 'busy');
    await this.updateComplete;
    const composer = this.#composer();
    if (!composer?.canFocus) throw new IntegrationError('There is no composer now.', 'no_composer');
    composer.focusInput();
  }

  async setThreadId(threadId: string | null): Promise<void> {
    const { chat } = await this.#ready();
    if (chat.isBusy) throw new IntegrationError('The chat is busy.', 'busy');
    if (chat.history.isOpen) this.#closeHistory(chat);
    if (threadId === null || threadId === undefined) {
      chat.startNew();
      return;
    }
    try {
      await chat.open(threadId);
    } catch (error) {
      throw new IntegrationError(asError(error).message, 'load_failed', { cause: error });
    }
  }

  async sendUserMessage(params: OutgoingParams): Promise<void> {
    const { chat } = await this.#ready();
    const chosen = this.#composer()?.inferenceOptions() ?? {};
    const message: OutgoingMessage = {
      content: contentOf(params) ?? [],
      attachments: (params.attachments ?? []) as Attachment[],
      quotedText: params.reply ?? '',
      inferenceOptions: {
        ...chosen,
        ...(params.toolChoice ? { tool_choice: { id: params.toolChoice.id } } : {}),
        ...(params.model ? { model: params.model } : {}),
      },
    };
    if (message.content.length === 0 && message.attachments.length === 0) {
      throw new IntegrationError('The message is empty.', 'empty_message');
    }
    await chat.send(message, { newThread: params.newThread ?? false });
  }

  #quote(text: string): void {
    const composer = this.#composer();
    composer?.setQuote(text);
    composer?.focusInput();
  }

  #sendPrompt(content: UserContent[]): void {
    const message: OutgoingMessage = {
      content,
      attachments: [],
      quotedText: '',
      inferenceOptions: this.#composer()?.inferenceOptions() ?? {},
    };
    this.#ui?.chat.send(message).catch(() => undefined); // shown at the message
  }

  async setComposerValue(params: ComposerValue): Promise<void> {
    const { chat } = await this.#ready();
    if (chat.loading !== null) throw new IntegrationError('A thread is being loaded.', 'busy');
    await this.updateComplete;
    this.#composer()?.setValue(params);
  }

  async sendCustomAction(
    action: { type: string; payload?: Record<string, unknown> },
    itemId?: string,
  ): Promise<void> {
    const { chat } = await this.#ready();
    await chat.act(action, itemId);
  }

  async showHistory(): Promise<void> {
    const { chat, options } = await this.#ready();
    if (!options.history.enabled) {
      throw new IntegrationError('The history is switched off.', 'history_disabled');
    }
    this.#openHistory(chat);
  }

  async hideHistory(): Promise<void> {
    const { chat } = await this.#ready();
    this.#closeHistory(chat);
  }

  async fetchUpdates(): Promise<void> {
    const { chat } = await this.#ready();
    await chat.fetchUpdates();
  }

  #openHistory(chat: Chat): void {
    if (chat.history.isOpen) return;
    chat.history.isOpen = true;
    void chat.history.refresh();
    this.#tell('history.open');
    this.#changed();
  }

  #closeHistory(chat: Chat): void {
    if (!chat.history.isOpen) return;
    chat.history.isOpen = false;
    this.#tell('history.close');
    this.#changed();
  }

  // Events. The overloads are those of the official type.

  override addEventListener<K extends keyof ChatKitEvents>(
    type: K,
    listener: EventHandler<K>,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void;
  override addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | AddEventListenerOptions,
  ): void {
    super.addEventListener(type, listener as EventListener, options);
  }

  override removeEventListener<K extends keyof ChatKitEvents>(
    type: K,
    listener: EventHandler<K>,
    options?: boolean | EventListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void;
  override removeEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject | null,
    options?: boolean | EventListenerOptions,
  ): void {
    super.removeEventListener(type, listener as EventListener, options);
  }

  #tell(name: string, detail?: unknown): void {
    this.dispatchEvent(new CustomEvent(`chatkit.${name}`, { detail }));
  }

  #log(name: string, data?: Record<string, unknown>): void {
    this.#tell('log', data ? { name, data } : { name });
  }

  #toast(message: string): void {
    const key = ++this.#lastToast;
    this.toasts = [...this.toasts, { key, message }];
    setTimeout(() => {
      this.toasts = this.toasts.filter((toast) => toast.key !== key);
    }, TOAST_MS);
  }

  // Life

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // A move within the page takes the element out and puts it in again.
    setTimeout(() => {
      if (!this.isConnected) this.#ui?.chat.abandon();
    });
  }

  async #ready(): Promise<Ui> {
    if (!this.#isReady) {
      await new Promise<void>((resolve, reject) => {
        const late = setTimeout(() => {
          this.#waiting.delete(done);
          reject(new IntegrationError('The element got no options.', 'not_ready'));
        }, READY_WITHIN_MS);
        const done = (): void => {
          clearTimeout(late);
          resolve();
        };
        this.#waiting.add(done);
      });
    }
    return this.#ui!;
  }

  #changed(): void {
    this.tick += 1;
  }

  /** Once a frame, however many events of a stream come in it. */
  protected override async scheduleUpdate(): Promise<void> {
    await new Promise<void>((resolve) => {
      const late = setTimeout(resolve, LONGEST_FRAME_MS);
      requestAnimationFrame(() => {
        clearTimeout(late);
        resolve();
      });
    });
    super.scheduleUpdate();
  }

  protected override updated(): void {
    if (this.#isReady || !this.#ui) return;
    this.#isReady = true;
    // The listeners of a React app are there only after the frame in which it gave the options.
    setTimeout(() => this.#tell('ready'));
    for (const done of this.#waiting) done();
    this.#waiting.clear();
  }

  /** The composer may be out of sight yet, behind the history. */
  #focusWhenShown(): void {
    void this.updateComplete.then(() => this.#composer()?.focusInput());
  }

  #composer(): Composer | null {
    return this.renderRoot.querySelector<Composer>('ck-composer');
  }

  protected override render(): TemplateResult | typeof nothing {
    const ui = this.#ui;
    if (!ui) return nothing;
    const { chat, options, strings } = ui;
    const isStart = chat.threadId === null && chat.conversation.items.length === 0;
    const { tick } = this;
    return html`
      <section
        class="frame"
        part="frame"
        aria-label=${options.frameTitle}
        dir=${ui.locale.direction}
        lang=${ui.locale.language}
        data-scheme=${options.theme.colorScheme}
        data-radius=${options.theme.radius ?? 'pill'}
        data-density=${options.theme.density ?? 'normal'}
      >
        ${options.header.enabled
          ? html`<ck-header
              .ui=${ui}
              .tick=${tick}
              @ck-history=${() =>
                chat.history.isOpen ? this.#closeHistory(chat) : this.#openHistory(chat)}
              @ck-new-chat=${() => this.#focusWhenShown()}
            ></ck-header>`
          : nothing}
        <div class="main" ?hidden=${chat.history.isOpen}>
          ${isStart && chat.loading === null && !chat.loadFailure
            ? html`<ck-start-screen
                .ui=${ui}
                .tick=${tick}
                @ck-prompt=${(event: CustomEvent<UserContent[]>) => this.#sendPrompt(event.detail)}
              ></ck-start-screen>`
            : html`<ck-transcript
                .ui=${ui}
                .tick=${tick}
                @ck-reply=${(event: CustomEvent<string>) => this.#quote(event.detail)}
              ></ck-transcript>`}
          <ck-notices .ui=${ui} .tick=${tick}></ck-notices>
          <ck-composer .ui=${ui} .tick=${tick}></ck-composer>
        </div>
        ${chat.history.isOpen
          ? html`<ck-history
              .ui=${ui}
              .tick=${tick}
              @ck-close=${() => this.#closeHistory(chat)}
            ></ck-history>`
          : nothing}
        <div class="toasts" role="status" aria-label=${strings.noticeInfo}>
          ${this.toasts.map((toast) => html`<p class="toast" part="toast">${toast.message}</p>`)}
        </div>
      </section>
    `;
  }
}
