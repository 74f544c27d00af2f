/** How formatted texts look. */

import { css } from 'lit';

export const markdownStyles = css`
  .markdown {
    overflow-wrap: anywhere;
  }
  .markdown.plain {
    white-space: pre-wrap;
  }
  .markdown > .block > * {
    margin-block: 0.75em;
  }
  .markdown > .block:first-child > :first-child {
    margin-block-start: 0;
  }
  .markdown > .block:last-child > :last-child {
    margin-block-end: 0;
  }
  .markdown hr {
    margin-block: 1.5em;
    border: 0;
    border-block-start: 1px solid var(--ck-border);
  }
  .markdown h1,
  .markdown h2,
  .markdown h3,
  .markdown h4,
  .markdown h5,
  .markdown h6 {
    margin-block: 1.3em 0.5em;
    font-weight: 600;
    text-wrap: balance;
    line-height: 1.3;
  }
  .markdown h1 {
    font-size: 1.5em;
  }
  .markdown h2 {
    font-size: 1.25em;
  }
  .markdown h3 {
    font-size: 1.1em;
  }
  .markdown h4,
  .markdown h5,
  .markdown h6 {
    font-size: 1em;
  }
  .markdown ul,
  .markdown ol {
    padding-inline-start: 1.6em;
  }
  .markdown li {
    margin-block: 0.3em;
    padding-inline-start: 0.15em;
  }
  .markdown li::marker {
    color: var(--ck-text-2);
  }
  .markdown li > p {
    margin-block: 0.4em;
  }
  .markdown li > ul,
  .markdown li > ol {
    margin-block: 0.3em;
  }
  .markdown li.task {
    display: list-item;
    margin-inline-start: -1.4em;
    color: inherit;
    font-size: inherit;
    list-style: none;
  }
  /* Lists and quotes stand on the side that their first text begins on. */
  .markdown :is(ul, ol, blockquote):has(> :first-child:dir(ltr)) {
    direction: ltr;
  }
  .markdown :is(ul, ol, blockquote):has(> :first-child:dir(rtl), > li:first-child > p:first-child:dir(rtl)),
  .markdown li:has(> p:first-child:dir(rtl)) {
    direction: rtl;
  }
  .markdown li.task input {
    inline-size: 1em;
    block-size: 1em;
    vertical-align: -0.1em;
  }
  .markdown a,
  .markdown-inline a,
  .source-card a,
  .task a {
    color: var(--ck-link);
    text-underline-offset: 2px;
  }
  .markdown blockquote {
    margin-inline: 0;
    padding-inline-start: 1em;
    border-inline-start: 3px solid var(--ck-border-strong);
    color: var(--ck-text-2);
  }
  .markdown blockquote > :first-child {
    margin-block-start: 0;
  }
  .markdown blockquote > :last-child {
    margin-block-end: 0;
  }
  .markdown code {
    padding: 0.15em 0.35em;
    border-radius: min(var(--ck-radius-sm), 5px);
    background: var(--ck-hover);
    font-family: var(--ck-font-mono);
    font-size: 0.875em;
  }
  .code {
    overflow: hidden;
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
    background: var(--ck-hover);
  }
  .code pre {
    margin: 0;
    padding: calc(var(--ck-unit) * 3) calc(var(--ck-unit) * 4);
    overflow-x: auto;
    line-height: 1.55;
    scrollbar-width: thin;
    tab-size: 4;
  }
  .code pre:focus-visible {
    outline-offset: -2px;
  }
  .code code {
    padding: 0;
    background: transparent;
  }
  .code-bar {
    display: flex;
    align-items: center;
    justify-content: space-between;
    padding: calc(var(--ck-unit) * 1) calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 1)
      calc(var(--ck-unit) * 4);
    border-block-end: 1px solid var(--ck-border);
    color: var(--ck-text-2);
    font-size: 0.8125em;
  }
  .copy-code {
    min-block-size: 24px;
    padding: 0 calc(var(--ck-unit) * 2);
    border: 0;
    border-radius: var(--ck-radius-sm);
    background: transparent;
    color: inherit;
    cursor: pointer;
  }
  .copy-code:hover {
    background: color-mix(in srgb, var(--ck-text) 8%, transparent);
    color: var(--ck-text);
  }
  .hljs-comment,
  .hljs-quote,
  .hljs-meta {
    color: var(--ck-text-2);
  }
  .hljs-keyword,
  .hljs-selector-tag,
  .hljs-literal,
  .hljs-type {
    color: var(--ck-discovery);
  }
  .hljs-string,
  .hljs-regexp,
  .hljs-addition {
    color: var(--ck-success);
  }
  .hljs-number,
  .hljs-symbol,
  .hljs-built_in,
  .hljs-attr,
  .hljs-attribute {
    color: var(--ck-warning);
  }
  .hljs-title,
  .hljs-name,
  .hljs-section {
    color: var(--ck-info);
  }
  .hljs-deletion {
    color: var(--ck-danger);
  }
  .table {
    overflow-x: auto;
    scrollbar-width: thin;
  }
  .table table {
    border-collapse: collapse;
    min-inline-size: 50%;
    font-size: 0.9375em;
  }
  .table th,
  .table td {
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 3);
    border-block-end: 1px solid var(--ck-border);
    text-align: start;
    vertical-align: top;
    overflow-wrap: normal;
  }
  .table th {
    border-block-end-color: var(--ck-border-strong);
    font-weight: 600;
  }
  .table tr:last-child td {
    border-block-end: 0;
  }
  .table [data-align='center'] {
    text-align: center;
  }
  .table [data-align='right'] {
    text-align: end;
  }
  .markdown img {
    max-inline-size: 100%;
    border-radius: var(--ck-radius-md);
  }
  .blocked-image {
    display: inline-block;
    padding: 0.1em 0.5em;
    border: 1px dashed var(--ck-border-strong);
    border-radius: var(--ck-radius-sm);
    color: var(--ck-text-2);
    font-size: 0.875em;
  }
  .math[data-display] {
    display: block;
    overflow-x: auto;
    margin-block: 0.75em;
    text-align: center;
  }
`;
