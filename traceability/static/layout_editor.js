/* Draws a print layout anew while it is typed. Without this script the button "Draw it" does the same. */
(() => {
  const editor = document.querySelector("[data-layout-editor]");
  const form = document.getElementById("layout");
  if (!editor || !form) return;
  const drawing = editor.querySelector("[data-drawing]");
  let waiting = 0;
  let turn = 0;
  async function draw() {
    const mine = ++turn;
    const data = new FormData(form);
    data.delete("once");
    try {
      const answer = await fetch(editor.dataset.url, { method: "POST", body: data, credentials: "same-origin" });
      if (mine !== turn || ![200, 422].includes(answer.status)) return;
      drawing.innerHTML = await answer.text();
    } catch { /* offline: the last drawing stays */ }
  }
  form.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(draw, 350);
  });
})();
