/** How what the assistant does on the way looks. */

import { css } from 'lit';

export const workflowStyles = css`
  .workflow,
  .task {
    margin-block: calc(var(--ck-unit) * 2);
    color: var(--ck-text-2);
    font-size: 0.9375em;
  }
  .workflow {
    margin-block-end: calc(var(--ck-unit) * 4);
  }
  .workflow-head,
  .task,
  .task summary {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
  }
  details.task {
    display: block;
  }
  .task summary {
    min-block-size: 24px;
    cursor: pointer;
    list-style: none;
  }
  .task summary::-webkit-details-marker {
    display: none;
  }
  .task summary:hover,
  .workflow-head:hover:not(:disabled) {
    color: var(--ck-text);
  }
  .workflow-head {
    max-inline-size: 100%;
    min-block-size: 28px;
    padding: 0;
    border: 0;
    border-radius: var(--ck-radius-sm);
    background: transparent;
    color: inherit;
    text-align: start;
    cursor: pointer;
  }
  .workflow-head:disabled {
    cursor: default;
  }
  .tasks {
    margin-block: calc(var(--ck-unit) * 1) 0;
    margin-inline: 0.55em 0;
    padding: 0;
    padding-inline-start: calc(var(--ck-unit) * 4);
    border-inline-start: 1px solid var(--ck-border-strong);
    list-style: none;
  }
  .task-body {
    padding-inline-start: calc(var(--ck-unit) * 7);
  }
  .queries,
  .task-sources {
    display: flex;
    flex-wrap: wrap;
    gap: calc(var(--ck-unit) * 1.5);
    margin-block: calc(var(--ck-unit) * 1);
    padding: 0;
    list-style: none;
  }
  .queries li,
  .task-sources li {
    padding: 0.15em 0.7em;
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-control);
    overflow-wrap: anywhere;
  }
  .task-sources a,
  .sources li a {
    display: inline-block;
    padding-block: 4px;
    margin-block: -4px;
  }
  .progress {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    margin-block: calc(var(--ck-unit) * 2);
    color: var(--ck-text-2);
  }
`;
