// Runs the code of docs/auth.md: a frontend server with the proxy route, and a page on its origin.
// Arguments: the folder with the guide's files, the backend, the cookie, and "proxy" or "secret".
// Prints what the page got as one JSON object.
import { createServer } from "node:http";
import { pathToFileURL } from "node:url";

const [folder, backend, cookie, way] = process.argv.slice(2);
const load = (name) => import(pathToFileURL(`${folder}/${name}`));

process.env.BACKEND_URL = backend;
const { POST } = await load("route.mjs");

const frontend = createServer(async (incoming, outgoing) => {
  const leaving = new AbortController();
  outgoing.on("close", () => leaving.abort());
  const request = new Request(`http://frontend${incoming.url}`, {
    method: "POST",
    headers: incoming.headers,
    body: await new Response(incoming).text(),
    signal: leaving.signal,
  });
  const answer = await POST(request);
  outgoing.writeHead(answer.status, Object.fromEntries(answer.headers));
  for await (const chunk of answer.body) outgoing.write(chunk);
  outgoing.end();
});
await new Promise((listening) => frontend.listen(0, "127.0.0.1", listening));
const origin = `http://127.0.0.1:${frontend.address().port}`;

// What a browser adds by itself: where the page is, and its cookies when they are asked for.
const networkFetch = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const url = String(input);
  const fromPage = url.startsWith("/");
  if (!fromPage) return networkFetch(input, init);
  const base = url === "/api/chatkit" && way === "proxy" ? origin : backend;
  const headers = { ...init.headers, Origin: "https://app.example.com" };
  if (init.credentials === "include" && cookie) headers.Cookie = cookie;
  return networkFetch(base + url, { ...init, headers });
};
globalThis.document = {
  title: "Pricing of the moon",
  querySelector: () => ({ content: "What the moon costs" }),
  querySelectorAll: () => [{ textContent: "Plans" }, { textContent: "Questions" }],
};
globalThis.location = { href: "https://app.example.com/pricing" };

const body = JSON.stringify({
  type: "threads.create",
  params: {
    input: {
      content: [{ type: "input_text", text: "What does it cost?" }],
      attachments: [],
      inference_options: {},
    },
  },
});

const { fetchWithContext } = await load("chatkit-fetch.mjs");
const { getClientSecret } = await load("chatkit-secret.mjs");
const headers = { "Content-Type": "application/json" };
const secrets = [];
if (way === "secret") {
  secrets.push(await getClientSecret(null));
  secrets.push(await getClientSecret(secrets[0]));
  headers.Authorization = `Bearer ${secrets[1]}`;
}
const answer = await fetchWithContext("/api/chatkit", { method: "POST", headers, body });
const text = await answer.text();
console.log(
  JSON.stringify({ status: answer.status, type: answer.headers.get("content-type"), text, secrets }),
);
frontend.close();
