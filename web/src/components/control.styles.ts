/** Buttons, menus and fields as every part uses them. */

import { css } from 'lit';

export const controlStyles = css`
  button,
  input,
  textarea,
  select {
    font: inherit;
    color: inherit;
  }
  .icon-button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    flex: none;
    inline-size: calc(var(--ck-unit) * 9);
    block-size: calc(var(--ck-unit) * 9);
    padding: 0;
    border: 0;
    border-radius: var(--ck-radius-control);
    background: transparent;
    color: var(--ck-text-2);
    cursor: pointer;
  }
  .icon-button:hover:not(:disabled) {
    background: var(--ck-hover);
    color: var(--ck-text);
  }
  .icon-button:disabled {
    opacity: 0.4;
    cursor: default;
  }
  .icon-button.small {
    inline-size: max(24px, var(--ck-unit) * 7);
    block-size: max(24px, var(--ck-unit) * 7);
  }
  .button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    gap: calc(var(--ck-unit) * 1.5);
    min-block-size: calc(var(--ck-unit) * 9);
    padding: 0 calc(var(--ck-unit) * 4);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-control);
    background: var(--ck-raised);
    font-weight: 500;
    cursor: pointer;
  }
  .button:hover:not(:disabled) {
    background: var(--ck-hover);
  }
  .button.primary {
    border-color: var(--ck-primary-edge);
    background: var(--ck-primary);
    color: var(--ck-on-primary);
  }
  .button.danger {
    border-color: transparent;
    background: var(--ck-danger);
    color: var(--ck-on-danger);
  }
  .button.primary:hover:not(:disabled) {
    background: var(--ck-primary);
    box-shadow: 0 0 0 3px color-mix(in srgb, var(--ck-primary-edge) 22%, transparent);
  }
  .button.danger:hover:not(:disabled) {
    background: var(--ck-danger);
    box-shadow: 0 0 0 3px color-mix(in srgb, var(--ck-danger) 22%, transparent);
  }
  .button:disabled {
    opacity: 0.5;
    cursor: default;
  }
  :focus-visible {
    outline: 2px solid var(--ck-focus);
    outline-offset: 2px;
  }
  .icon {
    display: inline-block;
    flex: none;
    inline-size: 1.25em;
    block-size: 1.25em;
    vertical-align: -0.25em;
  }
  [dir='rtl'] .icon.mirrored {
    transform: scaleX(-1);
  }
  .menu {
    position: absolute;
    z-index: 20;
    min-inline-size: 12rem;
    max-inline-size: min(22rem, 90cqi);
    max-block-size: 20rem;
    overflow-y: auto;
    overscroll-behavior: contain;
    padding: calc(var(--ck-unit) * 1.5);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-lg);
    background: var(--ck-raised);
    box-shadow: var(--ck-shadow);
  }
  .menu [role='menuitem'],
  .menu [role='menuitemradio'],
  .menu [role='option'] {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    inline-size: 100%;
    min-block-size: calc(var(--ck-unit) * 9);
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2.5);
    border: 0;
    border-radius: var(--ck-radius-md);
    background: transparent;
    text-align: start;
    cursor: pointer;
  }
  .menu [role='menuitem']:hover,
  .menu [role='menuitemradio']:hover,
  .menu [role='menuitem']:focus-visible,
  .menu [role='menuitemradio']:focus-visible,
  .menu [role='option'][aria-selected='true'],
  .menu [role='option']:hover {
    background: var(--ck-hover);
  }
  .menu [aria-disabled='true'] {
    opacity: 0.5;
    cursor: default;
  }
  .menu .group {
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2) var(--ck-unit);
    color: var(--ck-text-2);
    font-size: 0.8125em;
  }
  .menu .detail {
    display: block;
    color: var(--ck-text-2);
    font-size: 0.8125em;
  }
  .shimmer {
    background: linear-gradient(
      90deg,
      var(--ck-text-2) 0%,
      var(--ck-text-2) 40%,
      var(--ck-text-3) 50%,
      var(--ck-text-2) 60%,
      var(--ck-text-2) 100%
    );
    background-size: 200% 100%;
    background-clip: text;
    -webkit-background-clip: text;
    color: transparent;
    animation: ck-shimmer 2s linear infinite;
  }
  @keyframes ck-shimmer {
    from {
      background-position: 200% 0;
    }
    to {
      background-position: 0 0;
    }
  }
  .spinner {
    display: inline-block;
    inline-size: 1em;
    block-size: 1em;
    border: 2px solid currentcolor;
    border-inline-end-color: transparent;
    border-radius: 50%;
    animation: ck-spin 0.8s linear infinite;
  }
  @keyframes ck-spin {
    to {
      transform: rotate(360deg);
    }
  }
  @media (forced-colors: active) {
    .tool,
    .menu-button,
    .prompt,
    .citation {
      border: 1px solid ButtonBorder;
    }
    .menu [role='option'][aria-selected='true'],
    .menu [role='menuitemradio'][aria-checked='true'],
    .tool[aria-pressed='true'],
    .turn-actions [aria-pressed='true'],
    .thread[data-active] {
      outline: 2px solid Highlight;
      outline-offset: -2px;
    }
    :disabled,
    [aria-disabled='true'] {
      color: GrayText;
      opacity: 1;
    }
    .bubble,
    .toast,
    .badge,
    .tag {
      border: 1px solid CanvasText;
    }
    .typing i,
    .swatch,
    .chart svg {
      forced-color-adjust: none;
    }
  }
`;
