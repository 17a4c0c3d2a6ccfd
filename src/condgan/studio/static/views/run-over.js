// Other runs whose curves are laid over those of a run.
import { html, useEffect, useState } from "../ui.js";
import { ask, ofRun } from "../api.js";
import { inLanguage, tell } from "../state.js";
import { colorName } from "../parts/chart.js";
import { t } from "../words.js";

/** @typedef {import("./run.js").Series} Series */

/**
 * A field in which the name of a run is typed or chosen.
 * @param {{label: string, button: string, id: string, except: string, onChoose: (name: string) => void}} props
 */
export function RunChooser({ label, button, id, except, onChoose }) {
  const [typed, setTyped] = useState("");
  const [names, setNames] = useState(/** @type {string[]} */ ([]));
  useEffect(() => {
    if (!typed) return undefined;
    let wanted = true;
    const asked = ask(`runs?${new URLSearchParams({ search: typed, limit: "12" })}`);
    asked.then((found) => wanted && setNames(found.runs.filter((/** @type {any} */ one) => one.kind === "run" && one.name !== except).map((/** @type {any} */ one) => one.name)), () => undefined);
    return () => void (wanted = false);
  }, [typed]);
  const choose = (/** @type {Event} */ event) => {
    event.preventDefault();
    const name = names.includes(typed) || names.length !== 1 ? typed.trim() : names[0];
    if (!name) return;
    setTyped("");
    onChoose(name);
  };
  return html`<form class="chooser" onSubmit=${choose}>
    <input list=${id} value=${typed} aria-label=${label} placeholder=${label} onInput=${(/** @type {any} */ event) => setTyped(event.target.value)} />
    <datalist id=${id}>${names.map((name) => html`<option value=${name}></option>`)}</datalist>
    <button type="submit" disabled=${!typed.trim()}>${button}</button>
  </form>`;
}

/** @param {{name: string, over: [string, Series][], onChange: (over: [string, Series][]) => void}} props */
export function Over({ name, over, onChange }) {
  const add = async (/** @type {string} */ other) => {
    if (over.some(([one]) => one === other) || other === name) return;
    try {
      onChange([...over, [other, await ask(inLanguage(ofRun(other, "series?points=600")))]]);
    } catch {
      tell(t("run.over.none", { run: other }), true);
    }
  };
  return html`<div class="over">
    <${RunChooser} label=${t("run.over")} button=${t("run.over.add")} id="over-runs" except=${name} onChoose=${add} />
    ${over.length > 0 && html`<ul class="chips">
      ${[name, ...over.map(([one]) => one)].map((one, at) => html`<li class="chip-text"><i class="swatch" style=${{ color: `var(${colorName(at)})` }}></i>${one}
        ${at > 0 && html`<button type="button" class="icon tiny" aria-label=${t("run.over.remove", { run: one })} onClick=${() => onChange(over.filter(([other]) => other !== one))}>×</button>`}</li>`)}
    </ul>`}
  </div>`;
}
