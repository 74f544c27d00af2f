/** Components to use: buttons and fields. Fields keep what is written until they are gone. */

import { html, nothing, type TemplateResult } from 'lit';
import { repeat } from 'lit/directives/repeat.js';
import { icon } from '../icons';
import type { WidgetNode } from '../protocol';
import { actionOf } from './actions';
import { dayOf } from './calendar';
import './combobox';
import './date-picker';
import type { Renderer } from './components';
import { isDisabled, submitForm } from './containers';
import { focused } from './focused';
import { formOf } from './forms';
import type { Align, Side } from './popup';
import { hooks, styled } from './styled';
import { isSet, numberOf, textOf, textStyles } from './values';
import type { Widget } from './widget';

// More than these are found faster by writing than by reading.
const SEARCHABLE_FROM = 16;
const SIDES: [Side, ...Side[]] = ['bottom', 'top', 'left', 'right'];
const ALIGNMENTS: [Align, ...Align[]] = ['start', 'center', 'end'];

export const button: Renderer = (widget, node, key) => {
  const label = textOf(node['label']);
  const start = textOf(node['iconStart']);
  const end = textOf(node['iconEnd']);
  const action = actionOf(node['onClickAction'], 'Button');
  const isSubmit = isSet(node['submit']);
  const waitsFor = action ?? (isSubmit ? widget.submissionOf(node) : null);
  const style = textOf(node['style']);
  const isRunning = widget.isRunning(key);
  const click = (event: Event): void => {
    const element = event.currentTarget as HTMLElement;
    if (action) widget.start(node['onClickAction'], 'Button', key, element, isSubmit);
    else if (isSubmit) submitForm(formOf(element));
  };
  return html`<button
    type="button"
    class="widget-button"
    ${hooks(node)}
    data-color=${textOf(node['color']) ?? (style === 'primary' ? 'primary' : 'secondary')}
    data-variant=${textOf(node['variant']) ?? (style === 'primary' ? 'solid' : 'outline')}
    data-size=${textOf(node['size']) ?? 'lg'}
    data-icon-size=${textOf(node['iconSize']) ?? nothing}
    ?data-pill=${isSet(node['pill'])}
    ?data-uniform=${isSet(node['uniform'])}
    ?data-block=${isSet(node['block'])}
    aria-label=${label || start || end || nothing}
    aria-busy=${isRunning ? 'true' : 'false'}
    ?disabled=${isSet(node['disabled']) || isRunning || isDisabled(widget, waitsFor)}
    @click=${click}
  >
    ${isRunning ? html`<span class="spinner"></span>` : icon(start)}
    ${!label ? nothing : html`<span dir="auto">${label}</span>`} ${icon(end)}
  </button>`;
};

export const input: Renderer = (widget, node, key) =>
  html`<input
    class="field"
    ${hooks(node)}
    data-name=${nameOf(node)}
    name=${nameOf(node)}
    id=${fieldId(widget, key)}
    type=${inputType(node)}
    dir="auto"
    aria-label=${widget.labelOf(node) || textOf(node['placeholder']) || nameOf(node)}
    placeholder=${textOf(node['placeholder']) ?? ''}
    pattern=${textOf(node['pattern']) ?? nothing}
    autocomplete=${isSet(node['allowAutofillExtensions']) ? 'on' : 'off'}
    ?data-1p-ignore=${!isSet(node['allowAutofillExtensions'])}
    ?data-lpignore=${!isSet(node['allowAutofillExtensions'])}
    data-gutter=${textOf(node['gutterSize']) ?? nothing}
    ${focused(node)}
    data-variant=${textOf(node['variant']) ?? 'outline'}
    data-size=${textOf(node['size']) ?? 'lg'}
    ?data-pill=${isSet(node['pill'])}
    ?required=${isSet(node['required'])}
    ?disabled=${isSet(node['disabled'])}
    .value=${textOf(node['defaultValue']) ?? ''}
  />`;

function inputType(node: WidgetNode): string {
  const type = textOf(node['inputType']) ?? 'text';
  return ['number', 'email', 'text', 'password', 'tel', 'url'].includes(type) ? type : 'text';
}

