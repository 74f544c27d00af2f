/** What a page needs to show this chat. */

/** @param origin - Of the server, such as `https://chat.example.com`. */
export function embedCode(origin: string): string {
  return `<script src="${origin}/chatkit.js" async></script>
<openai-chatkit id="chat"></openai-chatkit>
<script type="module">
  await customElements.whenDefined('openai-chatkit');
  document.getElementById('chat').setOptions({
    api: { url: '${origin}/api/chatkit' },
  });
</script>`;
}
