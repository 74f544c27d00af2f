/** How the buttons and fields of widgets look. */

import { css } from 'lit';

export const controlStyles = css`
  .widget-button {
    --ck-tone: var(--ck-text);
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: 0.4em;
    min-block-size: calc(var(--ck-unit) * 9);
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
  .widget-button[data-size='3xs'],
  .widget-button[data-size='2xs'],
  .widget-button[data-size='xs'] {
    min-block-size: max(24px, var(--ck-unit) * 6);
    font-size: 0.75em;
  }
  .widget-button[data-size='sm'],
  .widget-button[data-size='md'] {
    min-block-size: calc(var(--ck-unit) * 7.5);
    font-size: 0.875em;
  }
  .widget-button[data-size='xl'],
  .widget-button[data-size='2xl'],
  .widget-button[data-size='3xl'] {
    min-block-size: calc(var(--ck-unit) * 11);
    font-size: 1.0625em;
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
    min-block-size: calc(var(--ck-unit) * 9);
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-field);
    border-radius: var(--ck-radius-md);
    background: var(--ck-bg);
    color: var(--ck-text);
  }
  .field[data-variant='soft'] {
    border-color: transparent;
    background: var(--ck-hover);
  }
  .field[data-pill] {
    border-radius: 999px;
  }
  .field:focus-visible {
    border-color: var(--ck-focus);
    outline-offset: 0;
  }
  .field[data-size='3xs'],
  .field[data-size='2xs'],
  .field[data-size='xs'],
  .field[data-size='sm'] {
    min-block-size: calc(var(--ck-unit) * 7);
    padding-block: calc(var(--ck-unit) * 0.5);
    font-size: 0.875em;
  }
  .field[data-size='lg'],
  .field[data-size='xl'],
  .field[data-size='2xl'],
  .field[data-size='3xl'] {
    min-block-size: calc(var(--ck-unit) * 11);
    font-size: 1.0625em;
  }
  .field[data-gutter='2xs'],
  .field[data-gutter='xs'] {
    padding-inline: calc(var(--ck-unit) * 1.5);
  }
  .field[data-gutter='lg'],
  .field[data-gutter='xl'] {
    padding-inline: calc(var(--ck-unit) * 4);
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
