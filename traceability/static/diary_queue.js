/*
 * Farm diary without a signal: an entry that cannot be sent is kept on the phone and sent when there is one, exactly once.
 * Each entry carries a mark of its own (external_ref); the server answers a mark that it knows with the entry it made.
 * So a page that was closed, or a phone that died, between sending and hearing the answer simply sends again.
 */
(() => {
  "use strict";
  const words = document.currentScript.dataset;
  const user = document.body.dataset.user || "";
  const shelf = `diary:${user}:`;
  const form = document.getElementById("diary-form");
  const state = document.querySelector("[data-diary-queue]");

  const keys = () => Object.keys(localStorage).filter((key) => key.startsWith(shelf)).sort();
  const read = (key) => { try { return JSON.parse(localStorage.getItem(key)); } catch { return null; } };

  function show() {
    if (!state) return;
    const kept = keys().map((key) => [key, read(key)]).filter(([, entry]) => entry);
    const refused = kept.filter(([, entry]) => entry.refused);
    const waiting = kept.length - refused.length;
    state.hidden = !kept.length;
    state.textContent = [
      waiting ? words.kept.replace("N", waiting) : "",
      refused.length ? words.refused.replace("N", refused.length) : "",
    ].filter(Boolean).join(" ");
    if (refused.length && form) {
      const open = document.createElement("button");
      open.type = "button";
      open.className = "btn btn-outline-primary";
      open.textContent = words.open;
      open.addEventListener("click", () => fill(...refused[0]));
      state.append(" ", open);
    }
  }

  /* A refused entry comes back into the form; sending it makes a new one of it. */
  function fill(key, entry) {
    for (const [name, text] of entry.fields) if (form.elements[name]) form.elements[name].value = text;
    form.dispatchEvent(new CustomEvent("draft:restored"));
    localStorage.removeItem(key);
    show();
  }

  /* The number keeps the order of writing; the random part keeps two phones apart. */
  function mark() {
    const random = crypto.getRandomValues(new Uint8Array(12));
    return `${Date.now()}-${[...random].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
  }

  function keep() {
    const ref = mark();
    const fields = [...new FormData(form)].filter(([name, text]) => typeof text === "string" && text && !["csrf_token", "once"].includes(name));
    localStorage.setItem(shelf + ref, JSON.stringify({ ref, fields: [...fields, ["external_ref", ref]] }));
  }

  let sending = false;
  async function send() {
    if (sending || !navigator.onLine || !keys().length) return;
    sending = true;
    try {
      const page = await fetch(words.send, { credentials: "same-origin", redirect: "error" });
      const token = new DOMParser().parseFromString(await page.text(), "text/html").querySelector("[name=csrf_token]");
      if (!page.ok || !token) return;
      for (const key of keys()) {
        const entry = read(key);
        if (!entry || entry.refused) continue;
        const body = new URLSearchParams([...entry.fields, ["csrf_token", token.value], ["once", entry.ref]]);
        const answer = await fetch(words.send, { method: "POST", body, credentials: "same-origin" });
        const written = answer.ok && answer.redirected && new URL(answer.url).pathname === words.done;
        if (written) localStorage.removeItem(key);
        else if (answer.status === 422) localStorage.setItem(key, JSON.stringify({ ...entry, refused: true }));
        else return; /* busy, signed out, or a fault: another time */
        show();
      }
    } catch { /* the signal went away again */ } finally { sending = false; show(); }
  }

  if (form) {
    form.addEventListener("submit", (event) => {
      if (navigator.onLine) return;
      event.preventDefault();
      event.stopImmediatePropagation();
      keep();
      form.reset();
      show();
      state.append(` ${words.stored}`);
      form.elements.done_on.focus();
    }, true);
  }
  addEventListener("online", send);
  show();
  send();
})();
