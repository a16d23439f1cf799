/*
 * Offers in one choice only what suits another: the areas that grow the product's crop, the codes of the area.
 * [data-narrowing] holds rules [{by, of, fits}]: ids of two selects, and which values of `of` suit each value of `by`.
 * What does not suit is hidden and cannot be chosen. Without this script every choice names its crop.
 */
(() => {
  "use strict";
  for (const place of document.querySelectorAll("[data-narrowing]")) {
    const rules = JSON.parse(place.dataset.narrowing);
    const narrow = () => rules.forEach(({ by, of, fits }) => {
      const leader = document.getElementById(by);
      const choice = document.getElementById(of);
      if (!leader || !choice) return;
      const meant = leader.value ? [leader] : [...leader.options].filter((one) => one.value && !one.disabled);
      const suited = meant.flatMap((one) => fits[one.value] || []);
      for (const option of choice.options) {
        option.hidden = option.disabled = Boolean(option.value) && !suited.includes(option.value);
      }
      const chosen = choice.selectedOptions[0];
      if (chosen && !chosen.disabled && (chosen.value || !choice.required)) return;
      choice.value = choice.required && suited.length === 1 ? suited[0] : "";
    });
    const form = place.closest("form");
    form.addEventListener("change", narrow);
    form.addEventListener("draft:restored", narrow);
    narrow();
  }
})();
