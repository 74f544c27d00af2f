/** All styles of the element, in one shadow root. Colours, sizes and spaces are of `theme.ts`. */

import { css, unsafeCSS } from 'lit';
import { composerStyles } from './components/composer.styles';
import { controlStyles } from './components/control.styles';
import { headerStyles } from './components/header';
import { historyStyles } from './components/history';
import { imagesStyles } from './components/images.styles';
import { markdownStyles } from './components/markdown.styles';
import { messageStyles } from './components/message.styles';
import { noticeStyles } from './components/notices';
import { selectionReplyStyles } from './components/selection-reply';
import { sourcesStyles } from './components/sources.styles';
import { startScreenStyles } from './components/start-screen';
import { transcriptStyles } from './components/transcript.styles';
import { workflowStyles } from './components/workflow.styles';
import { PALETTE_NAMES } from './theme/palette';
import { widgetStyles } from './widgets/widget.styles';

// What is raised from the page has colours of its own: its surface may be dark where the page's
// is light.
const paletteOfRaised = unsafeCSS(
  PALETTE_NAMES.map((name) => `--ck-${name}: var(--ck-raised-${name});`).join('\n'),
);

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
    accent-color: var(--ck-primary-edge);
    scrollbar-color: var(--ck-border-strong) transparent;
    -webkit-font-smoothing: antialiased;
    -webkit-tap-highlight-color: transparent;
    text-size-adjust: 100%;
    container: ck-frame / inline-size;
  }
  .composer,
  .menu,
  .card,
  .card-popover,
  .button,
  .to-latest,
  .history .search,
  .generated-image .download {
    --ck-bg: var(--ck-raised);
    ${paletteOfRaised}
    color: var(--ck-text);
    color-scheme: var(--ck-raised-scheme);
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
    --ck-column-padding: var(--ck-gutter);
    width: 100%;
    max-width: calc(var(--ck-size) * 48);
    margin-inline: auto;
    padding-inline: var(--ck-column-padding);
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
    color: var(--ck-surface);
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
  @container ck-frame (max-width: 30rem) {
    .column {
      --ck-column-padding: calc(var(--ck-unit) * 3);
    }
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
  messageStyles,
  markdownStyles,
  sourcesStyles,
  workflowStyles,
  imagesStyles,
  selectionReplyStyles,
  composerStyles,
  widgetStyles,
];
