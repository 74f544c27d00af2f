/** The tool and the model that go along with messages, and where they are chosen. */

import type { ModelOption, ToolOption } from '@openai/chatkit';
import { html, nothing, type TemplateResult } from 'lit';
import { icon } from '../icons';
import type { InferenceOptions } from '../protocol';
import { filled } from '../strings';
import type { Ui } from '../ui';
import { iconButton } from './buttons';
import type { MenuEntry } from './menu-button';

export class Choices {
  toolId: string | null = null;
  /** Null until one is chosen: then the page's default holds. */
  modelId: string | null = null;

  constructor(
    private readonly ui: () => Ui,
    private readonly changed: () => void,
  ) {}

  get tool(): ToolOption | undefined {
    return this.ui().options.composer.tools.find((tool) => tool.id === this.toolId);
  }

  /** The model that is sent along: the chosen one, else the page's default, else its first. */
  get model(): ModelOption | undefined {
    const usable = this.ui().options.composer.models.filter((model) => !model.disabled);
    const chosen = usable.find((model) => model.id === this.modelId);
    return chosen ?? usable.find((model) => model.default) ?? usable[0];
  }

  get inferenceOptions(): InferenceOptions {
    const { tool, model } = this;
    return {
      ...(tool ? { tool_choice: { id: tool.id } } : {}),
      ...(model ? { model: model.id } : {}),
    };
  }

  chooseTool(id: string | null): void {
    const { composer } = this.ui().options;
    if (id !== null && !composer.tools.some((tool) => tool.id === id)) {
      this.ui().log('composer.unknown_tool', { id });
      return;
    }
    if (id === this.toolId) return;
    this.toolId = id;
    this.changed();
    this.ui().tell('tool.change', { toolId: id });
  }

  toggleTool(id: string): void {
    this.chooseTool(id === this.toolId ? null : id);
  }

  chooseModel(id: string): void {
    const { models } = this.ui().options.composer;
    if (models.some((model) => model.id === id && !model.disabled)) {
      this.modelId = id;
      this.changed();
    } else {
      this.ui().log('composer.unknown_model', { id });
    }
  }

  /** What the page has taken away cannot stay chosen. */
  dropMissing(): void {
    if (this.toolId !== null && !this.tool) this.chooseTool(null);
    if (this.modelId !== null && this.model?.id !== this.modelId) this.modelId = null;
  }

  /** A tool is for one message, unless it says that it is for all that follow. */
  sent(): void {
    if (!this.tool?.persistent) this.chooseTool(null);
  }
}

/** The menu behind the plus button: files, if `pickFiles` is given, and tools. */
export function toolMenu(ui: Ui, choices: Choices, pickFiles: (() => void) | null): TemplateResult | typeof nothing {
  const { options, strings, chat } = ui;
  const { tools } = options.composer;
  if (tools.length === 0) {
    return pickFiles ? iconButton(strings.attachFiles, 'plus', pickFiles, !chat.isOpen) : nothing;
  }
  const entries: MenuEntry[] = tools.map((tool) => ({
    id: tool.id,
    label: tool.label,
    icon: tool.icon,
    checked: tool.id === choices.toolId,
    choose: () => choices.toggleTool(tool.id),
  }));
  if (pickFiles) {
    entries.unshift({ id: 'attach', label: strings.attachFiles, icon: 'attach', choose: pickFiles });
  }
  return html`<ck-menu-button
    .ui=${ui}
    .label=${strings.tools}
    .icon=${'plus'}
    .entries=${entries}
    .disabled=${!chat.isOpen}
  ></ck-menu-button>`;
}

export function pinnedTools(ui: Ui, choices: Choices): TemplateResult[] {
  const pinned = ui.options.composer.tools.filter((tool) => tool.pinned);
  return pinned.map(
    (tool) =>
      html`<button
        type="button"
        class="tool"
        part="tool"
        aria-pressed=${tool.id === choices.toolId ? 'true' : 'false'}
        ?disabled=${!ui.chat.isOpen}
        @click=${() => choices.toggleTool(tool.id)}
      >
        ${icon(tool.icon)}<span>${tool.shortLabel ?? tool.label}</span>
      </button>`,
  );
}

/** The chosen tool, unless it is pinned and shows that itself. */
export function toolChip(ui: Ui, choices: Choices, removed: () => void): TemplateResult | typeof nothing {
  const { tool } = choices;
  if (!tool || tool.pinned) return nothing;
  return html`<span class="tool chip" part="tool">
    ${icon(tool.icon)}<span>${tool.shortLabel ?? tool.label}</span>
    <button
      type="button"
      aria-label=${filled(ui.strings.removeTool, { name: tool.label })}
      @click=${() => {
        choices.chooseTool(null);
        removed();
      }}
    >
      ${icon('close')}
    </button>
  </span>`;
}

export function modelPicker(ui: Ui, choices: Choices): TemplateResult | typeof nothing {
  const { models } = ui.options.composer;
  if (models.length === 0) return nothing;
  const current = choices.model;
  const entries: MenuEntry[] = models.map((model) => ({
    id: model.id,
    label: model.label,
    description: model.description,
    disabled: model.disabled,
    checked: model.id === current?.id,
    choose: () => choices.chooseModel(model.id),
  }));
  return html`<ck-menu-button
    class="model"
    .ui=${ui}
    .label=${ui.strings.model}
    .text=${current?.label ?? ui.strings.model}
    .entries=${entries}
  ></ck-menu-button>`;
}

/** The button that begins to name something of the page, where the page wants one. */
export function mentionButton(ui: Ui, start: () => void): TemplateResult | typeof nothing {
  const { chat, options, strings } = ui;
  if (!options.entities.showComposerMenu || !options.entities.onTagSearch) return nothing;
  return iconButton(strings.mention, 'mention', start, !chat.isOpen);
}
