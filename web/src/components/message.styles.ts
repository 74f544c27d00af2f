/** How messages look, and what can be done with them. */

import { css } from 'lit';

export const messageStyles = css`
  .message {
    margin-block: calc(var(--ck-unit) * 2);
  }
  .message.user {
    display: flex;
    flex-direction: column;
    align-items: flex-end;
    gap: calc(var(--ck-unit) * 1.5);
    margin-block-end: calc(var(--ck-unit) * 6);
  }
  .bubble {
    --ck-link: var(--ck-on-bubble);
    --ck-selected: var(--ck-on-bubble);
    --ck-focus: var(--ck-on-bubble);
    max-inline-size: min(85%, 36rem);
    padding: calc(var(--ck-unit) * 2.25) calc(var(--ck-unit) * 4);
    border-radius: var(--ck-radius-lg);
    background: var(--ck-bubble);
    color: var(--ck-on-bubble);
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .bubble .tag {
    background: transparent;
    box-shadow: inset 0 0 0 1px color-mix(in srgb, currentcolor 40%, transparent);
  }
  .bubble :focus-visible {
    outline-offset: 0;
  }
  .message[data-unsent] .bubble {
    outline: 1px solid var(--ck-danger);
  }
  .unsent {
    margin: 0;
    color: var(--ck-danger);
    font-size: 0.875em;
  }
  .quote {
    max-inline-size: 85%;
    margin: 0;
    padding-inline-start: calc(var(--ck-unit) * 3);
    border-inline-start: 3px solid var(--ck-border-strong);
    color: var(--ck-text-2);
    font-size: 0.9375em;
    white-space: pre-wrap;
  }
  .attachments,
  .more-files ul {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: calc(var(--ck-unit) * 2);
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .thumbnail img {
    display: block;
    max-inline-size: 12rem;
    max-block-size: 10rem;
    border-radius: var(--ck-radius-md);
    object-fit: cover;
  }
  .file {
    display: inline-flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    max-inline-size: min(16rem, 100%);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
    font-size: 0.875em;
    overflow-wrap: anywhere;
  }
  .typing {
    display: inline-flex;
    gap: 4px;
    padding-block: 0.5em;
  }
  .typing i {
    inline-size: 7px;
    block-size: 7px;
    border-radius: 50%;
    background: var(--ck-text-3);
    animation: ck-typing 1.2s ease-in-out infinite;
  }
  .typing i:nth-child(2) {
    animation-delay: 0.15s;
  }
  .typing i:nth-child(3) {
    animation-delay: 0.3s;
  }
  @keyframes ck-typing {
    0%,
    60%,
    100% {
      opacity: 0.3;
    }
    30% {
      opacity: 1;
    }
  }
  .turn-actions {
    /* What is clipped in it must not make the frame larger. */
    position: relative;
    display: flex;
    gap: 0;
    margin-inline-start: calc(var(--ck-unit) * -1.5);
  }
  .turn-actions .icon-button {
    color: var(--ck-text-2);
    font-size: 0.875em;
  }
  /* Who points selects what is to be quoted. */
  .turn-actions:not(:has(:focus-visible)) .keyboard-only {
    position: absolute;
    clip-path: inset(50%);
  }
  .turn-actions [aria-pressed='true'] {
    color: var(--ck-text);
    background: var(--ck-hover);
  }
`;
