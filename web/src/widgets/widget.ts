/** A widget: data of the server, shown by components of our own, with actions and forms. */

import { html, nothing, type PropertyDeclarations, type PropertyValues, type TemplateResult } from 'lit';
import { asError, IntegrationError } from '../errors';
import type { WidgetNode } from '../protocol';
import { colourProperties, coloursIn, type Theme } from '../theme';
import { define, Part } from '../ui';
import { actionOf, isChange, merged, type Trigger, type WidgetAction } from './actions';
import { formOf, isValid, valueOf, valuesOf } from './forms';
import { renderNode } from './components';
import { outlineOf, themeOf, type Outline, type Scheme } from './outline';
import { styled, type StyleValues } from './styled';
import { textOf } from './values';

export class Widget extends Part {
  static override properties: PropertyDeclarations = {
    ...Part.properties,
    itemId: { type: String },
    root: { attribute: false },
    isPreview: { type: Boolean },
    isPending: { type: Boolean },
    done: { state: true },
    running: { state: true },
    expanded: { state: true },
    broken: { state: true },
  };

  declare itemId: string;
  declare root: WidgetNode;
  /** Whether it belongs to no item, as the card of an entity does. */
  declare isPreview: boolean;
  /** Whether the server still writes it. */
  declare isPending: boolean;
  /** The components whose actions have been done. */
  declare done: ReadonlySet<string>;
  /** The actions that run, by the components that started them; `container` for the whole. */
  declare running: ReadonlySet<string>;
  /** Addresses of pictures that could not be loaded. */
  declare broken: ReadonlySet<string>;
  /** Lists that show all of their rows. */
  declare expanded: ReadonlySet<string>;

  #colours: { theme: Theme; of: Map<Scheme, StyleValues> } | null = null;

  /** What runs, also where nothing waits for it. */
  readonly #busy = new Set<string>();
  #outline: Outline = outlineOf(null);

  constructor() {
    super();
    this.itemId = '';
    this.isPreview = false;
    this.isPending = false;
    this.done = new Set();
    this.running = new Set();
    this.expanded = new Set();
    this.broken = new Set();
  }

  get scheme(): Scheme {
    return (this.root && themeOf(this.root)) ?? this.ui.options.theme.colorScheme;
  }

  /** Whether a component is light or dark: as the root around it, the nearest of several. */
  schemeOf(node: WidgetNode): Scheme {
    return this.#outline.schemes.get(node) ?? this.scheme;
  }

  /** What it takes to be light in something dark, or dark in something light. */
  coloursOf(scheme: Scheme): StyleValues {
    const { theme } = this.ui.options;
    if (this.#colours?.theme !== theme) this.#colours = { theme, of: new Map() };
    const known = this.#colours.of.get(scheme);
    if (known) return known;
    const isOfPage = scheme === theme.colorScheme;
    const colours = isOfPage ? colourProperties(theme) : coloursIn(scheme, theme);
    const values = { ...colours, 'color-scheme': scheme };
    this.#colours.of.set(scheme, values);
    return values;
  }

  /** Whether the whole of it waits. */
  get isInert(): boolean {
    return this.running.has('container');
  }

  /** Whether a streaming action could begin now. */
  get isBlocked(): boolean {
    return this.ui.chat.isBusy;
  }

  protected override willUpdate(changed: PropertyValues<this>): void {
    if (changed.has('root')) this.#outline = outlineOf(this.root);
  }

  protected override render(): TemplateResult | typeof nothing {
    if (!this.root) return nothing;
    const isOfPage = this.scheme === this.ui.options.theme.colorScheme;
    return html`<div
      class="widget"
      ${styled(isOfPage ? {} : this.coloursOf(this.scheme))}
      data-scheme=${this.scheme}
      ?data-themed=${!isOfPage}
      ?data-inert=${this.isInert}
      ?inert=${this.isInert}
      dir="auto"
    >
      ${renderNode(this, this.root, '0')}
    </div>`;
  }

  broke(source: string): void {
    this.broken = new Set([...this.broken, source]);
  }

  showAll(key: string): void {
    this.expanded = new Set([...this.expanded, key]);
  }

  /** What the label of a control says. */
  labelOf(node: WidgetNode): string | undefined {
    return this.#outline.labels.get(node);
  }

  /** What the form of a button does, once it is sent. */
  submissionOf(node: WidgetNode): WidgetAction | null {
    return this.#outline.submissions.get(node) ?? null;
  }

  /** Whether the action of the component of this key has been done here. */
  isDone(key: string): boolean {
    return this.done.has(key);
  }

  /** Whether the component of this key waits for its action. */
  isRunning(key: string): boolean {
    return this.running.has(key);
  }

  /**
   * Start what a component asks for.
   *
   * @param key - Of the component, so that it can wait.
   * @param element - Where it happened: in which form, with which control.
   * @param submits - Whether the form must be valid first.
   */
  start(config: unknown, trigger: Trigger, key: string, element: Element, submits = false): void {
    const action = actionOf(config, trigger);
    if (!action || this.isInert) return;
    // Once is enough, but for a control, which may have another value by now.
    if (this.#busy.has(key) && !isChange(trigger)) return;
    if (action.handler === 'server' && action.isStreaming && !this.isPreview && this.isBlocked) return;
    const form = formOf(element);
    if (submits && form && !isValid(form)) return;
    const payload = this.#payload(action, form, element);
    void this.#run({ ...action, payload }, key);
  }

  #payload(
    action: WidgetAction,
    form: Element | null,
    element: Element,
  ): unknown {
    const values = form ? valuesOf(form) : ownValue(element);
    if (values.size === 0) return action.payload;
    const { payload, dropped } = merged(action.payload, values);
    for (const name of dropped) {
      this.ui.failed(
        new Error(`The payload of the action ${action.type} has no room for ${name}; the form's value is dropped.`),
      );
    }
    return payload;
  }

  async #run(action: WidgetAction, key: string): Promise<void> {
    const { chat, options, tell } = this.ui;
    const waiting = action.loading === 'container' ? 'container' : key;
    this.#busy.add(key);
    const { type, payload } = action;
    const sent = payload === undefined ? { type } : { type, payload };
    if (action.loading !== 'none') this.running = new Set([...this.running, waiting]);
    this.ui.log('widget.action', { type: action.type, handler: action.handler });
    try {
      if (action.handler === 'client') {
        const widget = { id: this.itemId, widget: this.root as never };
        // The official type knows objects only; the server may mean any JSON.
        await options.widgets.onAction?.(sent as { type: string }, widget);
      } else if (this.isPreview) {
        this.ui.log('widget.preview_action', { type: action.type });
      } else if (!action.isStreaming) {
        await chat.actQuietly(sent, this.itemId);
      } else {
        await chat.act(sent, this.itemId);
      }
      this.done = new Set([...this.done, key]);
    } catch (error) {
      if (action.handler === 'client') tell('error', { error: asError(error) });
      // What a response could not do stands in the transcript; there need not have been any.
      const isShown = action.handler === 'server' && action.isStreaming;
      if (!isShown || error instanceof IntegrationError) {
        this.ui.toast(this.ui.strings.somethingWrong);
      }
    }
    this.#busy.delete(key);
    this.running = new Set([...this.running].filter((other) => other !== waiting));
  }
}

define('ck-widget', Widget);

/** What a control outside of any form adds to its own action. */
function ownValue(element: Element): Map<string, unknown> {
  const control = element.closest<HTMLElement>('[data-name]');
  const name = textOf(control?.dataset['name']);
  const value = control ? valueOf(control) : undefined;
  return name && value !== undefined ? new Map([[name, value]]) : new Map();
}
