/** How citations look, and the sources of a text. */

import { css } from 'lit';

export const sourcesStyles = css`
  .markdown sup {
    line-height: 0;
  }
  .citation {
    position: relative;
    min-inline-size: 1.5em;
    margin-inline-start: 0.15em;
    padding: 0.1em 0.35em;
    border: 0;
    border-radius: 999px;
    background: var(--ck-hover);
    color: var(--ck-text-2);
    font-size: 0.95em;
    line-height: 1.2;
    cursor: pointer;
  }
  /* Reached by a finger, though it is no higher than its line. */
  .citation::after {
    content: '';
    position: absolute;
    inset: -5px -1px;
  }
  .citation:hover,
  .citation:focus-visible {
    background: var(--ck-text);
    color: var(--ck-surface);
  }
  .card-popover {
    position: absolute;
    z-index: 25;
    inline-size: max-content;
    max-inline-size: min(20rem, 90cqi);
    padding: calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
    background: var(--ck-raised);
    box-shadow: var(--ck-shadow);
  }
  .tag-anchor .card-popover {
    inset-block-start: 100%;
    inset-inline-start: 0;
    white-space: normal;
  }
  .source-card {
    display: block;
    font-size: 0.875em;
    overflow-wrap: anywhere;
  }
  .source-card p,
  .source-card .source-from {
    display: block;
    margin: 0.25em 0 0;
    color: var(--ck-text-2);
  }
  .source-card .source-from {
    display: flex;
    align-items: center;
    gap: 0.4em;
    margin: 0 0 0.25em;
  }
  .source-from .number {
    margin-inline-start: auto;
  }
  .sources {
    margin-block: calc(var(--ck-unit) * 2);
    font-size: 0.9375em;
  }
  .sources-head {
    display: flex;
    align-items: center;
    gap: 0.4em;
    inline-size: fit-content;
    min-block-size: calc(var(--ck-unit) * 8);
    padding-inline: calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-control);
    background: transparent;
    color: var(--ck-text-2);
    font-size: 0.9375em;
    cursor: pointer;
  }
  .sources-head:hover,
  .sources[data-open] .sources-head {
    background: var(--ck-hover);
    color: var(--ck-text);
  }
  .sources h4 {
    margin-block: 0.5em 0;
  }
  .sources ol {
    display: grid;
    grid-template-columns: repeat(auto-fill, minmax(min(15rem, 100%), 1fr));
    gap: calc(var(--ck-unit) * 2);
    margin-block: calc(var(--ck-unit) * 2);
    padding: 0;
    list-style: none;
  }
  .sources li {
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
  }
`;
