// The box for a typed code: tries the code before it is sent, groups it while it is typed, and says what is wrong.
// Without this script the form sends what was typed and the server says the same.
import { group, normalise } from "./code_check.js";

for (const form of document.querySelectorAll("[data-code-box]")) {
  const field = form.elements.code;
  const flaw = form.querySelector(".code-flaw");

  const say = (text) => {
    flaw.textContent = text;
    flaw.hidden = !text;
    field.setAttribute("aria-invalid", text ? "true" : "false");
  };

  field.addEventListener("input", () => say(""));

  field.addEventListener("blur", () => {
    const { code } = normalise(field.value);
    if (code) field.value = group(code);
  });

  form.addEventListener("submit", (event) => {
    const { flaw: kind, positions } = normalise(field.value);
    if (!kind || kind === "empty") return;
    event.preventDefault();
    const strange = [...new Set(positions.map((place) => field.value[place]))].join(" ");
    const typed = field.value.replace(/[ -]/g, "").length;
    say(form.dataset[kind].replace("{n}", typed).replace("{c}", strange));
    field.focus();
    if (positions.length) field.setSelectionRange(positions[0], positions[0] + 1);
  });
}
