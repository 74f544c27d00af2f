// What tests ask the page for: the element's events, and what the browser objected to.

window.told = [];
window.violations = [];

const EVENTS = [
  'ready', 'error', 'effect', 'deeplink', 'response.start', 'response.end', 'history.open',
  'history.close', 'thread.change', 'thread.load.start', 'thread.load.end', 'tool.change', 'log',
];

document.addEventListener('securitypolicyviolation', (event) => {
  window.violations.push(`${event.violatedDirective} ${event.blockedURI}`);
});

const waiting = new Set();

window.listen = (element) => {
  for (const name of EVENTS) {
    element.addEventListener(`chatkit.${name}`, ({ detail }) => {
      const error = detail?.error;
      window.told.push({ name, detail: error ? { error: error.message, isError: error instanceof Error } : detail });
      for (const look of waiting) look();
    });
  }
};

/** Until the element has told this so often. */
window.untilTold = (name, count) =>
  new Promise((resolve) => {
    const look = () => {
      if (window.told.filter((one) => one.name === name).length < count) return;
      waiting.delete(look);
      resolve();
    };
    waiting.add(look);
    look();
  });

window.start = async (options) => {
  await customElements.whenDefined('openai-chatkit');
  const chat = document.getElementById('chat');
  if (!chat.isListenedTo) window.listen(chat);
  chat.isListenedTo = true;
  window.given = { ...options, api: { url: '/api', ...options?.api } };
  chat.setOptions(window.given);
};
