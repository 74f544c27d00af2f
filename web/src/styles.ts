/** All styles of the element, in one shadow root. Colours, sizes and spaces are of `theme.ts`. */

import { css } from 'lit';
import { composerStyles } from './components/composer.styles';
import { controlStyles } from './components/control.styles';
import { headerStyles } from './components/header';
import { historyStyles } from './components/history';
import { noticeStyles } from './components/notices';
import { selectionReplyStyles } from './components/selection-reply';
import { startScreenStyles } from './components/start-screen';
import { transcriptStyles } from './components/transcript.styles';
import { widgetStyles } from './widgets/widget.styles';

const frameStyles = css`
  :host {
    display: block;
    width: 100%;
    height: 100%;
    min-height: 0;
    min-width: 0;
    contain: layout style;
  }
  :host([hidden]) {
    display: none;
  }
  *,
  *::before,
  *::after {
    box-sizing: border-box;
  }
  [hidden] {
    display: none !important;
  }
  .frame {
    position: relative;
    display: flex;
    flex-direction: column;
    height: 100%;
    min-height: 0;
    overflow: hidden;
    background: var(--ck-bg);
    color: var(--ck-text);
    font-family: var(--ck-font);
    font-size: var(--ck-size);
    line-height: 1.5;
    color-scheme: var(--ck-scheme);
    -webkit-font-smoothing: antialiased;
    container: ck-frame / inline-size;
  }
  .main {
    display: flex;
    flex: 1;
    flex-direction: column;
    min-height: 0;
  }
  ck-transcript,
  ck-start-screen {
    display: block;
    flex: 1;
    min-height: 0;
    position: relative;
  }
  .column {
    width: 100%;
    max-width: 48rem;
    margin-inline: auto;
    padding-inline: var(--ck-gutter);
  }
  .toasts {
    position: absolute;
    inset-block-end: calc(var(--ck-unit) * 28);
    inset-inline: 0;
    display: flex;
    flex-direction: column;
    align-items: center;
    gap: var(--ck-unit);
    pointer-events: none;
    z-index: 30;
  }
  .toast {
    margin: 0;
    max-width: min(90%, 32rem);
    padding: calc(var(--ck-unit) * 2) calc(var(--ck-unit) * 4);
    border-radius: var(--ck-radius-md);
    background: var(--ck-text);
    color: var(--ck-bg);
    font-size: 0.875em;
    box-shadow: var(--ck-shadow);
  }
  .visually-hidden {
    position: absolute;
    width: 1px;
    height: 1px;
    margin: -1px;
    padding: 0;
    overflow: hidden;
    clip-path: inset(50%);
    white-space: nowrap;
    border: 0;
  }
  @media (prefers-reduced-motion: reduce) {
    *,
    *::before,
    *::after {
      animation-duration: 0.01ms !important;
      animation-iteration-count: 1 !important;
      transition-duration: 0.01ms !important;
      scroll-behavior: auto !important;
    }
  }
`;

export const styles = [
  frameStyles,
  controlStyles,
  headerStyles,
  historyStyles,
  startScreenStyles,
  noticeStyles,
  transcriptStyles,
  selectionReplyStyles,
  composerStyles,
  widgetStyles,
];
