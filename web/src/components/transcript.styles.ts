/** How the conversation looks. */

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
  .turn-actions {
    display: flex;
    gap: 0;
    margin-inline-start: calc(var(--ck-unit) * -1.5);
  }
  .turn-actions .icon-button {
    color: var(--ck-text-2);
    font-size: 0.875em;
  }
  .turn-actions [aria-pressed='true'] {
    color: var(--ck-text);
    background: var(--ck-hover);
  }
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
  .generated-image {
    position: relative;
    inline-size: min(100%, 24rem);
    margin: calc(var(--ck-unit) * 2) 0;
  }
  .generated-image img,
  .generated-image .placeholder {
    display: block;
    inline-size: 100%;
    border-radius: var(--ck-radius-lg);
    transition: filter 0.3s;
  }
  .generated-image .placeholder {
    aspect-ratio: 1;
    background: var(--ck-hover);
    animation: ck-typing 1.6s ease-in-out infinite;
  }
  .generated-image[data-progress='0'] img {
    filter: blur(24px);
  }
  .generated-image[data-progress='1'] img {
    filter: blur(14px);
  }
  .generated-image[data-progress='2'] img {
    filter: blur(8px);
  }
  .generated-image[data-progress='3'] img {
    filter: blur(3px);
  }
  .generated-image progress {
    inline-size: 100%;
  }
  .generated-image .download {
    position: absolute;
    inset-block-start: calc(var(--ck-unit) * 2);
    inset-inline-end: calc(var(--ck-unit) * 2);
    background: var(--ck-raised);
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
  .enlarge,
  .thumbnail {
    display: block;
    padding: 0;
    border: 0;
    background: transparent;
    cursor: zoom-in;
  }
  .lightbox {
    max-inline-size: 96vw;
    max-block-size: 96vh;
    padding: 0;
    border: 0;
    border-radius: var(--ck-radius-md);
    background: transparent;
    overflow: hidden;
    cursor: zoom-out;
  }
  .lightbox::backdrop {
    background: rgb(0 0 0 / 75%);
  }
  .lightbox img {
    display: block;
    max-inline-size: 96vw;
    max-block-size: 96vh;
  }
  .lightbox .icon-button {
    position: absolute;
    inset-block-start: 8px;
    inset-inline-end: 8px;
    background: var(--ck-raised);
  }
`;
