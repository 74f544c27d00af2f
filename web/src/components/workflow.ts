/** What the assistant does on its way to an answer: workflows, and tasks by themselves. */

import { html, nothing, type TemplateResult } from 'lit';
import { markdownText } from '../markdown';
import { icon } from '../icons';
import { safeLink } from '../links';
import { filled, type Strings } from '../strings';
import type { Task, UrlSource, Workflow, WorkflowItem } from '../protocol';
import { define, Part, type Ui } from '../ui';

/** A workflow: closed by default, opened by the server or by the user, whose wish is kept. */
export class WorkflowView extends Part {
  static override properties = {
    ...Part.properties,
    item: { attribute: false },
    isPending: { type: Boolean },
    chosen: { state: true },
  };

  declare item: WorkflowItem;
  declare isPending: boolean;
  /** What the user chose; undefined for what the server says. */
  declare chosen: boolean | undefined;

  constructor() {
    super();
    this.isPending = false;
  }

  protected override render(): TemplateResult {
    const { item, isPending, ui } = this;
    const { workflow } = item;
    const isOpen = this.chosen ?? workflow.expanded ?? false;
    const { title, name } = headOf(workflow, isPending, ui.strings);
    const hasTasks = workflow.tasks.length > 0;
    return html`<section
      class="workflow"
      data-item-id=${item.id}
      data-item-type="workflow"
      ?data-pending=${isPending}
    >
      <button
        type="button"
        class="workflow-head"
        dir="auto"
        aria-expanded=${isOpen ? 'true' : 'false'}
        ?disabled=${!hasTasks}
        @click=${() => {
          this.chosen = !isOpen;
        }}
      >
        ${icon(name)}<span class=${isPending ? 'shimmer' : ''}>${title}</span>
        ${hasTasks ? icon(isOpen ? 'chevron-down' : 'chevron-right', true) : nothing}
      </button>
      ${isOpen && hasTasks
        ? html`<ul class="tasks" role="list">
            ${workflow.tasks.map(
              (task, index) =>
                html`<li>
                  ${taskView(ui, task, true, isPending, isPending && index === workflow.tasks.length - 1)}
                </li>`,
            )}
          </ul>`
        : nothing}
    </section>`;
  }
}

define('ck-workflow', WorkflowView);

function headOf(
  workflow: Workflow,
  isPending: boolean,
  strings: Strings,
): { title: string; name: string } {
  const { summary } = workflow;
  const isReasoning = workflow.type === 'reasoning';
  const name = isReasoning ? 'lightbulb' : 'sparkle';
  if (summary && 'title' in summary && summary.title) return { title: summary.title, name: summary.icon ?? name };
  if (isPending) {
    const newest = workflow.tasks.at(-1);
    const general = isReasoning ? strings.thinking : strings.working;
    return { title: (newest && titleOf(newest, strings)) || general, name };
  }
  if (summary && 'duration' in summary) return { title: duration(summary.duration, strings), name };
  return { title: strings.done, name };
}

function duration(seconds: number, strings: Strings): string {
  const whole = Math.round(seconds);
  if (whole < 1) return strings.thoughtMoment;
  if (whole < 60) return filled(strings.thoughtSeconds, { seconds: whole });
  return filled(strings.thoughtMinutes, { minutes: Math.floor(whole / 60), seconds: whole % 60 });
}

function titleOf(task: Task, strings: Strings): string {
  if (task.title) return task.title;
  switch (task.type) {
    case 'web_search':
      return strings.searchedWeb;
    case 'file':
      return strings.readFiles;
    case 'image':
      return strings.createdImage;
    case 'thought':
      return plainLine(task.content);
    default:
      return '';
  }
}

/** The first line, without the signs that make it a title or bold. */
function plainLine(text: string): string {
  const [line = ''] = text.trim().split('\n', 1);
  return line.replace(/^#+\s+|[*_`]{1,3}(?=\S)|(?<=\S)[*_`]{1,3}/g, '');
}

const ICONS = {
  custom: 'sparkle',
  web_search: 'globe',
  thought: 'lightbulb',
  file: 'document',
  image: 'images',
} as const;

/**
 * A task as one line that opens when there is more.
 *
 * @param inWorkflow - Only there does it show whether it is done.
 * @param isGrowing - Whether more of its text comes.
 */
export function taskView(
  ui: Ui,
  task: Task,
  inWorkflow: boolean,
  isRunning: boolean,
  isGrowing = isRunning,
): TemplateResult {
  const name = (task.type === 'custom' && task.icon) || (ICONS[task.type] ?? 'sparkle');
  const status = inWorkflow ? task.status_indicator : undefined;
  // What is loaded is final, whatever it was while it ran.
  const state = status === 'loading' && !isRunning ? undefined : status;
  const shimmers = !inWorkflow && isRunning;
  const head = html`
    ${state === 'loading' ? html`<span class="spinner"></span>` : icon(state === 'complete' ? 'check' : name)}
    <span class=${shimmers ? 'shimmer' : ''} dir="auto">
      ${titleOf(task, ui.strings)}
      ${task.type === 'web_search' && task.title_query
        ? html`<strong>${task.title_query}</strong>`
        : nothing}
    </span>
  `;
  const body = taskBody(ui, task, isGrowing);
  if (body === nothing) return html`<div class="task" data-task=${task.type}>${head}</div>`;
  return html`<details class="task" data-task=${task.type} ?open=${inWorkflow}>
    <summary>${head}</summary>
    <div class="task-body">${body}</div>
  </details>`;
}

function taskBody(ui: Ui, task: Task, isGrowing: boolean): TemplateResult | typeof nothing {
  switch (task.type) {
    case 'custom':
    case 'thought':
      return task.content
        ? markdownText(ui, task.content, { streaming: isGrowing })
        : nothing;
    case 'web_search':
      return searched(task.queries ?? [], task.sources ?? []);
    case 'file': {
      const files = task.sources ?? [];
      if (files.length === 0) return nothing;
      return html`<ul class="task-sources" role="list">
        ${files.map(
          (file) => html`<li dir="auto">${icon('document')} ${file.title || file.filename}</li>`,
        )}
      </ul>`;
    }
    default:
      return nothing;
  }
}

function searched(
  queries: readonly string[],
  sources: readonly UrlSource[],
): TemplateResult | typeof nothing {
  if (queries.length === 0 && sources.length === 0) return nothing;
  return html`
    ${queries.length > 0
      ? html`<ul class="queries" role="list">
          ${queries.map((query) => html`<li dir="auto">${icon('search')} ${query}</li>`)}
        </ul>`
      : nothing}
    <ul class="task-sources" role="list">
      ${sources.map((source) => html`<li dir="auto">${linked(source)}</li>`)}
    </ul>
  `;
}

function linked(source: UrlSource): TemplateResult | string {
  const href = safeLink(source.url);
  const title = source.title || source.url;
  return href ? html`<a href=${href} target="_blank" rel="noopener noreferrer">${title}</a>` : title;
}
