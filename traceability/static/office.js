/*
 * Small comforts for the office pages. Every page works without them.
 *   - a form is sent once: its button says "Saving…" until the answer comes;
 *   - what was typed is kept on the device until the server has it (forms with data-draft);
 *   - a question before a grave step (data-ask);
 *   - required fields complain in the page's language; a password can be shown; menus close by Escape.
 * No inline handlers and no inline styles: the pages forbid both.
 */
(() => {
  "use strict";

  const DAY = 24 * 3600 * 1000;
  const user = document.body.dataset.user || "";
  const prefix = `draft:${user}:`;

  /* Storage may be full, forbidden or absent; then there are no drafts, and nothing else is lost. */
  const store = {
    keys() { try { return Object.keys(localStorage); } catch { return []; } },
    get(key) { try { return JSON.parse(localStorage.getItem(key) || "null"); } catch { return null; } },
    set(key, value) { try { localStorage.setItem(key, JSON.stringify(value)); } catch { /* no drafts then */ } },
    drop(key) { try { localStorage.removeItem(key); } catch { /* nothing to drop */ } },
  };

  const keepable = (field) =>
    field.name && !["password", "file", "submit", "button"].includes(field.type)
    && (field.type !== "hidden" || field.hasAttribute("data-keep")) && !field.disabled;

  function read(form) {
    const values = {};
    for (const field of form.elements) {
      if (!keepable(field)) continue;
      if (field.type === "checkbox" || field.type === "radio") {
        (values[field.name] ||= []).push(...(field.checked ? [field.value] : []));
      } else (values[field.name] ||= []).push(field.value);
    }
    return values;
  }

  function write(form, values) {
    const used = {};
    for (const field of form.elements) {
      if (!keepable(field) || !(field.name in values)) continue;
      if (field.type === "checkbox" || field.type === "radio") field.checked = values[field.name].includes(field.value);
      else field.value = values[field.name][used[field.name] = (used[field.name] ?? -1) + 1] ?? "";
    }
    form.dispatchEvent(new CustomEvent("draft:restored"));
  }

  function drafts(form) {
    const key = prefix + form.dataset.draft;
    const first = JSON.stringify(read(form));
    const kept = store.get(key);
    const refused = form.querySelector("[data-error-summary]");
    if (kept && !refused && JSON.stringify(kept.values) !== first) {
      write(form, kept.values);
      const line = document.createElement("div");
      line.className = "notice tone-info";
      line.setAttribute("role", "status");
      const text = document.createElement("div");
      text.textContent = form.dataset.draftKept;
      const drop = document.createElement("button");
      drop.type = "button";
      drop.className = "btn btn-outline-primary";
      drop.textContent = form.dataset.draftDrop;
      drop.addEventListener("click", () => { store.drop(key); write(form, JSON.parse(first)); line.remove(); });
      line.append(text, drop);
      form.prepend(line);
    }
    let timer;
    const keep = () => {
      clearTimeout(timer);
      timer = setTimeout(() => store.set(key, { at: Date.now(), values: read(form) }), 300);
    };
    form.addEventListener("input", keep);
    form.addEventListener("change", keep);
    form.addEventListener("form:sending", () => {
      clearTimeout(timer);
      store.set(key, { at: Date.now(), values: read(form), sent: true });
    });
  }

  /* A draft that was sent is dropped once a page comes back that is not its own unsaved form. */
  function sweep() {
    const saved = document.querySelector("[data-flash=success]");
    const here = new Set([...document.querySelectorAll("form[data-draft]")].map((form) => prefix + form.dataset.draft));
    for (const key of store.keys()) {
      if (!key.startsWith("draft:")) continue;
      const draft = store.get(key);
      const old = !draft || Date.now() - draft.at > 7 * DAY;
      if (old || (key.startsWith(prefix) && draft.sent && (saved || !here.has(key)))) store.drop(key);
    }
  }

  function ask(form, submitter) {
    const dialog = document.createElement("dialog");
    dialog.className = "ask";
    const text = document.createElement("p");
    text.id = "ask-text";
    text.textContent = form.dataset.ask;
    dialog.setAttribute("aria-labelledby", text.id);
    const actions = document.createElement("div");
    actions.className = "actions";
    const button = (label, look, value) => {
      const made = document.createElement("button");
      made.type = "button";
      made.className = `btn ${look}`;
      made.textContent = label;
      made.addEventListener("click", () => dialog.close(value));
      actions.append(made);
    };
    button(form.dataset.askNo, "btn-outline-primary", "");
    button(form.dataset.askYes, submitter && submitter.classList.contains("btn-danger") ? "btn-danger" : "btn-primary", "yes");
    dialog.append(text, actions);
    dialog.addEventListener("close", () => {
      const yes = dialog.returnValue === "yes";
      dialog.remove();
      if (yes) { form.dataset.asked = "yes"; form.requestSubmit(submitter || undefined); }
      else if (submitter) submitter.focus();
    });
    document.body.append(dialog);
    dialog.showModal();
  }

  function sending(form, submitter) {
    form.dispatchEvent(new CustomEvent("form:sending"));
    const button = submitter || form.querySelector("[type=submit]");
    if (!button) return;
    const label = button.querySelector("[data-submit-text]") || button;
    const before = label.textContent;
    /* After this turn: a disabled button would be left out of what is sent. */
    setTimeout(() => { button.disabled = true; label.textContent = form.dataset.saving || before; }, 0);
    const again = () => { button.disabled = false; label.textContent = before; delete form.dataset.asked; delete form.dataset.sent; };
    addEventListener("pageshow", (event) => { if (event.persisted) again(); });
    /* A download answers without leaving the page; a dead connection never answers. */
    setTimeout(again, form.hasAttribute("data-download") ? 4000 : 20000);
  }

  for (const form of document.querySelectorAll("form[data-form]")) {
    form.addEventListener("submit", (event) => {
      if (form.dataset.sent) { event.preventDefault(); return; }
      if (form.dataset.ask && !form.dataset.asked && "showModal" in HTMLDialogElement.prototype) {
        event.preventDefault();
        ask(form, event.submitter);
        return;
      }
      form.dataset.sent = "yes";
      sending(form, event.submitter);
    });
    if (form.dataset.required) {
      form.addEventListener("invalid", (event) => {
        if (event.target.validity.valueMissing) event.target.setCustomValidity(form.dataset.required);
      }, true);
      const settle = (event) => event.target.setCustomValidity && event.target.setCustomValidity("");
      form.addEventListener("input", settle);
      form.addEventListener("change", (event) => {
        settle(event);
        if (event.target.type === "radio") form.querySelectorAll(`[name="${CSS.escape(event.target.name)}"]`).forEach((one) => one.setCustomValidity(""));
      });
    }
  }
  sweep();
  document.querySelectorAll("form[data-draft]").forEach(drafts);

  /* Nothing typed by one person stays for the next on a shared phone. */
  document.querySelectorAll("form[data-sign-out]").forEach((form) => form.addEventListener("submit", () => {
    store.keys().filter((key) => key.startsWith(prefix)).forEach(store.drop);
  }));

  /* The same for the copy of the diary that opens without a signal: it goes before the sign-out does. */
  if ("caches" in window) {
    const forget = async (whose) => {
      const names = (await caches.keys()).filter((name) => name.startsWith("diary:") && !(whose && name.startsWith(whose)));
      await Promise.all(names.map((name) => caches.delete(name)));
    };
    document.querySelectorAll("form[data-sign-out]").forEach((form) => form.addEventListener("submit", (event) => {
      event.preventDefault();
      forget("").catch(() => {}).then(() => form.submit());
    }));
    if (user) forget(`diary:${user}:`).catch(() => {});
    else if (document.querySelector("[data-signed-out]")) forget("").catch(() => {});
  }

  document.querySelectorAll("[data-reveal]").forEach((button) => {
    button.hidden = false;
    button.addEventListener("click", () => {
      const input = document.getElementById(button.dataset.reveal);
      const show = input.type === "password";
      input.type = show ? "text" : "password";
      button.setAttribute("aria-pressed", String(show));
    });
  });

  const menus = [...document.querySelectorAll(".user-menu, .nav-more")];
  const shut = (except) => menus.forEach((menu) => { if (menu !== except) menu.open = false; });
  document.addEventListener("click", (event) => shut(event.target.closest(".user-menu, .nav-more")));
  document.addEventListener("keydown", (event) => {
    const open = event.key === "Escape" && menus.find((menu) => menu.open);
    if (open) { open.open = false; open.querySelector("summary").focus(); }
  });

  const offline = document.querySelector("[data-offline]");
  const signal = () => { if (offline) offline.hidden = navigator.onLine; };
  addEventListener("online", signal);
  addEventListener("offline", signal);
  signal();

  const summary = document.querySelector("[data-error-summary]");
  if (summary) summary.focus();
})();
