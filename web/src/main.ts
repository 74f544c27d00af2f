/** The script `chatkit.js`: defines the element, once. */

import { ChatKitElement } from './element';
import './parts'; // reads the script's address while that is known

if (!customElements.get('openai-chatkit')) {
  customElements.define('openai-chatkit', ChatKitElement);
  window.dispatchEvent(new CustomEvent('chatkit-script-loaded'));
}
