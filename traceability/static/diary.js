/* Farm diary: the first lawful day of harvest, reckoned while somebody types. The server reckons it again. */
(() => {
  "use strict";
  const box = document.querySelector("[data-reckoning]");
  const line = document.querySelector("[data-earliest]");
  if (!box || !line) return;
  const known = JSON.parse(box.dataset.reckoning);
  const form = box.closest("form");
  const value = (name) => (form.elements[name] ? form.elements[name].value.trim() : "");

  function interval() {
    const typed = value("interval_days");
    const label = (known.intervals[value("input_lot_id")] || {})[known.crops[value("area_id")]];
    if (/^\d{1,3}$/.test(typed)) return Math.max(Number(typed), label === undefined ? 0 : label);
    return label === undefined ? null : label;
  }

  function show() {
    const amount = form.elements.amount;
    if (amount) amount.placeholder = known.units[value("input_lot_id")] || ""; /* in what the lot is measured */
    const given = known.given.includes(value("task")) && (value("input_lot_id") || value("substance") || value("input_kind"));
    const day = value("done_on").match(/^(\d{4})-(\d{2})-(\d{2})$/);
    line.hidden = !given || !day;
    if (line.hidden) return;
    const days = interval();
    /* What feeds a plant has no interval unless its label gives one. */
    const fed = value("input_lot_id") ? known.fed.includes(value("input_lot_id")) : known.feeds.includes(value("input_kind"));
    line.hidden = fed && days === null;
    if (line.hidden) return;
    line.classList.toggle("tone-wait", days === null);
    if (days === null) { line.textContent = line.dataset.none; return; }
    const first = new Date(Date.UTC(Number(day[1]), Number(day[2]) - 1, Number(day[3]) + days));
    const written = [first.getUTCDate(), first.getUTCMonth() + 1].map((part) => String(part).padStart(2, "0"));
    line.textContent = line.dataset.text.replace("DAY", `${written.join("/")}/${first.getUTCFullYear()}`);
  }

  form.addEventListener("input", show);
  form.addEventListener("change", show);
  form.addEventListener("draft:restored", show);
  show();
})();
