/** How the composer looks. */

import { css } from 'lit';

export const composerStyles = css`
  ck-composer {
    display: block;
    flex: none;
  }
  .composer-column {
    padding-block-end: calc(var(--ck-unit) * 3);
  }
  .composer {
    position: relative;
    display: flex;
    flex-direction: column;
    padding: calc(var(--ck-unit) * 2);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-composer);
    background: var(--ck-raised);
    box-shadow:
      0 1px 2px rgb(0 0 0 / 0.05),
      0 4px 16px rgb(0 0 0 / 0.05);
  }
  .composer:has(.text-input:focus) {
    border-color: var(--ck-focus);
    outline: 1px solid var(--ck-focus);
    outline-offset: -1px;
  }
  .composer[data-dropping] {
    outline: 2px dashed var(--ck-focus);
    outline-offset: -4px;
  }
  .composer[data-locked] {
    opacity: 0.7;
  }
  .text-input {
    min-block-size: calc(var(--ck-unit) * 10);
    max-block-size: max(6rem, 40cqb, 30vh);
    overflow-y: auto;
    padding: calc(var(--ck-unit) * 2);
    outline: 0;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .text-input:not([data-filled])::before {
    content: attr(data-placeholder);
    position: absolute;
    color: var(--ck-text-2);
    pointer-events: none;
  }
  /* An empty field has no direction of its own yet. */
  [dir='rtl'] .text-input:not([data-filled]) {
    direction: rtl;
  }
  .tag {
    padding: 0 0.3em;
    border: 0;
    border-radius: 0.35em;
    background: color-mix(in srgb, var(--ck-selected) var(--ck-soft), transparent);
    color: var(--ck-selected);
    font: inherit;
    white-space: nowrap;
  }
  button.tag {
    cursor: pointer;
  }
  .tag-anchor {
    position: relative;
  }
  .composer-bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: var(--ck-unit);
  }
  .grow {
    flex: 1;
  }
  .send {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    inline-size: calc(var(--ck-unit) * 9);
    block-size: calc(var(--ck-unit) * 9);
    /* At the end of the last line, when what is chosen fills more than one. */
    margin-inline-start: auto;
    padding: 0;
    border: 1px solid var(--ck-accent-edge);
    border-radius: var(--ck-radius-control);
    background: var(--ck-accent);
    color: var(--ck-on-accent);
    cursor: pointer;
  }
  .send:hover:not(:disabled) {
    box-shadow: 0 0 0 3px color-mix(in srgb, var(--ck-accent-edge) 22%, transparent);
  }
  .send:disabled {
    border-color: transparent;
    background: var(--ck-border);
    color: var(--ck-text-3);
    cursor: default;
  }
  .tool {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 1.5);
    min-inline-size: 0;
    max-inline-size: 14rem;
    block-size: max(24px, var(--ck-unit) * 8);
    padding-inline: calc(var(--ck-unit) * 2.5);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-control);
    background: transparent;
    color: var(--ck-text-2);
    font-size: 0.875em;
    cursor: pointer;
  }
  .tool:hover:not(:disabled) {
    background: var(--ck-hover);
  }
  .tool.chip,
  .tool[aria-pressed='true'],
  .tool[aria-pressed='true']:hover {
    border-color: transparent;
    background: color-mix(in srgb, var(--ck-selected) var(--ck-soft), transparent);
    color: var(--ck-selected);
  }
  .tool.chip button {
    display: inline-flex;
    align-items: center;
    justify-content: center;
    min-inline-size: 24px;
    min-block-size: 24px;
    margin-inline-end: calc(var(--ck-unit) * -1.5);
    padding: 0;
    border-radius: var(--ck-radius-control);
    border: 0;
    background: transparent;
    color: inherit;
    cursor: pointer;
  }
  .menu-anchor {
    position: relative;
    display: inline-flex;
  }
  .menu.above {
    inset-block-end: calc(100% + var(--ck-unit));
    inset-inline-start: 0;
  }
  .model .menu.above {
    inset-inline: auto 0;
  }
  .menu-label {
    flex: 1;
  }
  .menu-button {
    display: inline-flex;
    align-items: center;
    gap: var(--ck-unit);
    max-inline-size: 11rem;
    block-size: max(24px, var(--ck-unit) * 8);
    padding-inline: calc(var(--ck-unit) * 2);
    border: 0;
    border-radius: var(--ck-radius-control);
    background: transparent;
    color: var(--ck-text-2);
    font-size: 0.875em;
    cursor: pointer;
  }
  .menu-button span {
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .menu-button:hover:not(:disabled) {
    background: var(--ck-hover);
  }
  .suggestions {
    inset-block-end: calc(100% + var(--ck-unit));
    inset-inline: 0;
    max-inline-size: none;
  }
  .suggestions p {
    margin: 0;
  }
  .quote-chip {
    display: flex;
    align-items: flex-start;
    gap: var(--ck-unit);
    margin: 0 calc(var(--ck-unit) * 1) calc(var(--ck-unit) * 1);
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2);
    border-radius: var(--ck-radius-md);
    background: var(--ck-hover);
  }
  .quote-chip > div {
    flex: 1;
    min-inline-size: 0;
  }
  .quote-chip blockquote {
    max-block-size: 3.2em;
    margin: 0;
    overflow: hidden;
    color: var(--ck-text-2);
    font-size: 0.875em;
  }
  .uploads {
    display: flex;
    flex-wrap: wrap;
    gap: calc(var(--ck-unit) * 2);
    margin: 0;
    padding: calc(var(--ck-unit) * 1);
    list-style: none;
  }
  .upload {
    position: relative;
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 1.5);
    max-inline-size: 15rem;
    padding: calc(var(--ck-unit) * 1);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
    background: var(--ck-bg);
    font-size: 0.875em;
    overflow: hidden;
  }
  .upload[data-state='failed'] {
    border-color: var(--ck-danger);
    color: var(--ck-danger);
  }
  .upload img,
  .upload-icon {
    display: grid;
    place-items: center;
    inline-size: calc(var(--ck-unit) * 9);
    block-size: calc(var(--ck-unit) * 9);
    border-radius: var(--ck-radius-sm);
    object-fit: cover;
    background: var(--ck-hover);
    color: var(--ck-text-2);
  }
  .upload-name {
    flex: 1;
    min-inline-size: 0;
    overflow: hidden;
    text-overflow: ellipsis;
    white-space: nowrap;
  }
  .upload progress {
    position: absolute;
    inset-inline: 0;
    inset-block-end: 0;
    inline-size: 100%;
    block-size: 3px;
    border: 0;
    background: var(--ck-hover);
    accent-color: var(--ck-primary-edge);
  }
  .level {
    inline-size: 3rem;
  }
  .closed {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    margin: 0 0 calc(var(--ck-unit) * 3);
    padding: calc(var(--ck-unit) * 3);
    border-radius: var(--ck-radius-lg);
    background: var(--ck-hover);
  }
  .disclaimer {
    margin-block: 0 calc(var(--ck-unit) * 2);
    color: var(--ck-text-2);
    font-size: 0.75em;
    text-align: center;
    text-wrap: balance;
  }
  .disclaimer a {
    color: inherit;
  }
  .disclaimer[data-contrast] {
    color: var(--ck-text);
  }
  .structured {
    display: flex;
    flex-direction: column;
    gap: calc(var(--ck-unit) * 3);
    padding: calc(var(--ck-unit) * 2);
  }
  .structured fieldset {
    display: flex;
    flex-direction: column;
    gap: calc(var(--ck-unit) * 2);
    min-inline-size: 0;
    margin: 0;
    padding: 0;
    border: 0;
  }
  .structured legend {
    margin-block-end: calc(var(--ck-unit) * 2);
    padding: 0;
    font-weight: 600;
  }
  .structured .description {
    margin: 0;
    color: var(--ck-text-2);
  }
  .choices {
    display: flex;
    flex-direction: column;
    gap: calc(var(--ck-unit) * 1);
  }
  .choice {
    display: flex;
    align-items: center;
    min-block-size: calc(var(--ck-unit) * 11);
    gap: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
    cursor: pointer;
  }
  .choice:hover,
  .choice:has(input:checked) {
    background: var(--ck-hover);
  }
  .choice:has(input:checked) {
    border-color: var(--ck-primary-edge);
  }
  .choice:has(:focus-visible) {
    outline: 2px solid var(--ck-focus);
    outline-offset: 1px;
  }
  .choice input[type='radio'],
  .choice input[type='checkbox'] {
    flex: none;
    inline-size: 1.125em;
    block-size: 1.125em;
    margin: 0;
  }
  .choice span {
    flex: 1;
  }
  .choice kbd {
    color: var(--ck-text-2);
    font-size: 0.75em;
  }
  .structured-bar {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
  }
  .step {
    color: var(--ck-text-2);
    font-size: 0.875em;
  }
  .link {
    padding: 0 0.25em;
    border: 0;
    background: transparent;
    color: var(--ck-link);
    text-decoration: underline;
    text-underline-offset: 2px;
    cursor: pointer;
  }
`;
