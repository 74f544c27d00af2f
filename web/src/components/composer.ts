/** Where a message is written, with all that goes along with it. */

import type { Attachment as OfficialAttachment, Entity, ToolOption, UserMessageContent } from '@openai/chatkit';
import { html, nothing, type PropertyDeclarations, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { contentOf } from '../content';
import { canDictate, Recording } from '../dictation';
import { icon } from '../icons';
import { inlineMarkdown } from '../markdown';
import type { Attachment, InferenceOptions } from '../protocol';
import { filled } from '../strings';
import { acceptAttribute, Uploads, type Upload } from '../uploads';
import { define, Part } from '../ui';
import './menu-button';
import type { MenuEntry } from './menu-button';
import './structured-form';
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
    toolId: { state: true },
    modelId: { state: true },
    recording: { state: true },
    isTranscribing: { state: true },
    isDropping: { state: true },
    isFilled: { state: true },
    version: { state: true },
    suggestion: { state: true },
  };

  declare quote: string;
  declare toolId: string | null;
  declare modelId: string | null;
  declare recording: Recording | null;
  declare isTranscribing: boolean;
  declare isDropping: boolean;
  /** Whether something is written. */
  declare isFilled: boolean;
  /** Changes with uploads and the loudness of a recording. */
  declare version: number;
  declare suggestion: string;

  readonly #uploads = new Uploads({
    client: () => this.ui.client,
    options: () => this.ui.options,
    changed: () => {
      this.version += 1;
    },
    failed: (error) => this.ui.failed(error),
  });

  constructor() {
    super();
    this.quote = '';
    this.toolId = null;
    this.modelId = null;
    this.recording = null;
    this.isTranscribing = false;
    this.isDropping = false;
    this.isFilled = false;
    this.version = 0;
    this.suggestion = '';
  }

  override disconnectedCallback(): void {
    super.disconnectedCallback();
    this.recording?.cancel();
    this.recording = null;
  }

  // For the page

  get canFocus(): boolean {
    return this.#input !== null;
  }

  focusInput(): void {
    this.#input?.focusEnd();
  }

  /** What is chosen beside the text. */
  inferenceOptions(): InferenceOptions {
    const { tools } = this.ui.options.composer;
    const tool = tools.find((other) => other.id === this.toolId);
    const model = this.#model;
    return {
      ...(tool ? { tool_choice: { id: tool.id } } : {}),
      ...(model ? { model } : {}),
    };
  }

  /** Set what is given, and leave the rest. */
  setValue(value: ComposerValue): void {
    const content = contentOf(value) ?? undefined;
    if (content && this.#input) this.#input.content = content;
    if (value.reply !== undefined) this.setQuote(value.reply);
    if (value.attachments) this.#uploads.replace(value.attachments as Attachment[]);
    if (value.files) this.#attach(value.files);
    if (value.selectedToolId !== undefined) this.#chooseTool(value.selectedToolId);
    if (value.selectedModelId !== undefined) this.#chooseModel(value.selectedModelId);
  }

  setQuote(text: string): void {
    this.quote = text.trim().slice(0, MAX_QUOTE);
  }

  // What is shown

  get #input(): TextInput | null {
    return this.querySelector<TextInput>('ck-text-input');
  }

  get #suggestions(): Suggestions | null {
    return this.querySelector<Suggestions>('ck-suggestions');
  }

  protected override render(): TemplateResult {
    const { ui } = this;
    const { chat, options, strings } = ui;
    const status = chat.conversation.thread?.status;
    const disclaimer = options.disclaimer
      ? html`<p class="disclaimer column" ?data-contrast=${options.disclaimer.highContrast}>
          ${inlineMarkdown(ui, options.disclaimer.text)}
        </p>`
      : nothing;
    if (status?.type === 'closed') {
      return html`<div class="column">
          <p class="closed" role="status" dir="auto">
            ${icon('info')} ${status.reason || strings.closed}
          </p>
        </div>
        ${disclaimer}`;
    }
    const waiting = status?.type === 'locked' ? null : chat.waitingInput;
    if (waiting && !chat.isResponding) {
      return html`<div class="column composer-column">
          <div class="composer">
            <ck-structured-form
              .ui=${ui}
              .tick=${this.tick}
              .item=${waiting}
            ></ck-structured-form>
          </div>
        </div>
        ${disclaimer}`;
    }
    return html`<div class="column composer-column">${this.#form()}</div>
      ${disclaimer}`;
  }

  #form(): TemplateResult {
    const { ui } = this;
    const isLocked = !ui.chat.isOpen;
    return html`<div
      class="composer"
      ?data-dropping=${this.isDropping}
      ?data-locked=${isLocked}
      @dragover=${this.#onDragOver}
      @dragleave=${() => {
        this.isDropping = false;
      }}
      @drop=${this.#onDrop}
    >
      <ck-suggestions
        .ui=${ui}
        .builtIns=${this.#builtIns()}
        @ck-entity=${(event: CustomEvent<Entity>) => this.#input?.insertTag(event.detail)}
        @ck-clear-query=${() => this.#input?.removeQuery()}
        @ck-run=${(event: CustomEvent<BuiltIn>) => this.#run(event.detail)}
        @ck-active=${(event: CustomEvent<string>) => {
          this.suggestion = event.detail;
        }}
      ></ck-suggestions>
      ${this.quote ? this.#quoteChip() : nothing}
      ${this.#uploads.list.length > 0 ? this.#files() : nothing}
      <ck-text-input
        .ui=${ui}
        .placeholder=${this.#placeholder()}
        .disabled=${isLocked}
        .suggestion=${this.suggestion}
        @ck-change=${this.#onChange}
        @ck-query=${(event: CustomEvent<Query | null>) => this.#suggestions?.look(event.detail)}
        @ck-key=${(event: CustomEvent<KeyboardEvent>) => {
          if (this.#suggestions?.takeKey(event.detail)) event.preventDefault();
        }}
        @ck-files=${(event: CustomEvent<File[]>) => this.#attach(event.detail)}
        @ck-submit=${() => this.#send()}
      ></ck-text-input>
      <div class="composer-bar">
        ${this.#menu()} ${this.#pinnedTools()} ${this.#toolChip()}
        <span class="grow"></span>
        ${this.#modelPicker()} ${this.#dictation()} ${this.#sendButton()}
      </div>
      <input
        type="file"
        hidden
        multiple
        accept=${acceptAttribute(ui.options.composer.attachments.accept)}
        @change=${this.#onPicked}
      />
    </div>`;
  }

  #placeholder(): string {
    const { chat, options, strings } = this.ui;
    const status = chat.conversation.thread?.status;
    if (status?.type === 'locked') return status.reason || strings.locked;
    return (
      this.#tool?.placeholderOverride ?? options.composer.placeholder ?? strings.placeholder
    );
  }

  #quoteChip(): TemplateResult {
    return html`<div class="quote-chip">
      <blockquote dir="auto">${this.quote}</blockquote>
      <button
        type="button"
        class="icon-button small"
        aria-label=${this.ui.strings.removeQuote}
        @click=${() => this.setQuote('')}
      >
        ${icon('close')}
      </button>
    </div>`;
  }

  // Files

  get #takesFiles(): boolean {
    const { api, composer } = this.ui.options;
    return composer.attachments.enabled && api.uploadStrategy !== undefined;
  }

  #files(): TemplateResult {
    return html`<ul class="uploads" role="list">
      ${repeat(
        this.#uploads.list,
        (upload) => upload.key,
        (upload) => html`<li>${this.#file(upload)}</li>`,
      )}
    </ul>`;
  }

  #file(upload: Upload): TemplateResult {
    const { strings } = this.ui;
    const isRunning = upload.state === 'sending' || upload.state === 'waiting';
    return html`<div class="upload" data-state=${upload.state}>
      ${upload.preview
        ? html`<img src=${upload.preview} alt="" />`
        : html`<span class="upload-icon">${icon('document')}</span>`}
      <span class="upload-name" dir="auto" title=${upload.name}>${upload.name}</span>
      ${isRunning
        ? html`<progress
            max="1"
            .value=${upload.progress}
            aria-label=${filled(strings.uploading, { name: upload.name })}
          ></progress>`
        : nothing}
      ${upload.state === 'failed'
        ? html`<span class="visually-hidden" role="alert"
              >${filled(strings.uploadFailed, { name: upload.name })}</span
            >
            <button
              type="button"
              class="icon-button small"
              aria-label=${filled(strings.retryUpload, { name: upload.name })}
              @click=${() => this.#uploads.retry(upload.key)}
            >
              ${icon('reload')}
            </button>`
        : nothing}
      <button
        type="button"
        class="icon-button small"
        aria-label=${filled(strings.removeFile, { name: upload.name })}
        @click=${() => this.#uploads.remove(upload.key)}
      >
        ${icon('close')}
      </button>
    </div>`;
  }

  #attach(files: readonly File[]): void {
    if (!this.#takesFiles) return;
    for (const refusal of this.#uploads.add(files, this.ui.strings)) this.ui.toast(refusal);
  }

  #pickFiles(): void {
    this.querySelector<HTMLInputElement>('input[type="file"]')?.click();
  }

  readonly #onPicked = (event: Event): void => {
    const field = event.target as HTMLInputElement;
    this.#attach([...(field.files ?? [])]);
    field.value = ''; // so that the same file can be picked again
  };

  readonly #onDragOver = (event: DragEvent): void => {
    if (!this.#takesFiles || !event.dataTransfer?.types.includes('Files')) return;
    event.preventDefault();
    this.isDropping = true;
  };

  readonly #onDrop = (event: DragEvent): void => {
    this.isDropping = false;
    const files = [...(event.dataTransfer?.files ?? [])];
    if (files.length === 0) return;
    event.preventDefault();
    this.#attach(files);
  };

  // Tools and models

  get #tool(): ToolOption | undefined {
    return this.ui.options.composer.tools.find((tool) => tool.id === this.toolId);
  }

  #chooseTool(id: string | null): void {
    const isKnown = id === null || this.ui.options.composer.tools.some((tool) => tool.id === id);
    if (!isKnown) {
      this.ui.log('composer.unknown_tool', { id });
      return;
    }
    if (id === this.toolId) return;
    this.toolId = id;
    this.ui.tell('tool.change', { toolId: id });
  }

  /** The model that is sent along: the chosen one, else the page's first. */
  get #model(): string | undefined {
    const { models } = this.ui.options.composer;
    const usable = models.filter((model) => !model.disabled);
    const chosen = usable.find((model) => model.id === this.modelId);
    return (chosen ?? usable.find((model) => model.default) ?? usable[0])?.id;
  }

  #chooseModel(id: string): void {
    const isKnown = this.ui.options.composer.models.some((model) => model.id === id && !model.disabled);
    if (isKnown) this.modelId = id;
    else this.ui.log('composer.unknown_model', { id });
  }

  protected override willUpdate(): void {
    // A tool that the page takes away cannot stay chosen.
    if (this.toolId !== null && !this.#tool) this.#chooseTool(null);
  }

  #menu(): TemplateResult | typeof nothing {
    const { options, strings } = this.ui;
    const entries: MenuEntry[] = [];
    if (this.#takesFiles) {
      entries.push({
        id: 'attach',
        label: strings.attachFiles,
        icon: 'attach',
        choose: () => this.#pickFiles(),
      });
    }
    const isLocked = !this.ui.chat.isOpen;
    const tools = options.composer.tools;
    if (tools.length === 0) {
      return html`
        ${this.#takesFiles
          ? html`<button
              type="button"
              class="icon-button"
              aria-label=${strings.attachFiles}
              title=${strings.attachFiles}
              ?disabled=${isLocked}
              @click=${() => this.#pickFiles()}
            >
              ${icon('plus')}
            </button>`
          : nothing}
        ${this.#mentionButton()}
      `;
    }
    for (const tool of tools) {
      entries.push({
        id: tool.id,
        label: tool.label,
        icon: tool.icon,
        checked: tool.id === this.toolId,
        choose: () => this.#chooseTool(tool.id === this.toolId ? null : tool.id),
      });
    }
    return html`<ck-menu-button
        .ui=${this.ui}
        .label=${strings.tools}
        .icon=${'plus'}
        .entries=${entries}
        .disabled=${isLocked}
      ></ck-menu-button>
      ${this.#mentionButton()}`;
  }

  #mentionButton(): TemplateResult | typeof nothing {
    const { options, strings } = this.ui;
    if (!options.entities.showComposerMenu || !options.entities.onTagSearch) return nothing;
    return html`<button
      type="button"
      class="icon-button"
      aria-label=${strings.mention}
      title=${strings.mention}
      @click=${() => this.#startMention()}
    >
      ${icon('mention')}
    </button>`;
  }

  #startMention(): void {
    const input = this.#input;
    if (!input) return;
    input.focusEnd();
    input.insertText(this.isFilled ? ' @' : '@');
  }

  #pinnedTools(): TemplateResult[] {
    const pinned = this.ui.options.composer.tools.filter((tool) => tool.pinned);
    return pinned.map(
      (tool) =>
        html`<button
          type="button"
          class="tool"
          aria-pressed=${tool.id === this.toolId ? 'true' : 'false'}
          ?disabled=${!this.ui.chat.isOpen}
          @click=${() => this.#chooseTool(tool.id === this.toolId ? null : tool.id)}
        >
          ${icon(tool.icon)}<span>${tool.shortLabel ?? tool.label}</span>
        </button>`,
    );
  }

  #toolChip(): TemplateResult | typeof nothing {
    const tool = this.#tool;
    if (!tool || tool.pinned) return nothing;
    return html`<span class="tool chip">
      ${icon(tool.icon)}<span>${tool.shortLabel ?? tool.label}</span>
      <button
        type="button"
        aria-label=${filled(this.ui.strings.removeTool, { name: tool.label })}
        @click=${() => this.#chooseTool(null)}
      >
        ${icon('close')}
      </button>
    </span>`;
  }

  #modelPicker(): TemplateResult | typeof nothing {
    const { models } = this.ui.options.composer;
    if (models.length === 0) return nothing;
    const current = models.find((model) => model.id === this.#model);
    const entries = models.map((model) => ({
      id: model.id,
      label: model.label,
      description: model.description,
      disabled: model.disabled,
      checked: model.id === current?.id,
      choose: () => this.#chooseModel(model.id),
    }));
    return html`<ck-menu-button
      class="model"
      .ui=${this.ui}
      .label=${this.ui.strings.model}
      .text=${current?.label ?? this.ui.strings.model}
      .entries=${entries}
    ></ck-menu-button>`;
  }

  // Dictation

  #dictation(): TemplateResult | typeof nothing {
    const { options, strings } = this.ui;
    if (!options.composer.dictation || !canDictate()) return nothing;
    if (this.isTranscribing) {
      return html`<span class="spinner" role="status" aria-label=${strings.transcribing}></span>`;
    }
    const { recording } = this;
    if (!recording) {
      return this.#iconButton(strings.startDictation, 'mic', () => void this.#startDictation());
    }
    return html`<meter
        class="level"
        min="0"
        max="1"
        .value=${recording.level}
        aria-hidden="true"
      ></meter>
      ${this.#iconButton(strings.cancelDictation, 'close', () => this.#cancelDictation())}
      ${this.#iconButton(strings.stopDictation, 'check', () => void this.#finishDictation())}`;
  }

  #iconButton(label: string, name: string, onClick: () => void): TemplateResult {
    return html`<button
      type="button"
      class="icon-button"
      aria-label=${label}
      title=${label}
      @click=${onClick}
    >
      ${icon(name)}
    </button>`;
  }

  async #startDictation(): Promise<void> {
    try {
      this.recording = await Recording.start(
        () => {
          this.version += 1;
        },
        () => void this.#finishDictation(),
      );
    } catch (error) {
      this.ui.toast(this.ui.strings.microphoneRefused);
      this.ui.failed(error);
    }
  }

  #cancelDictation(): void {
    this.recording?.cancel();
    this.recording = null;
  }

  async #finishDictation(): Promise<void> {
    const { recording } = this;
    if (!recording) return;
    this.recording = null;
    this.isTranscribing = true;
    try {
      const text = await recording.finish(this.ui.client);
      if (text.trim()) this.#input?.insertText(text);
    } catch (error) {
      this.ui.toast(this.ui.strings.dictationFailed);
      this.ui.failed(error);
    }
    this.isTranscribing = false;
    this.focusInput();
  }

  // Commands of the composer's own

  #builtIns(): BuiltIn[] {
    const { options, strings } = this.ui;
    const all: (BuiltIn | false | undefined)[] = [
      this.#takesFiles && {
        id: 'attach',
        label: strings.attachFiles,
        icon: 'attach',
        run: () => this.#pickFiles(),
      },
      ...options.composer.tools.map((tool) => ({
        id: `tool:${tool.id}`,
        label: tool.label,
        icon: tool.icon,
        run: () => this.#chooseTool(tool.id),
      })),
      ...options.composer.models
        .filter((model) => !model.disabled)
        .map((model) => ({
          id: `model:${model.id}`,
          label: model.label,
          icon: 'sparkle',
          run: () => this.#chooseModel(model.id),
        })),
      options.entities.onTagSearch && {
        id: 'mention',
        label: strings.mention,
        icon: 'mention',
        run: () => this.#startMention(),
      },
      options.composer.dictation &&
        canDictate() && {
          id: 'dictate',
          label: strings.startDictation,
          icon: 'mic',
          run: () => void this.#startDictation(),
        },
    ];
    return all.filter((action): action is BuiltIn => Boolean(action));
  }

  #run(action: BuiltIn): void {
    this.#input?.removeQuery();
    action.run();
  }

  // Sending

  readonly #onChange = (): void => {
    this.isFilled = !(this.#input?.isEmpty ?? true);
  };

  get #canSend(): boolean {
    const { chat } = this.ui;
    const hasSomething = this.isFilled || this.#uploads.attachments.length > 0;
    return hasSomething && this.#uploads.isSettled && !chat.isBusy && chat.isOpen;
  }

  #sendButton(): TemplateResult {
    const { chat, strings } = this.ui;
    if (chat.isResponding && chat.canStop) {
      return html`<button
        type="button"
        class="send"
        aria-label=${strings.stop}
        title=${strings.stop}
        @click=${() => chat.stop()}
      >
        ${icon('stop')}
      </button>`;
    }
    return html`<button
      type="button"
      class="send"
      aria-label=${strings.send}
      title=${strings.send}
      ?disabled=${!this.#canSend}
      @click=${() => this.#send()}
    >
      ${chat.isResponding ? html`<span class="spinner"></span>` : icon('send')}
    </button>`;
  }

  #send(): void {
    const input = this.#input;
    if (!input || !this.#canSend) return;
    const message = {
      content: input.content,
      attachments: this.#uploads.attachments,
      quotedText: this.quote,
      inferenceOptions: this.inferenceOptions(),
    };
    this.ui.log('composer.submit', { attachmentsCount: message.attachments.length });
    this.ui.chat.send(message).catch(() => undefined); // shown at the message
    input.clear();
    this.#uploads.clear();
    this.setQuote('');
    if (!this.#tool?.persistent) this.#chooseTool(null);
    this.version += 1;
    this.focusInput();
  }
}

define('ck-composer', Composer);

