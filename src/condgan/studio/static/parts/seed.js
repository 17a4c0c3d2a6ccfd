// A seed: typed, one on or back, or rolled.
import { html } from "../ui.js";
import { t } from "../words.js";

const MOST = 2 ** 31;

/** @param {{label?: string, value: number, onChange: (seed: number) => void, dice?: boolean}} props */
export function Seed({ label, value, onChange, dice = true }) {
  const name = label ?? t("sample.seed");
  const typed = (/** @type {any} */ event) => {
    const seed = Number(event.target.value);
    if (Number.isSafeInteger(seed) && seed >= 0) onChange(seed);
  };
  return html`<div class="field seed"><span aria-hidden="true">${name}</span>
    <div class="stepper" role="group" aria-label=${name}>
      <button type="button" class="icon" aria-label=${t("sample.seed.less")} disabled=${value === 0} onClick=${() => onChange(value - 1)}>‹</button>
      <input type="text" inputmode="numeric" aria-label=${name} value=${value} onInput=${typed} onKeyDown=${(/** @type {KeyboardEvent} */ event) => {
        const by = event.key === "ArrowUp" ? 1 : event.key === "ArrowDown" ? -1 : 0;
        if (by && value + by >= 0) {
          event.preventDefault();
          onChange(value + by);
        }
      }} />
      <button type="button" class="icon" aria-label=${t("sample.seed.more")} onClick=${() => onChange(value + 1)}>›</button>
      ${dice && html`<button type="button" class="icon" aria-label=${t("sample.dice")} title=${t("sample.dice")} onClick=${() => onChange(Math.floor(Math.random() * MOST))}>
        <svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true"><rect x="3" y="3" width="14" height="14" rx="3" fill="none" stroke="currentColor" stroke-width="1.5"/><g fill="currentColor"><circle cx="7" cy="7" r="1.3"/><circle cx="13" cy="7" r="1.3"/><circle cx="10" cy="10" r="1.3"/><circle cx="7" cy="13" r="1.3"/><circle cx="13" cy="13" r="1.3"/></g></svg>
      </button>`}
    </div>
  </div>`;
}
