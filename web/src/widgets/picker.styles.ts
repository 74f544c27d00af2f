/** How the controls look that something opens from: choices and days. */

import { css } from 'lit';

export const pickerStyles = css`
  .popup {
    position: fixed;
    inset: auto;
    margin: 0;
    max-block-size: min(20rem, 100dvh - 16px);
  }
  .popup:popover-open {
    animation: ck-popup 0.12s ease-out;
  }
  @keyframes ck-popup {
    from {
      opacity: 0;
    }
  }
  @media (prefers-reduced-motion: reduce) {
    .popup:popover-open {
      animation: none;
    }
  }
  ck-combobox,
  ck-date-picker {
    display: block;
    inline-size: 14rem;
    max-inline-size: 100%;
  }
  .select {
    inline-size: fit-content;
    min-inline-size: min(8rem, 100%);
    max-inline-size: 100%;
  }
  .select .field {
    appearance: none;
    text-overflow: ellipsis;
  }
  ck-combobox[data-block],
  ck-date-picker[data-block],
  .select[data-block] {
    inline-size: 100%;
  }
  .select,
  .combobox,
  .date-picker {
    position: relative;
    display: flex;
    align-items: center;
  }
  .select > .icon,
  .combobox > .icon {
    position: absolute;
    inset-inline-end: calc(var(--ck-unit) * 3);
    color: var(--ck-text-2);
    pointer-events: none;
  }
  .select .field,
  .combobox .field {
    padding-inline-end: calc(var(--ck-unit) * 9);
  }
  .combobox .clear,
  .date-picker .clear {
    position: absolute;
    inset-inline-end: calc(var(--ck-unit) * 1.5);
    inline-size: calc(var(--ck-unit) * 6.5);
    block-size: calc(var(--ck-unit) * 6.5);
    border-radius: var(--ck-radius-sm);
  }
  .date-picker .clear {
    inset-inline-end: calc(var(--ck-unit) * 9);
  }
  .date-picker .field {
    display: flex;
    align-items: center;
    justify-content: space-between;
    gap: calc(var(--ck-unit) * 2);
    text-align: start;
    cursor: pointer;
  }
  .date-picker .field span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .date-picker .field[data-empty],
  .date-picker .field .icon {
    color: var(--ck-text-2);
  }
  .date-picker .field:disabled {
    opacity: 0.5;
    cursor: default;
  }
  .calendar {
    min-inline-size: 0;
    max-inline-size: calc(100vw - 16px);
    max-block-size: calc(100dvh - 16px);
    padding: calc(var(--ck-unit) * 2);
  }
  .calendar-head {
    display: flex;
    align-items: center;
  }
  .calendar-head .icon-button {
    inline-size: calc(var(--ck-unit) * 7);
    block-size: calc(var(--ck-unit) * 7);
  }
  .calendar .month {
    flex: 1;
    font-size: 0.875em;
    font-weight: 600;
    text-align: center;
  }
  .calendar table {
    border-spacing: 0;
  }
  .calendar th {
    padding: 0;
    color: var(--ck-text-2);
    font-size: 0.6875em;
    font-weight: 500;
  }
  .calendar td {
    padding: 0;
    text-align: center;
  }
  .day {
    inline-size: max(28px, var(--ck-unit) * 9);
    block-size: max(28px, var(--ck-unit) * 8.5);
    padding: 0;
    border: 0;
    border-radius: var(--ck-radius-sm);
    background: transparent;
    color: var(--ck-text);
    font-size: 0.875em;
    cursor: pointer;
  }
  .day[data-other] {
    color: var(--ck-text-2);
  }
  .day[aria-current] {
    font-weight: 700;
    text-decoration: underline;
    text-underline-offset: 3px;
  }
  .day:hover:not(:disabled) {
    background: var(--ck-hover);
  }
  .day:disabled {
    opacity: 0.35;
    cursor: default;
  }
  [aria-selected='true'] > .day,
  [aria-selected='true'] > .day:hover:not(:disabled) {
    background: var(--ck-primary);
    color: var(--ck-on-primary);
  }
  .calendar .day:focus-visible {
    outline-offset: -2px;
  }
`;
