/** The custom element `openai-chatkit`: its options and methods. */

import type { OpenAIChatKit } from '@openai/chatkit';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import type { Composer, ComposerValue } from './components/composer';
import './components/composer';
import './components/header';
import './components/history';
import './components/notices';
import './components/start-screen';
import { Toasts } from './components/toasts';
import './components/transcript';
import { connected } from './connection';
import { asError, IntegrationError } from './errors';
import { ChatKitEventTarget, tell } from './events';
import { resolvedLocale, stringsOf, type Locale } from './locale';
import { lacksUploads, resolved, sameServer, unknownKeys, type ElementOptions, type Options } from './options';
import { messageOf, type GivenMessage } from './outgoing-message';
import type { UserContent } from './protocol';
import { Readiness } from './readiness';
import { ENGLISH, type Strings } from './strings';
import { styles } from './styles';
import { applyTheme } from './theme';
import type { Ui } from './ui';

// A tab that is not shown draws no frames.
const LONGEST_FRAME_MS = 100;

export class ChatKitElement extends ChatKitEventTarget implements OpenAIChatKit {
  static override styles = styles;
  static override properties: PropertyDeclarations = {
    tick: { state: true },
  };

  declare tick: number;

  #options: Options | null = null;
  #ui: Ui | null = null;
  #locale: Locale = resolvedLocale(undefined, navigator.language);
  #strings: Strings = ENGLISH;
  readonly #readiness = new Readiness();
  readonly #toasts = new Toasts(() => this.#changed());

  constructor() {
    super();
    this.tick = 0;
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
    if (!next.history.enabled) this.#ui?.chat.history.close();
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
    // What is still being loaded is of the other server.
    before?.startNew();
    before?.abandon();
    const ui = connected({
      options: () => this.#options ?? options,
      locale: () => this.#locale,
      strings: () => this.#strings,
      changed: () => this.#changed(),
      tell: (name, detail) => tell(this, name, detail),
      toast: (message) => this.#toasts.add(message),
    });
    this.#ui = ui;
    if (!before && options.initialThread !== null) {
      ui.chat.open(options.initialThread).catch(() => undefined); // shown in its place
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
    chat.history.close();
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

  async sendUserMessage(params: GivenMessage & { newThread?: boolean }): Promise<void> {
    const { chat } = await this.#ready();
    const message = messageOf(params, this.#composer()?.inferenceOptions() ?? {});
    if (message.content.length === 0 && message.attachments.length === 0) {
      throw new IntegrationError('The message is empty.', 'empty_message');
    }
    await chat.send(message, { newThread: params.newThread ?? false });
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
    chat.history.open();
  }

  async hideHistory(): Promise<void> {
    const { chat } = await this.#ready();
    chat.history.close();
  }

  async fetchUpdates(): Promise<void> {
    const { chat } = await this.#ready();
    await chat.fetchUpdates();
  }

  #log(name: string, data?: Record<string, unknown>): void {
    tell(this, 'log', data ? { name, data } : { name });
  }

  // Life

  override connectedCallback(): void {
    super.connectedCallback();
    // What a page set before the script was there hides the accessor.
    if (!Object.hasOwn(this, 'options')) return;
    const given = this as unknown as { options?: ElementOptions };
    const { options } = given;
    delete given.options;
    if (options) this.setOptions(options);
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    // A move within the page takes the element out and puts it in again.
    setTimeout(() => {
      if (!this.isConnected) this.#ui?.chat.abandon();
    });
  }

  async #ready(): Promise<Ui> {
    await this.#readiness.wait();
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
    if (this.#readiness.isReady || !this.#ui) return;
    // The listeners of a React app are there only after the frame in which it gave the options.
    setTimeout(() => tell(this, 'ready'));
    this.#readiness.reached();
  }

  /** The composer may be out of sight yet, behind the history. */
  #focusWhenShown(): void {
    void this.updateComplete.then(() => this.#composer()?.focusInput());
  }

  #composer(): Composer | null {
    return this.renderRoot.querySelector<Composer>('ck-composer');
  }

  #sendPrompt(content: UserContent[]): void {
    const message = messageOf({}, this.#composer()?.inferenceOptions() ?? {});
    this.#ui?.chat.send({ ...message, content }).catch(() => undefined); // shown at the message
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
              @ck-history=${() => (chat.history.isOpen ? chat.history.close() : chat.history.open())}
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
                @ck-reply=${(event: CustomEvent<string>) => void this.#composer()?.quoteAndFocus(event.detail)}
              ></ck-transcript>`}
          <ck-notices .ui=${ui} .tick=${tick}></ck-notices>
          <ck-composer .ui=${ui} .tick=${tick}></ck-composer>
        </div>
        ${chat.history.isOpen
          ? html`<ck-history
              .ui=${ui}
              .tick=${tick}
              @ck-close=${() => chat.history.close()}
            ></ck-history>`
          : nothing}
        ${this.#toasts.render(strings.noticeInfo)}
      </section>
    `;
  }
}
