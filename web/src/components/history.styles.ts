/** How the history looks. */

import { css } from 'lit';

export const historyStyles = css`
  ck-history {
    display: block;
    flex: 1;
    min-block-size: 0;
  }
  .history {
    block-size: 100%;
    padding-block: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 6);
    overflow-y: auto;
  }
  .history .search {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    margin-block-end: calc(var(--ck-unit) * 3);
    padding-inline: calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-control);
    background: var(--ck-raised);
    color: var(--ck-text-2);
  }
  .history .search:focus-within {
    border-color: var(--ck-focus);
  }
  .history .search input {
    flex: 1;
    min-inline-size: 0;
    block-size: calc(var(--ck-unit) * 10);
    border: 0;
    outline: 0;
    background: transparent;
    color: var(--ck-text);
  }
  .threads {
    margin: 0;
    padding: 0;
    list-style: none;
  }
  .thread {
    display: flex;
    align-items: center;
    gap: var(--ck-unit);
    min-block-size: calc(var(--ck-unit) * 11);
    padding-inline: calc(var(--ck-unit) * 1);
    border-radius: var(--ck-radius-md);
  }
  .thread:hover,
  .thread[data-active] {
    background: var(--ck-hover);
  }
  .thread .open {
    flex: 1;
    min-inline-size: 0;
    padding: calc(var(--ck-unit) * 2);
    border: 0;
    background: transparent;
    overflow: hidden;
    text-align: start;
    text-overflow: ellipsis;
    white-space: nowrap;
    cursor: pointer;
  }
  .thread .open small {
    margin-inline-start: 0.5em;
    color: var(--ck-text-2);
  }
  .thread.rename input {
    flex: 1;
    min-inline-size: 0;
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-md);
    background: var(--ck-bg);
  }
  .thread.confirm {
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 3);
    background: var(--ck-hover);
  }
  .thread.confirm p {
    flex: 1 1 14rem;
    margin: 0;
    overflow-wrap: anywhere;
  }
  .history .hint {
    margin-block: calc(var(--ck-unit) * 6);
    color: var(--ck-text-2);
    text-align: center;
  }
  .failure {
    display: flex;
    flex-wrap: wrap;
    align-items: center;
    justify-content: space-between;
    gap: calc(var(--ck-unit) * 2);
    margin-block: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border-strong);
    border-radius: var(--ck-radius-md);
  }
`;
