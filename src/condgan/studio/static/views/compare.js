// Two trainings side by side: which figures differ by more than chance.
import { html, useEffect, useState } from "../ui.js";
import { ask } from "../api.js";
import { runAddress } from "../state.js";
import { Command, Empty, Trouble } from "../parts/small.js";
import { RunChooser } from "./run-over.js";
import { figure, figureNames, maybe, t } from "../words.js";

/** @typedef {{mean: number, spread: number | null, n: number}} Side */
/** @typedef {{a: Side, b: Side, difference: number, low: number | null, high: number | null, verdict: string}} Difference */

/** @param {{query: URLSearchParams}} props */
export function Compare({ query }) {
  const [one, other] = [query.get("one") ?? "", query.get("other") ?? ""];
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    setFound(null);
    setError(null);
    if (one && other) ask(`compare?${new URLSearchParams({ one, other })}`).then(setFound, setError);
  }, [one, other]);
  const go = (/** @type {string} */ side) => (/** @type {string} */ name) => {
    location.hash = `#/compare?${new URLSearchParams({ one, other, [side]: name })}`;
  };
  const figures = /** @type {[string, Difference][]} */ (Object.entries(found?.figures ?? {}));
  const called = figureNames(figures.map(([name]) => name));
  return html`
    <div class="head"><h1>${t("compare.title")}</h1></div>
    <div class="compare-sides">
      ${[["one", one], ["other", other]].map(([side, name]) => html`<section class="panel" key=${side}>
        <h2>${name ? html`<a href=${runAddress(name)}>${name}</a>` : t("compare.choose")}</h2>
        <${RunChooser} label=${t("run.over.hint")} button=${t("train.data.use")} id=${`compare-${side}`} except="" onChoose=${go(side)} />
      </section>`)}
    </div>
    ${error && html`<${Trouble} error=${error} />`}
    ${one && other && !found && !error && html`<div class="panel skeleton compare-wait" aria-busy="true"></div>`}
    ${!(one && other) && html`<${Empty} title=${t("compare.none")} text=${t("compare.none.text")}><${Command} text="condgan compare A B" /></${Empty}>`}
    ${found && html`<section class="panel compare-figures">
      <h2>${t("compare.figures")}</h2>
      <div class="wide" tabindex="0" role="group" aria-label=${t("compare.figures")}><table>
        <thead><tr><th scope="col">${t("compare.figure")}</th><th scope="col">${one}</th><th scope="col">${other}</th><th scope="col">${t("compare.verdict")}</th></tr></thead>
        <tbody>${figures.map(([name, of]) => html`<tr key=${name}><th scope="row">${called(name)}</th>
          ${[of.a, of.b].map((side) => html`<td>${figure(name, side.mean)}${side.spread ? html` <small class="muted">± ${figure(name, side.spread)}, n = ${side.n}</small>` : ""}</td>`)}
          <td>${maybe(`verdict.${of.verdict}`, of.verdict)}</td></tr>`)}</tbody>
      </table></div>
      ${found.notices.map((/** @type {string} */ text) => html`<p class="muted small">${named(text, [one, other])}</p>`)}
    </section>
    ${Object.keys(found.recipes).length > 0 && html`<section class="panel">
      <h2>${t("run.recipe")}</h2>
      <div class="wide" tabindex="0" role="group" aria-label=${t("run.recipe")}><table class="recipe-rows"><tbody>${Object.entries(found.recipes).map(([field, values]) => html`<tr><th scope="row"><code>${field}</code></th>${/** @type {string[]} */ (values).map((value) => html`<td><code>${value}</code></td>`)}</tr>`)}</tbody></table></div>
    </section>`}`}`;
}

/** A sentence in which runs are called by their names, not by their paths. @param {string} text @param {string[]} names */
function named(text, names) {
  return names.reduce((told, name) => told.split(/(?<=[\s(`'"])|(?=[\s:,`'"])/).map((word) => (word.startsWith("/") && word.endsWith(`/${name}`) ? name : word)).join(""), text);
}
