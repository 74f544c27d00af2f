/** Where a message is written, with all that goes along with it. */

import type { Attachment as OfficialAttachment, Entity, UserMessageContent } from '@openai/chatkit';
import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { contentOf } from '../content';
import { asError } from '../errors';
import type { OutgoingMessage } from '../outgoing-message';
import type { Attachment, InferenceOptions, StructuredInputItem } from '../protocol';
import { define, Part, type Ui } from '../ui';
import { closedBanner, disclaimer } from './composer-banner';
import { Choices, mentionButton, modelPicker, pinnedTools, toolChip, toolMenu } from './composer-choices';
import { builtInCommands } from './composer-commands';
import { Dictation, dictationButtons } from './composer-dictation';
import { fileChips, fileField, Files } from './composer-files';
import { QUOTE_ID, quoteChip } from './composer-quote';
import { sendButton } from './composer-send';
import './menu-button';
import './structured-form';
import type { StructuredForm } from './structured-form';
import './suggestions';
import type { BuiltIn, Suggestions } from './suggestions';
import './text-input';
import type { Query, TextInput } from './text-input';

const MAX_QUOTE = 2_000;

export interface ComposerValue {
  text?: string;
  content?: UserMessageContent[];
  reply?: string;
  attachments?: OfficialAttachment[];
  files?: File[];
  selectedToolId?: string | null;
  selectedModelId?: string;
}

