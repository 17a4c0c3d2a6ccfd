// How many minutes a study of worth or of a cure may take, with the button that lets it wait for its turn.
import { html, useState } from "../ui.js";
import { t } from "../words.js";

const [LEAST, MOST, USUAL] = [1, 100000, 20]; // as on the command line

/** @param {{label: string, button: string, class?: string, onGo: (minutes: number) => void}} props */
export function Minutes({ label, button, class: name, onGo }) {
  const [typed, setTyped] = useState(String(USUAL));
  const minutes = Number(typed.replace(",", "."));
  const right = typed.trim() !== "" && minutes >= LEAST && minutes <= MOST;
  const go = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (right) onGo(minutes);
  };
  return html`<form class=${`minutes ${name ?? ""}`} onSubmit=${go}>
    <button type="submit" disabled=${!right}>${button}</button>
    <label><input inputmode="decimal" value=${typed} aria-label=${label} aria-invalid=${!right} title=${t("minutes.limits", { least: LEAST, most: MOST })} onInput=${(/** @type {any} */ event) => setTyped(event.target.value)} /><span aria-hidden="true">${t("minutes.unit")}</span></label>
    ${!right && html`<span class="bad small" role="alert">${t("minutes.limits", { least: LEAST, most: MOST })}</span>`}
  </form>`;
}
