/*
 * The service worker of the farm diary, and of nothing else: where there is no signal it opens the copy of the diary's
 * form that static/diary_queue.js laid up on this phone, with the styles and scripts that the copy names.
 * It keeps nothing itself and reads no other page. Signing out empties what is kept (static/office.js); a phone that
 * holds no copy, an old one, or those of two people opens none.
 */
"use strict";
const DIARY = new URL(self.registration.scope).pathname;
const COPY = `${DIARY}/phone`;
/* Only these give way to the copy; what is corrected, or shown of a photo, needs the server. */
const OPENS = [DIARY, `${DIARY}/new`, COPY];
/* A bar of signal through which nothing comes is no signal. What was sent meanwhile carries its mark. */
const PATIENCE = 15000;

self.addEventListener("install", () => self.skipWaiting());
self.addEventListener("activate", (event) => event.waitUntil(self.clients.claim()));

const shelves = async () => (await caches.keys()).filter((name) => name.startsWith("diary:"));

async function copy() {
  const names = await shelves();
  if (names.length !== 1) return undefined;
  const found = await (await caches.open(names[0])).match(COPY, { ignoreVary: true });
  return found && Date.parse(found.headers.get("Expires")) > Date.now() ? found : undefined;
}

async function page(request) {
  const asked = fetch(request);
  const late = new Promise((done) => { setTimeout(done, PATIENCE); });
  try {
    const answer = await Promise.race([asked, late]);
    if (answer) return answer;
  } catch { /* no signal */ }
  return (await copy()) || asked;
}

async function file(request) {
  for (const name of await shelves()) {
    const found = await (await caches.open(name)).match(request, { ignoreVary: true });
    if (found) return found;
  }
  return fetch(request);
}

self.addEventListener("fetch", (event) => {
  const address = new URL(event.request.url);
  if (address.origin !== self.location.origin) return;
  if (event.request.mode === "navigate" && OPENS.includes(address.pathname)) event.respondWith(page(event.request));
  else if (event.request.method === "GET" && address.pathname.startsWith("/static/")) event.respondWith(file(event.request));
});