export class Composer extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    quote: { state: true },
    isFilled: { state: true },
    suggestion: { state: true },
  };

  declare quote: string;
  /** Whether something is written. */
  declare isFilled: boolean;
  /** Id of the suggestion that Enter takes; empty for none. */
  declare suggestion: string;

  readonly #changed = (): void => this.requestUpdate();
  readonly #choices = new Choices(() => this.ui, this.#changed);
  readonly #dictation = new Dictation(() => this.ui, this.#changed, (text) =>
    text ? this.#input?.insertWords(text) : this.focusInput(),
  );
  readonly #files = new Files(() => this.ui, this.#changed, () => this.querySelector('input[type="file"]'));

  /** What is in the field again because it did not reach the server. */
  #restored: OutgoingMessage | null = null;
  /** Whether what is about to be hidden has the focus. */
  #hasFocus = false;
  #wasWritable = true;

  constructor() {
    super();
    this.quote = '';
    this.isFilled = false;
    this.suggestion = '';
  }

  override connectedCallback(): void {
    super.connectedCallback();
    this.#files.uploads.showPreviews();
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.#dictation.cancel();
    this.#files.uploads.hidePreviews();
  }

  // For the page

  get canFocus(): boolean {
    return this.#input !== null && this.#isWritable;
  }

  focusInput(): void {
    this.#input?.focusEnd();
  }

  /** What is chosen beside the text. */
  inferenceOptions(): InferenceOptions {
    return this.#choices.inferenceOptions;
  }

  /** Set what is given, and leave the rest. */
  setValue(value: ComposerValue): void {
    const content = contentOf(value);
    if (content && this.#input) this.#input.content = content;
    if (value.reply !== undefined) this.setQuote(value.reply);
    if (value.attachments) this.#files.uploads.replace(value.attachments as Attachment[]);
    if (value.files) this.#files.attach(value.files);
    if (value.selectedToolId !== undefined) this.#choices.chooseTool(value.selectedToolId);
    if (value.selectedModelId !== undefined) this.#choices.chooseModel(value.selectedModelId);
  }

  setQuote(text: string): void {
    this.quote = text.trim().slice(0, MAX_QUOTE);
  }

  /** Quote, and go on to write. */
  async quoteAndFocus(text: string): Promise<void> {
    this.setQuote(text);
    // What describes the field must be there when it gets the focus.
    await this.updateComplete;
    this.focusInput();
  }

  readonly #removeQuote = (): void => {
    this.setQuote('');
    this.focusInput();
  };

  // What is shown

  get #input(): TextInput | null {
    return this.querySelector<TextInput>('ck-text-input');
  }

  get #suggestions(): Suggestions | null {
    return this.querySelector<Suggestions>('ck-suggestions');
  }

  get #isClosed(): boolean {
    return this.ui.chat.conversation.thread?.status?.type === 'closed';
  }

  /** The questions that are to be answered in the place of a message. */
  get #questions(): StructuredInputItem | null {
    const { chat } = this.ui;
    return chat.isOpen && !chat.isResponding ? chat.waitingInput : null;
  }

  /** Whether the text field is shown. */
  get #isWritable(): boolean {
    return !this.#isClosed && !this.#questions;
  }

  protected override willUpdate(changed: PropertyValues): void {
    const before = changed.get('ui') as Ui | undefined;
    // What another server has cannot go along with a message to this one.
    if (before && before.client !== this.ui.client) this.#files.uploads.clear();
    this.#choices.dropMissing();
    this.#dropRestored();
    const isUnusable = !this.#isWritable || !this.ui.chat.isOpen || !this.#dictation.isOffered;
    if (this.#dictation.recording && isUnusable) this.#dictation.cancel();
    const root = this.getRootNode() as Document | ShadowRoot;
    this.#hasFocus = this.contains(root.activeElement);
  }

  protected override updated(): void {
    if (this.#wasWritable === this.#isWritable) return;
    this.#wasWritable = this.#isWritable;
    if (!this.#hasFocus) return;
    if (this.#isWritable) this.focusInput();
    else void this.querySelector<StructuredForm>('ck-structured-form')?.focusFirst();
  }

  protected override render(): TemplateResult {
    return html`${this.#isClosed ? closedBanner(this.ui) : nothing}
      ${this.#questions ? this.#form(this.#questions) : nothing}
      <div class="column composer-column" ?hidden=${!this.#isWritable}>${this.#writing()}</div>
      ${disclaimer(this.ui)}`;
  }

  #form(item: StructuredInputItem): TemplateResult {
    return html`<div class="column composer-column">
      <div class="composer" part="composer">
        <ck-structured-form .ui=${this.ui} .tick=${this.tick} .item=${item}></ck-structured-form>
      </div>
    </div>`;
  }

  #writing(): TemplateResult {
    const { ui } = this;
    return html`<div
      class="composer"
      part="composer"
      ?data-dropping=${this.#files.isDropping}
      ?data-locked=${!ui.chat.isOpen}
      @dragover=${this.#files.onDragOver}
      @dragleave=${this.#files.onDragLeave}
      @drop=${this.#files.onDrop}
    >
      ${this.#suggestionList()} ${quoteChip(ui, this.quote, this.#removeQuote)}
      ${fileChips(ui, this.#files.uploads, () => this.focusInput())} ${this.#textInput()}
      <div class="composer-bar">
        ${toolMenu(ui, this.#choices, this.#files.pick)} ${mentionButton(ui, () => this.#input?.startMention())}
        ${pinnedTools(ui, this.#choices)}
        ${toolChip(ui, this.#choices, () => this.focusInput())}
        <span class="grow"></span>
        ${modelPicker(ui, this.#choices)} ${dictationButtons(ui, this.#dictation)}
        ${sendButton(this.ui, this.#canSend, () => this.#send())}
      </div>
      ${fileField(ui, this.#files)}
    </div>`;
  }

  #suggestionList(): TemplateResult {
    const commands = builtInCommands(this.ui, {
      choices: this.#choices,
      dictation: this.#dictation,
      pickFiles: this.#files.pick,
      startMention: () => this.#input?.startMention(),
    });
    return html`<ck-suggestions
      .ui=${this.ui}
      .builtIns=${commands}
      @ck-entity=${(event: CustomEvent<Entity>) => this.#input?.insertTag(event.detail)}
      @ck-clear-query=${() => this.#input?.removeQuery()}
      @ck-start-command=${() => this.#input?.startCommand()}
      @ck-run=${(event: CustomEvent<BuiltIn>) => {
        this.#input?.removeQuery();
        event.detail.run();
      }}
      @ck-active=${(event: CustomEvent<string>) => {
        this.suggestion = event.detail;
      }}
    ></ck-suggestions>`;
  }

  #textInput(): TemplateResult {
    return html`<ck-text-input
      .ui=${this.ui}
      .placeholder=${this.#placeholder()}
      .disabled=${!this.ui.chat.isOpen}
      .suggestion=${this.suggestion}
      .describedBy=${this.quote ? QUOTE_ID : ''}
      @ck-change=${() => {
        this.isFilled = !(this.#input?.isEmpty ?? true);
      }}
      @ck-query=${(event: CustomEvent<Query | null>) => this.#suggestions?.look(event.detail)}
      @ck-key=${(event: CustomEvent<KeyboardEvent>) => {
        if (this.#suggestions?.takeKey(event.detail)) event.preventDefault();
      }}
      @ck-files=${(event: CustomEvent<File[]>) => this.#files.attach(event.detail)}
      @ck-submit=${() => this.#send()}
    ></ck-text-input>`;
  }

  #placeholder(): string {
    const { chat, options, strings } = this.ui;
    const status = chat.conversation.thread?.status;
    if (status?.type === 'locked') return status.reason || strings.locked;
    const ofTool = this.#choices.tool?.placeholderOverride;
    return ofTool ?? options.composer.placeholder ?? strings.placeholder;
  }

  // Sending

  get #canSend(): boolean {
    const { chat } = this.ui;
    const hasSomething = this.isFilled || this.#files.uploads.attachments.length > 0;
    return hasSomething && this.#files.uploads.isSettled && !chat.isBusy && chat.isOpen;
  }

  #send(): void {
    const input = this.#input;
    if (!input || !this.#canSend) return;
    const message = {
      content: input.content,
      attachments: this.#files.uploads.attachments,
      quotedText: this.quote,
      inferenceOptions: this.inferenceOptions(),
    };
    this.ui.log('composer.submit', { attachmentsCount: message.attachments.length });
    const { chat } = this.ui;
    const { slot } = chat;
    chat.send(message).catch((error: unknown) => {
      // In a thread that is out of sight, the message waits there.
      if (chat.slot === slot || !slot.conversation.thread) this.#restore(message, error);
    });
    this.#restored = null;
    this.#empty();
    this.#choices.sent();
    this.focusInput();
  }

  #empty(): void {
    this.#input?.clear();
    this.#files.uploads.clear();
    this.setQuote('');
  }

  /** What did not reach the server can be changed and sent again, unless something else is written. */
  #restore(message: OutgoingMessage, error: unknown): void {
    const input = this.#input;
    if (asError(error).name === 'AbortError' || !input?.isEmpty) return;
    input.content = message.content;
    if (!this.quote) this.setQuote(message.quotedText);
    if (this.#files.uploads.list.length === 0) this.#files.uploads.replace(message.attachments);
    this.#restored = message;
    this.ui.chat.restored(message);
  }

  /** Takes the restored text away again when it goes out by Retry, beside the message itself. */
  #dropRestored(): void {
    const { items, unsent } = this.ui.chat.conversation;
    const restored = this.#restored;
    const last = items.at(-1);
    if (!restored || last?.type !== 'user_message' || last.content !== restored.content) return;
    if (unsent.some(({ id }) => id === last.id)) return;
    this.#restored = null;
    if (JSON.stringify(this.#input?.content) === JSON.stringify(restored.content)) this.#empty();
  }
}

define('ck-composer', Composer);
