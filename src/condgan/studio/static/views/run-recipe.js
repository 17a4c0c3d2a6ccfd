// A recipe as what differs: from the built-in one, or from that of any other run.
import { html, useState } from "../ui.js";
import { ask, ofRun } from "../api.js";
import { trying } from "../state.js";
import { RunChooser } from "./run-over.js";
import { maybe, t } from "../words.js";

/** @typedef {import("./run.js").Detail} Detail */

/** Field and value of `section.field=value`. @param {string} text @returns {[string, string]} */
export function parted(text) {
  const at = text.indexOf("=");
  return [text.slice(0, at), text.slice(at + 1)];
}

/** @param {{name: string, detail: Detail}} props */
export function RecipeOf({ name, detail }) {
  const [against, setAgainst] = useState(/** @type {{other: string, rows: [string, string, string][]} | null} */ (null));
  const compare = (/** @type {string} */ other) =>
    trying(async () => {
      const found = await ask(ofRun(name, `differences?${new URLSearchParams({ against: other })}`));
      const [one, two] = [new Map(found.one.map(parted)), new Map(found.other.map(parted))];
      const fields = [...new Set([...one.keys(), ...two.keys()])];
      setAgainst({ other, rows: fields.map((field) => [String(field), String(one.get(field) ?? "–"), String(two.get(field) ?? "–")]) });
    });
  const { recipe, changes } = detail;
  return html`<section class="panel">
    <div class="panel-head"><h2>${t("run.recipe")}</h2><span class="muted">${recipe.name}</span></div>
    ${changes === null && html`<p class="muted">${t("run.recipe.own")}</p>`}
    ${changes?.length === 0 && html`<p class="muted">${t("run.recipe.as", { recipe: recipe.name })}</p>`}
    ${changes !== null && changes.length > 0 && html`<${Rows} heads=${[t("run.recipe.field"), t("run.recipe.builtin", { recipe: recipe.name })]} rows=${changes.map(parted)} />`}
    <${RunChooser} label=${t("run.recipe.against")} button=${t("run.recipe.compare")} id="against-runs" except=${name} onChoose=${compare} />
    ${against && (against.rows.length
      ? html`<${Rows} heads=${[t("run.recipe.field"), t("run.recipe.value"), against.other]} rows=${against.rows} />`
      : html`<p role="status">${t("run.recipe.same")}</p>`)}
    <details><summary>${t("run.recipe.all")}</summary>${sections(recipe).map(([title, rows]) => html`<h3 class="section-title">${title}</h3><${Rows} heads=${[]} rows=${rows} />`)}</details>
  </section>`;
}

/** A table of fields. @param {{heads: string[], rows: string[][]}} props */
function Rows({ heads, rows }) {
  return html`<div class="wide" tabindex="0" role="group" aria-label=${t("run.recipe")}><table class="recipe-rows">
    ${heads.length > 0 && html`<thead><tr>${heads.map((head) => html`<th scope="col">${head}</th>`)}</tr></thead>`}
    <tbody>${rows.map(([field, ...values]) => html`<tr key=${field}><th scope="row"><code>${field}</code></th>${values.map((value) => html`<td><code>${value}</code></td>`)}</tr>`)}</tbody>
  </table></div>`;
}

/** All fields of a recipe by section. @param {any} recipe @returns {[string, string[][]][]} */
function sections(recipe) {
  /** @type {[string, string[][]][]} */
  const found = [[t("section.general"), []]];
  const told = (/** @type {unknown} */ value) => (typeof value === "string" ? value : JSON.stringify(value));
  for (const [key, value] of Object.entries(recipe)) {
    if (value === null || typeof value !== "object" || Array.isArray(value)) {
      if (key !== "notes" && key !== "format") found[0][1].push([key, told(value)]);
      continue;
    }
    const groups = key === "optim" ? Object.entries(value).map(([network, one]) => [`optim.${network}`, one]) : [[key, value]];
    for (const [prefix, fields] of groups) found.push([maybe(`section.${prefix}`, prefix), Object.entries(fields).map(([field, one]) => [`${prefix}.${field}`, told(one)])]);
  }
  return found;
}