export const textarea: Renderer = (widget, node, key) => {
  const rows = numberOf(node['rows']) ?? 3;
  const most = numberOf(node['maxRows']);
  const grows = isSet(node['autoResize']);
  return html`<textarea
    class="field"
    ${hooks(node)}
    data-name=${nameOf(node)}
    name=${nameOf(node)}
    id=${fieldId(widget, key)}
    dir="auto"
    rows=${rows}
    aria-label=${widget.labelOf(node) || textOf(node['placeholder']) || nameOf(node)}
    placeholder=${textOf(node['placeholder']) ?? ''}
    data-pattern=${textOf(node['pattern']) ?? nothing}
    autocomplete=${isSet(node['allowAutofillExtensions']) ? 'on' : 'off'}
    ?data-1p-ignore=${!isSet(node['allowAutofillExtensions'])}
    ?data-lpignore=${!isSet(node['allowAutofillExtensions'])}
    ${focused(node)}
    data-variant=${textOf(node['variant']) ?? 'outline'}
    data-size=${textOf(node['size']) ?? 'lg'}
    data-gutter=${textOf(node['gutterSize']) ?? nothing}
    ?data-grows=${grows}
    ?required=${isSet(node['required'])}
    ?disabled=${isSet(node['disabled'])}
    .value=${textOf(node['defaultValue']) ?? ''}
    ${styled({ 'max-height': most === undefined ? undefined : `${most}lh` })}
  ></textarea>`;
};

interface Option {
  value: string;
  label: string;
  disabled: boolean;
  description: string | undefined;
}

function optionsOf(node: WidgetNode): Option[] {
  const given = Array.isArray(node['options']) ? node['options'] : [];
  const taken = new Set<string>();
  return given.flatMap((option: unknown) => {
    const one = option as Record<string, unknown> | null;
    const value = textOf(one?.['value']);
    if (!one || value === undefined || taken.has(value)) return [];
    taken.add(value);
    return [
      {
        value,
        label: textOf(one['label']) ?? value,
        disabled: isSet(one['disabled']),
        description: textOf(one['description']),
      },
    ];
  });
}

export const select: Renderer = (widget, node, key) => {
  const options = optionsOf(node);
  const isSearchable = node['searchable'] === undefined
    ? options.length >= SEARCHABLE_FROM
    : isSet(node['searchable']);
  const change = (event: Event): void =>
    widget.start(node['onChangeAction'], 'Select', key, event.currentTarget as Element);
  const placeholder = textOf(node['placeholder']) ?? widget.ui.strings.choose;
  const wanted = textOf(node['defaultValue']) ?? '';
  const chosen = options.some((option) => option.value === wanted) ? wanted : '';
  const isWaiting = isDisabled(widget, actionOf(node['onChangeAction'], 'Select'));
  if (isSearchable) {
    return html`<ck-combobox
      ${hooks(node)}
      data-name=${nameOf(node)}
      data-choice="true"
      .ui=${widget.ui}
      .tick=${widget.tick}
      .fieldId=${fieldId(widget, key)}
      .options=${options}
      .placeholder=${placeholder}
      .name=${widget.labelOf(node) || placeholder}
      ?data-block=${isSet(node['block'])}
      .variant=${textOf(node['variant']) ?? 'outline'}
      .size=${textOf(node['size']) ?? 'lg'}
      .pill=${isSet(node['pill'])}
      .initial=${chosen}
      .clearable=${isSet(node['clearable'])}
      .disabled=${isSet(node['disabled']) || isWaiting}
      @change=${change}
    ></ck-combobox>`;
  }
  return html`<span class="select" ?data-block=${isSet(node['block'])}><select
    class="field"
    ${hooks(node)}
    data-name=${nameOf(node)}
    name=${nameOf(node)}
    id=${fieldId(widget, key)}
    aria-label=${widget.labelOf(node) || placeholder}
    data-variant=${textOf(node['variant']) ?? 'outline'}
    data-size=${textOf(node['size']) ?? 'lg'}
    ?data-pill=${isSet(node['pill'])}
    ?disabled=${isSet(node['disabled']) || isWaiting}
    @change=${change}
  >
    <option value="" ?disabled=${!isSet(node['clearable'])} .selected=${chosen === ''}>
      ${placeholder}
    </option>
    ${repeat(
      options,
      (option) => option.value,
      (option) =>
        html`<option
          value=${option.value}
          .selected=${option.value === chosen}
          ?disabled=${option.disabled}
        >
          ${option.label}${option.description ? ` – ${option.description}` : ''}
        </option>`,
    )}
  </select>${icon('chevron-down')}</span>`;
};

