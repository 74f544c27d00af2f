/** How generated images look, and pictures that are looked at in full size. */

import { css } from 'lit';

export const imagesStyles = css`
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
