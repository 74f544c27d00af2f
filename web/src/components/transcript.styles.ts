/** How the conversation looks, but for what stands in it. */

import { css } from 'lit';

export const transcriptStyles = css`
  .scroller {
    block-size: 100%;
    overflow-y: auto;
    overscroll-behavior: contain;
    scrollbar-gutter: stable both-edges;
    scrollbar-width: thin;
    outline-offset: -2px;
  }
  /* What scroll bars take is taken from the padding, so that all columns are as wide. */
  .scroller > .column {
    --ck-taken: max(0px, (min(100cqi, var(--ck-size) * 48) - 100%) / 2);
    padding-inline: max(0px, var(--ck-column-padding) - var(--ck-taken));
  }
  .turns {
    padding-block: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 6);
  }
  .turn {
    /* Turns out of sight cost neither layout nor painting. */
    content-visibility: auto;
    contain-intrinsic-size: auto 160px;
    padding-block: calc(var(--ck-unit) * 2);
  }
  .turn[data-newest] {
    content-visibility: visible;
  }
  .answers {
    margin-block: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 3);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
  }
  .answers dt {
    color: var(--ck-text-2);
    font-size: 0.9375em;
  }
  .answers dd {
    margin: 0 0 calc(var(--ck-unit) * 2);
  }
  .to-latest {
    position: absolute;
    inset-block-end: calc(var(--ck-unit) * 3);
    inset-inline: 0;
    margin-inline: auto;
    border: 1px solid var(--ck-border);
    border-radius: max(var(--ck-radius-control), var(--ck-radius-md));
    background: var(--ck-raised);
    box-shadow: var(--ck-shadow);
  }
  .skeleton i {
    display: block;
    block-size: calc(var(--ck-unit) * 12);
    margin-block: calc(var(--ck-unit) * 4);
    border-radius: var(--ck-radius-lg);
    background: var(--ck-hover);
    animation: ck-typing 1.6s ease-in-out infinite;
  }
  .skeleton i:nth-child(odd) {
    inline-size: 45%;
    margin-inline-start: auto;
  }
  .hint {
    text-align: center;
    color: var(--ck-text-2);
  }
`;
