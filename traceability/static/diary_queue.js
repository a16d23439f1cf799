/*
 * Farm diary without a signal: every entry is first laid on the shelf of the phone (IndexedDB, which a killed browser
 * does not lose), then sent, and taken off the shelf only when the server has said that it stands in the diary.
 * Each entry carries a mark of its own (external_ref); the server answers a mark that it knows with the entry it made.
 * So a page that was closed, or a phone that died, between sending and hearing the answer simply sends again.
 *
 * Beside the shelf lies a copy of the empty form, which static/diary_worker.js opens where there is no signal.
 */
(() => {
  "use strict";
  const words = document.currentScript.dataset;
  const owner = words.shelf; /* who writes, and for which producer: nobody else's entries are shown or sent */
  const form = document.getElementById("diary-form");
  const state = document.querySelector("[data-diary-queue]");
  const list = document.querySelector("[data-diary-list]");
  const isCopy = Boolean(form && form.closest("[data-diary-copy]"));
  const EVERY = 60 * 1000;
  let old = false; /* the list was read before something was sent, or before the signal went away */

  let opened;
  function shelf(mode, act) {
    opened ||= new Promise((good, bad) => {
      const asked = indexedDB.open("diary", 1);
      asked.onupgradeneeded = () => asked.result.createObjectStore("entries", { keyPath: "ref" });
      asked.onsuccess = () => good(asked.result);
      asked.onerror = () => bad(asked.error);
    });
    return opened.then((database) => new Promise((good, bad) => {
      const change = database.transaction("entries", mode, { durability: "strict" });
      const asked = act(change.objectStore("entries"));
      change.oncomplete = () => good(asked.result);
      change.onerror = change.onabort = () => bad(change.error);
    }));
  }
  /* In the order of writing: a mark begins with its time. */
  const kept = async () => (await shelf("readonly", (entries) => entries.getAll())).filter((entry) => entry.owner === owner);
  const put = (entry) => shelf("readwrite", (entries) => entries.put(entry));
  const drop = (ref) => shelf("readwrite", (entries) => entries.delete(ref));

  async function show(more) {
    if (!state) return;
    const entries = await kept();
    const refused = entries.filter((entry) => entry.refused);
    const waiting = entries.length - refused.length;
    const stale = Boolean(list) && (old || waiting > 0);
    state.hidden = !entries.length && !stale;
    if (list) list.setAttribute("aria-busy", String(stale));
    state.textContent = [
      entries.length && more ? more : "",
      waiting ? words.kept.replace("N", waiting) : "",
      refused.length ? words.refused.replace("N", refused.length) : "",
      stale ? words.old : "",
    ].filter(Boolean).join(" ");
    if (!refused.length) return;
    const open = document.createElement(form ? "button" : "a");
    if (form) {
      open.type = "button";
      open.addEventListener("click", () => fill(refused[0]));
    } else open.href = words.send;
    open.className = "btn btn-outline-primary";
    open.textContent = words.open;
    state.append(" ", open);
  }

  /* A refused entry comes back into the form; sending it makes a new one of it. */
  async function fill(entry) {
    for (const [name, text] of entry.fields) if (form.elements[name]) form.elements[name].value = text;
    form.dispatchEvent(new CustomEvent("draft:restored"));
    await drop(entry.ref);
    await show();
  }

  function mark() {
    const random = crypto.getRandomValues(new Uint8Array(12));
    return `${Date.now()}-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }

  /* The same words sent again by an impatient thumb carry the same mark. */
  async function keep() {
    const fields = [...new FormData(form)].filter(([name, text]) => typeof text === "string" && text && !["csrf_token", "once", "external_ref"].includes(name));
    const said = JSON.stringify(fields);
    if (form.dataset.said !== said) Object.assign(form.dataset, { said, mark: mark() });
    await put({ ref: form.dataset.mark, owner, fields });
    return form.dataset.mark;
  }

  const written = (address) => new URL(address, location.href).searchParams.get("written");

  /* Reads the list anew and puts it in the place of the old one; without a signal that one stays, and is called old. */
  async function refresh() {
    if (!list) return;
    old = true;
    try {
      await show();
      const page = await fetch(location.href, { credentials: "same-origin", redirect: "error" });
      const read = new DOMParser().parseFromString(await page.text(), "text/html");
      const fresh = read.querySelector("[data-diary-list]");
      const whose = read.querySelector("[data-shelf]");
      if (!page.ok || !fresh || !whose || whose.dataset.shelf !== owner) return;
      list.replaceChildren(...fresh.childNodes);
      old = false;
    } catch { /* no signal */ } finally { await show(); }
  }

  let sending = false;
  async function send() {
    if (sending || !navigator.onLine) return;
    sending = true;
    let arrived = false;
    try {
      const waiting = (await kept()).filter((entry) => !entry.refused);
      if (!waiting.length) return;
      const page = await fetch(words.send, { credentials: "same-origin", redirect: "error" });
      const read = new DOMParser().parseFromString(await page.text(), "text/html");
      const token = read.querySelector("[name=csrf_token]");
      const whose = read.querySelector("[data-shelf]");
      if (!page.ok || !token || !whose || whose.dataset.shelf !== owner) return;
      for (const entry of waiting) {
        const body = new URLSearchParams([...entry.fields, ["external_ref", entry.ref], ["csrf_token", token.value], ["once", entry.ref], ["shelf", "1"]]);
        const answer = await fetch(words.send, { method: "POST", body, credentials: "same-origin", redirect: "error" });
        if (answer.ok && written(await answer.text()) === entry.ref) {
          await drop(entry.ref);
          arrived = true;
        } else if (answer.status === 422) await put({ ...entry, refused: true });
        else return; /* busy, signed out, or a fault: another time */
        await show();
      }
    } catch { /* the signal went away again */ } finally {
      sending = false;
      await show();
      if (arrived) await refresh();
    }
  }

  async function lay() {
    const shelves = "serviceWorker" in navigator && "caches" in window;
    if (!shelves || !words.copy || isCopy || !navigator.onLine) return;
    await navigator.serviceWorker.register(words.worker, { scope: words.done });
    const page = await fetch(words.copy, { credentials: "same-origin", redirect: "error" });
    const read = new DOMParser().parseFromString(await page.clone().text(), "text/html");
    const whose = read.querySelector("[data-shelf]");
    if (!page.ok || !whose || whose.dataset.shelf !== owner) return;
    const files = [...read.querySelectorAll("link[rel=stylesheet], script[src]")]
      .map((one) => new URL(one.getAttribute("href") || one.getAttribute("src"), location.href).href);
    const cache = await caches.open(`diary:${owner}`);
    for (const old of await cache.keys()) if (new URL(old.url).pathname !== words.copy && !files.includes(old.url)) await cache.delete(old);
    for (const file of files) if (!await cache.match(file)) await cache.add(file);
    await cache.put(words.copy, page);
    document.documentElement.dataset.diaryCopy = "laid"; /* for whoever waits for it */
  }

  async function submitted(event) {
    if (form.dataset.sent) return;
    event.preventDefault();
    const away = isCopy || !navigator.onLine;
    if (away) event.stopImmediatePropagation();
    try {
      const ref = await keep();
      if (!away) form.elements.external_ref.value = ref;
    } catch {
      if (away && state) { state.hidden = false; state.textContent = words.full; return; }
    }
    if (!away) { form.submit(); return; }
    delete form.dataset.said; /* the next one is another entry, even if it says the same */
    form.reset();
    form.dispatchEvent(new CustomEvent("draft:restored"));
    await show(navigator.onLine ? "" : words.stored);
    form.elements.done_on.focus();
    await send();
  }

  async function begin() {
    if (isCopy) {
      const day = form.elements.done_on; /* the copy may be of another day */
      day.defaultValue = new Date().toLocaleDateString("sv-SE", { timeZone: "Asia/Ho_Chi_Minh" });
    }
    /* The server has answered: what stands in the diary, or in the form before us, waits no more. */
    const answered = written(location.href) || (form && form.elements.external_ref.value);
    if (answered) await drop(answered);
    await show();
    await send();
    await lay();
  }

  if (form) form.addEventListener("submit", submitted, true);
  addEventListener("offline", () => { old = true; show().catch(() => {}); });
  addEventListener("online", async () => { await send(); if (old) await refresh(); });
  addEventListener("pageshow", (event) => { if (event.persisted) refresh(); });
  setInterval(send, EVERY);
  begin().catch(() => { /* a browser without a shelf: entries are sent as they are written */ });
})();
