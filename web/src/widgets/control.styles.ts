/** How the buttons and fields of widgets look. */

import { css, unsafeCSS } from 'lit';
import { pickerStyles } from './picker.styles';

// Heights in units of the theme, and sizes of text, of each size of a control.
const SIZES = {
  '3xs': [6, 0.6875], '2xs': [6, 0.75], xs: [6.5, 0.8125], sm: [7, 0.875], md: [8, 0.875],
  lg: [9, 1], xl: [10, 1], '2xl': [11, 1.0625], '3xl': [12, 1.125],
};
const GUTTERS = { '2xs': 1, xs: 1.5, sm: 2, md: 3, lg: 4, xl: 5 };

const sizes = unsafeCSS(
  Object.entries(SIZES)
    .map(([size, [height, text]]) => `:is(.widget-button, .field)[data-size='${size}'] { --ck-control: ${height}; --ck-control-text: ${text}em; }`)
    .join('\n'),
);
const gutters = unsafeCSS(
  Object.entries(GUTTERS)
    .map(([size, units]) => `.field[data-gutter='${size}'] { --ck-field-gutter: ${units}; }`)
    .join('\n'),
);

export const controlStyles = css`
  .widget-button,
  .field {
    --ck-control: 9;
    --ck-control-text: 1em;
    min-block-size: max(24px, var(--ck-unit) * var(--ck-control));
    font-size: var(--ck-control-text);
  }
  ${sizes}
  ${gutters}
  ${pickerStyles}
  .widget-button {
    --ck-tone: var(--ck-text);
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4em;
    inline-size: fit-content;
    max-inline-size: 100%;
    padding: 0 0.95em;
    border: 1px solid transparent;
    border-radius: var(--ck-radius-control);
    background: transparent;
    color: var(--ck-tone);
    font-weight: 500;
    cursor: pointer;
    transition: box-shadow 0.12s;
  }
  .widget-button[data-color='primary'] {
    --ck-tone: var(--ck-primary-text);
  }
  .widget-button[data-color='info'] {
    --ck-tone: var(--ck-info);
  }
  .widget-button[data-color='discovery'] {
    --ck-tone: var(--ck-discovery);
  }
  .widget-button[data-color='success'] {
    --ck-tone: var(--ck-success);
  }
  .widget-button[data-color='caution'],
  .widget-button[data-color='warning'] {
    --ck-tone: var(--ck-warning);
  }
  .widget-button[data-color='danger'] {
    --ck-tone: var(--ck-danger);
  }
  .widget-button[data-variant='solid'] {
    background: var(--ck-tone);
    color: var(--ck-surface);
  }
  .widget-button[data-color='secondary'][data-variant='solid'] {
    background: var(--ck-text-2);
  }
  .widget-button[data-color='primary'][data-variant='solid'] {
    border-color: var(--ck-primary-edge);
    background: var(--ck-primary);
    color: var(--ck-on-primary);
  }
  .widget-button[data-variant='soft'] {
    background: color-mix(in srgb, var(--ck-tone) var(--ck-soft), transparent);
  }
  .widget-button[data-variant='outline'] {
    border-color: color-mix(in srgb, var(--ck-tone) 35%, transparent);
  }
  .widget-button:hover:not(:disabled) {
    box-shadow: 0 0 0 3px color-mix(in srgb, var(--ck-tone) 18%, transparent);
  }
  .widget-button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .widget-button[data-pill] {
    border-radius: 999px;
  }
  .widget-button[data-uniform] {
    aspect-ratio: 1;
    padding: 0;
  }
  .widget-button[data-block] {
    inline-size: 100%;
  }
  .field {
    inline-size: 100%;
    min-inline-size: 0;
    padding: calc(var(--ck-unit) * (var(--ck-control) - 5) * 0.375) calc(var(--ck-unit) * var(--ck-field-gutter, 3));
    border: 1px solid var(--ck-field);
    border-radius: var(--ck-radius-md);
    background: var(--ck-bg);
    color: var(--ck-text);
  }
  .field[data-variant='soft'] {
    border-color: transparent;
    background: var(--ck-hover);
  }
  .field[data-variant='ghost'] {
    border-color: transparent;
    background: transparent;
  }
  .field[data-variant='ghost']:hover:not(:disabled) {
    background: var(--ck-hover);
  }
  .field[data-variant='solid'] {
    border-color: var(--ck-border-strong);
    background: var(--ck-hover);
  }
  .field[aria-invalid='true'],
  .check input[aria-invalid='true'] {
    border-color: var(--ck-danger);
    outline-color: var(--ck-danger);
  }
  .field:disabled {
    opacity: 0.6;
  }
  .field[data-pill] {
    border-radius: 999px;
  }
  .field:focus-visible {
    border-color: var(--ck-focus);
    outline-offset: 0;
  }
  .widget-button[data-icon-size='sm'] .icon {
    font-size: 0.875em;
  }
  .widget-button[data-icon-size='lg'] .icon {
    font-size: 1.25em;
  }
  .widget-button[data-icon-size='xl'] .icon {
    font-size: 1.5em;
  }
  .widget-button[data-icon-size='2xl'] .icon {
    font-size: 1.75em;
  }
  .field::placeholder {
    color: var(--ck-text-2);
  }
  textarea.field {
    resize: vertical;
  }
  textarea[data-grows] {
    field-sizing: content;
  }
  .check {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    min-block-size: 24px;
    cursor: pointer;
  }
  .check input {
    flex: none;
    inline-size: 1.125em;
    block-size: 1.125em;
    margin: 0;
  }
  .radios {
    display: flex;
    flex-wrap: wrap;
    gap: calc(var(--ck-unit) * 3);
  }
  .radios[data-direction='col'] {
    flex-direction: column;
    gap: calc(var(--ck-unit) * 1.5);
  }
`;
