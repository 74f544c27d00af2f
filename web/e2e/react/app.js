/** A React app as OpenAI's documentation has it; only the script's address in the page is ours. */

import { ChatKit, useChatKit } from '@openai/chatkit-react';
import { createElement, StrictMode, useState, version } from 'react';
import { createRoot } from 'react-dom/client';

window.handled = [];
window.reactVersion = version;

function note(name) {
  return (detail) => {
    window.handled.push([name, detail]);
  };
}

function App() {
  const [count, setCount] = useState(0);
  const chat = useChatKit({
    api: { url: new URLSearchParams(location.search).get('api') ?? '/api', domainKey: 'not-checked' },
    composer: {
      placeholder: 'Ask React',
      tools: [{ id: 'search', label: 'Search', icon: 'search', pinned: true }],
    },
    startScreen: { greeting: 'Hello from React' },
    onClientTool: ({ name, params }) => ({ name, params, count }),
    onReady: note('onReady'),
    onError: note('onError'),
    onEffect: note('onEffect'),
    onDeeplink: note('onDeeplink'),
    onLog: note('onLog'),
    onResponseStart: note('onResponseStart'),
    onResponseEnd: note('onResponseEnd'),
    onHistoryOpen: note('onHistoryOpen'),
    onHistoryClose: note('onHistoryClose'),
    onThreadChange: note('onThreadChange'),
    onThreadLoadStart: note('onThreadLoadStart'),
    onThreadLoadEnd: note('onThreadLoadEnd'),
    onToolChange: note('onToolChange'),
  });
  window.chat = chat;
  return createElement(
    'main',
    null,
    createElement('button', { onClick: () => setCount(count + 1) }, `Rendered ${count}`),
    createElement(ChatKit, { control: chat.control, className: 'chat' }),
  );
}

createRoot(document.getElementById('root')).render(createElement(StrictMode, null, createElement(App)));