export const datePicker: Renderer = (widget, node, key) => {
  const placeholder = textOf(node['placeholder']) ?? widget.ui.strings.choose;
  const isWaiting = isDisabled(widget, actionOf(node['onChangeAction'], 'DatePicker'));
  return html`<ck-date-picker
    ${hooks(node)}
    data-name=${nameOf(node)}
    data-choice="day"
    ?data-block=${isSet(node['block'])}
    .ui=${widget.ui}
    .tick=${widget.tick}
    .fieldId=${fieldId(widget, key)}
    .name=${widget.labelOf(node) || textOf(node['placeholder']) || nameOf(node)}
    .placeholder=${placeholder}
    .initial=${dayOf(textOf(node['defaultValue'])) ?? ''}
    .min=${dayOf(textOf(node['min']))}
    .max=${dayOf(textOf(node['max']))}
    .side=${oneOf(SIDES, node['side'])}
    .align=${oneOf(ALIGNMENTS, node['align'])}
    .variant=${textOf(node['variant']) ?? 'outline'}
    .size=${textOf(node['size']) ?? 'lg'}
    .pill=${isSet(node['pill'])}
    .clearable=${isSet(node['clearable'])}
    .disabled=${isSet(node['disabled']) || isWaiting}
    @change=${(event: Event) =>
      widget.start(node['onChangeAction'], 'DatePicker', key, event.currentTarget as Element)}
  ></ck-date-picker>`;
};

/** One of the words that there are, or the first. */
function oneOf<Word extends string>(words: readonly [Word, ...Word[]], value: unknown): Word {
  return words.find((word) => word === value) ?? words[0];
}

export const checkbox: Renderer = (widget, node, key) =>
  html`<label class="check" dir="auto" ${hooks(node)}>
    <input
      type="checkbox"
      data-name=${nameOf(node)}
      name=${nameOf(node)}
      id=${fieldId(widget, key)}
      .checked=${isSet(node['defaultChecked'])}
      aria-label=${textOf(node['label']) || widget.labelOf(node) || nameOf(node)}
      ?required=${isSet(node['required'])}
      ?disabled=${isSet(node['disabled']) || isDisabled(widget, actionOf(node['onChangeAction'], 'Checkbox'))}
      @change=${(event: Event) =>
        widget.start(node['onChangeAction'], 'Checkbox', key, event.currentTarget as Element)}
    />
    <span>${textOf(node['label']) ?? ''}</span>
  </label>`;

export const radioGroup: Renderer = (widget, node, key) => {
  const chosen = textOf(node['defaultValue']);
  const change = (event: Event): void =>
    widget.start(node['onChangeAction'], 'RadioGroup', key, event.currentTarget as Element);
  return html`<div
    class="radios"
    role="radiogroup"
    ${hooks(node)}
    data-direction=${textOf(node['direction']) ?? 'row'}
    data-name=${nameOf(node)}
    aria-label=${textOf(node['ariaLabel']) || widget.labelOf(node) || nameOf(node)}
    @change=${change}
  >
    ${repeat(
      optionsOf(node),
      (option) => option.value,
      (option) => radio(widget, node, key, option, chosen),
    )}
  </div>`;
};

function radio(
  widget: Widget,
  node: WidgetNode,
  key: string,
  option: Option,
  chosen: string | undefined,
): TemplateResult {
  const isWaiting = isDisabled(widget, actionOf(node['onChangeAction'], 'RadioGroup'));
  return html`<label class="check" dir="auto">
    <input
      type="radio"
      name=${fieldId(widget, key)}
      value=${option.value}
      .checked=${option.value === chosen}
      ?required=${isSet(node['required'])}
      ?disabled=${isSet(node['disabled']) || option.disabled || isWaiting}
    />
    <span>${option.label}</span>
  </label>`;
}

export const label: Renderer = (widget, node) => {
  const focus = (event: Event): void => {
    // Fields of two forms can have one name, so an id would not do.
    const root = formOf(event.currentTarget as Element) ?? widget;
    const name = textOf(node['fieldName']) ?? '';
    const field = root.querySelector<HTMLElement>(`[data-name="${CSS.escape(name)}"]`);
    event.preventDefault();
    const control = field?.matches('input, select, textarea')
      ? field
      : (field?.querySelector<HTMLElement>('input:checked') ?? field?.querySelector<HTMLElement>('input, button'));
    control?.focus();
  };
  return html`<label
    class="label"
    dir="auto"
    ${hooks(node)}
    ${styled(textStyles(node, 'Label', widget.schemeOf(node)))}
    @click=${focus}
    >${textOf(node['value']) ?? ''}</label
  >`;
};

function nameOf(node: WidgetNode): string {
  return textOf(node['name']) ?? '';
}

/** Fields of several forms, and of several widgets, can have one name. */
function fieldId(widget: Widget, key: string): string {
  return `field-${widget.itemId}-${key}`.replace(/[\s"\\]/g, '_');
}
