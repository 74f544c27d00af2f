/** How widgets look. */

import { css } from 'lit';
import { controlStyles } from './control.styles';

export const widgetStyles = css`
  ${controlStyles}
  .widget-item {
    margin-block: calc(var(--ck-unit) * 3);
  }
  .widget {
    min-inline-size: 0;
    color: var(--ck-text);
    transition: opacity 0.15s;
  }
  .widget[data-inert] {
    opacity: 0.5;
  }
  .themed {
    inline-size: 100%;
    min-inline-size: 0;
    color: var(--ck-text);
  }
  /* A bare root would be light on light, or dark on dark. */
  [data-themed] > .basic {
    border-radius: var(--ck-radius-lg);
    background: var(--ck-bg);
  }
  .card {
    inline-size: 100%;
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-lg);
    background: var(--ck-raised);
    color: var(--ck-text);
    overflow: hidden;
  }
  .card[data-size='sm'] {
    max-inline-size: 22rem;
  }
  .card[data-size='md'] {
    max-inline-size: 28rem;
  }
  .card[data-size='lg'] {
    max-inline-size: 36rem;
  }
  .card-body {
    display: flex;
    flex-direction: column;
    gap: calc(var(--ck-unit) * 3);
    padding: calc(var(--ck-unit) * 4);
  }
  .widget-status {
    display: flex;
    align-items: center;
    gap: calc(var(--ck-unit) * 2);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 4);
    border-block-end: 1px solid var(--ck-border);
    color: var(--ck-text-2);
    font-size: 0.875em;
  }
  .widget-status img {
    inline-size: 1.25em;
    block-size: 1.25em;
    border-radius: 4px;
  }
  .card-actions {
    display: flex;
    flex-wrap: wrap;
    justify-content: flex-end;
    gap: calc(var(--ck-unit) * 2);
    padding: 0 calc(var(--ck-unit) * 4) calc(var(--ck-unit) * 4);
  }
  .list {
    max-inline-size: 36rem;
  }
  .row-item {
    padding: calc(var(--ck-unit) * 2.5) calc(var(--ck-unit) * 4);
    gap: calc(var(--ck-unit) * 3);
  }
  .list [role='listitem'] + [role='listitem'] {
    border-block-start: 1px solid var(--ck-border);
  }
  .row-item.clickable {
    cursor: pointer;
  }
  .row-item.clickable:hover {
    background: var(--ck-hover);
  }
  .row-item[aria-disabled='true'] {
    opacity: 0.6;
    cursor: default;
  }
  .show-more {
    inline-size: 100%;
    padding: calc(var(--ck-unit) * 2);
    border: 0;
    border-block-start: 1px solid var(--ck-border);
    background: transparent;
    color: var(--ck-text-2);
    cursor: pointer;
  }
  .box {
    min-inline-size: 0;
    margin: 0;
  }
  .divider {
    --ck-divider-size: 1px;
    --ck-divider-space: var(--ck-unit);
    inline-size: 100%;
    margin: 0;
    margin-block: var(--ck-divider-space);
    border: 0 solid var(--ck-border);
    border-block-start-width: var(--ck-divider-size);
  }
  [data-direction='row'] > .divider {
    align-self: stretch;
    inline-size: 0;
    margin-block: 0;
    margin-inline: var(--ck-divider-space);
    border-block-start-width: 0;
    border-inline-start-width: var(--ck-divider-size);
  }
  .card-body > .divider[data-flush] {
    inline-size: calc(100% + var(--ck-unit) * 8);
    margin-inline: calc(var(--ck-unit) * -4);
  }
  .text,
  .caption {
    margin: 0;
    overflow-wrap: anywhere;
    white-space: pre-wrap;
  }
  .text[data-streaming]::after {
    content: '▍';
    color: var(--ck-text-3);
    animation: ck-typing 1.2s infinite;
  }
  .text.editable {
    inline-size: 100%;
    min-block-size: 24px;
    padding: 0;
    border: 0 dashed var(--ck-border-strong);
    border-block-end-width: 1px;
    background: transparent;
  }
  .text.editable:hover,
  .text.editable:focus {
    border-block-end-style: solid;
  }
  .text.editable[aria-invalid='true'] {
    border-color: var(--ck-danger);
  }
  .widget .table[data-widget-type] table {
    inline-size: 100%;
  }
  .widget-title {
    font-size: 1.125em;
    font-weight: 600;
    line-height: 1.3;
    overflow-wrap: anywhere;
  }
  .caption {
    color: var(--ck-text-2);
    font-size: 0.75em;
  }
  [data-clamped] {
    display: -webkit-box;
    -webkit-box-orient: vertical;
    overflow: hidden;
  }
  .widget-status img[data-frame] {
    padding: 2px;
    border: 1px solid var(--ck-border);
    background: var(--ck-bg);
  }
  .transition {
    position: relative;
    min-inline-size: 0;
  }
  /* What goes makes room at once for what comes. */
  .transition-child[data-leaving] {
    position: absolute;
    inset-block-start: 0;
    inset-inline: 0;
  }
  .badge {
    --ck-badge: var(--ck-text-2);
    display: inline-flex;
    align-items: center;
    padding: 0.1em 0.5em;
    border: 1px solid transparent;
    border-radius: var(--ck-radius-sm);
    background: color-mix(in srgb, var(--ck-badge) var(--ck-soft), transparent);
    color: var(--ck-badge);
    font-size: 0.75em;
    font-weight: 500;
    max-inline-size: 100%;
    overflow-wrap: anywhere;
  }
  .badge[data-color='success'] {
    --ck-badge: var(--ck-success);
  }
  .badge[data-color='danger'] {
    --ck-badge: var(--ck-danger);
  }
  .badge[data-color='warning'] {
    --ck-badge: var(--ck-warning);
  }
  .badge[data-color='info'] {
    --ck-badge: var(--ck-info);
  }
  .badge[data-color='discovery'] {
    --ck-badge: var(--ck-discovery);
  }
  .badge[data-variant='solid'] {
    background: var(--ck-badge);
    color: var(--ck-surface);
  }
  .badge[data-variant='outline'] {
    border-color: currentcolor;
    background: transparent;
  }
  .badge[data-size='sm'] {
    font-size: 0.6875em;
  }
  .badge[data-size='lg'] {
    font-size: 0.875em;
  }
  .badge[data-pill] {
    border-radius: 999px;
  }
  .widget-icon {
    display: inline-flex;
    flex: none;
  }
  .widget-icon .icon {
    inline-size: 1em;
    block-size: 1em;
    vertical-align: 0;
  }
  .widget :is(ck-markdown, ck-chart, ck-combobox, ck-date-picker, .select, .field, .check, .radios, .editable) {
    flex-shrink: 9999;
  }
  .widget-image {
    display: block;
    max-inline-size: 100%;
    object-fit: cover;
    border-radius: var(--ck-radius-sm);
  }
  .widget-image[data-frame] {
    border: 1px solid var(--ck-border);
  }
  .card-body > .widget-image[data-flush] {
    inline-size: calc(100% + var(--ck-unit) * 8);
    max-inline-size: none;
    margin-inline: calc(var(--ck-unit) * -4);
    border-radius: 0;
  }
  .label {
    font-size: 0.875em;
    font-weight: 500;
  }
  .chart {
    inline-size: 100%;
    margin: 0;
  }
  .chart svg {
    display: block;
    inline-size: 100%;
  }
  ck-chart {
    display: block;
    inline-size: 100%;
    min-inline-size: 0;
  }
  ck-chart[data-sized] {
    min-block-size: 0;
    overflow: clip;
  }
  ck-chart[data-sized] .chart {
    display: flex;
    flex-direction: column;
    block-size: 100%;
  }
  ck-chart[data-sized] svg {
    flex: 1 1 0;
    min-block-size: 0;
  }
  .chart .grid {
    stroke: var(--ck-border);
  }
  .chart .cursor {
    stroke: var(--ck-border-strong);
    stroke-dasharray: 3 3;
  }
  .chart-tooltip {
    max-inline-size: 16rem;
    max-block-size: none;
    padding: calc(var(--ck-unit) * 1.5) calc(var(--ck-unit) * 2.5);
    border: 1px solid var(--ck-border);
    border-radius: var(--ck-radius-md);
    background: var(--ck-raised);
    box-shadow: var(--ck-shadow);
    color: var(--ck-text);
    font-size: 0.8125em;
    pointer-events: none;
  }
  .chart-tooltip div {
    display: flex;
    align-items: center;
    gap: 0.4em;
  }
  .chart-tooltip b {
    margin-inline-start: auto;
    padding-inline-start: 1em;
    font-variant-numeric: tabular-nums;
  }
  .chart .tick {
    fill: var(--ck-text-2);
    font-size: 11px;
  }
  .legend {
    display: flex;
    flex-wrap: wrap;
    gap: calc(var(--ck-unit) * 3);
    margin: calc(var(--ck-unit) * 2) 0 0;
    padding: 0;
    list-style: none;
    font-size: 0.8125em;
  }
  .legend li {
    display: flex;
    align-items: center;
    gap: 0.4em;
  }
  .swatch {
    inline-size: 0.75em;
    block-size: 0.75em;
    border-radius: 2px;
  }
`;
