// The verdict of a study: whether synthetic images help, whether a run was cured, which claims hold.
import { html, useEffect, useState } from "../ui.js";
import { ask } from "../api.js";
import { encoded, inLanguage, language, runAddress } from "../state.js";
import { Command } from "../parts/small.js";
import { figure, figureName, maybe, t } from "../words.js";

/** @param {{name: string, version: number}} props */
export function Verdict({ name, version }) {
  const [told, setTold] = useState(/** @type {{kind: string | null, found: any}} */ ({ kind: null, found: null }));
  useEffect(() => void ask(inLanguage(`verdicts/${encoded(name)}`)).then(setTold, () => undefined), [name, version, language.value]);
  const { kind, found } = told;
  if (kind === "worth") return html`<section class="panel">
    <h2>${maybe(`verdict.${found.verdict}`, found.verdict)}</h2>
    <p class="verdict">${coded(found.sentence)}</p>
    <div class="wide" tabindex="0" role="group" aria-label=${t("study.verdict")}><table><thead><tr><th scope="col">${t("study.way")}</th><th scope="col" class="number">${t("study.accuracy")}</th></tr></thead>
      <tbody>${found.table.map((/** @type {any} */ row) => html`<tr><td>${row.way}</td><td class="number"><b>${row.value.toFixed(1)}%</b> <small class="muted">± ${row.spread.toFixed(1)}, n = ${row.n}</small></td></tr>`)}</tbody></table></div>
    ${found.command && html`<div class="foot"><${Command} text=${found.command} /></div>`}
  </section>`;
  if (kind === "cure") return html`<section class="panel">
    <h2>${maybe(`verdict.${found.verdict}`, found.verdict)}</h2>
    <p class="verdict">${coded(found.sentence)}</p>
    <p class="advice">${(found.cure ?? []).map((/** @type {string} */ text) => html`<code>${text}</code> `)}
      ${found.run && html`<a href=${runAddress(`${name}/${keptOf(found.run)}`)}>${t("study.kept")}</a>`}</p>
    <div class="wide" tabindex="0" role="group" aria-label=${t("study.verdict")}><table><thead><tr><th scope="col">${t("compare.figure")}</th><th scope="col" class="number">${t("study.before")}</th><th scope="col" class="number">${t("study.as-it-is")}</th><th scope="col" class="number">${t("study.after")}</th></tr></thead>
      <tbody>${Object.keys(found.before ?? {}).map((one) => html`<tr><th scope="row">${figureName(one)}</th>${[found.before, found.as_it_is, found.after].map((side) => html`<td class="number">${figure(one, side?.[one])}</td>`)}</tr>`)}</tbody></table></div>
  </section>`;
  if (kind === "claims" && found.claims.length > 0) return html`<section class="panel">
    <h2>${t("study.claims")}</h2>
    <div class="wide claims" tabindex="0" role="group" aria-label=${t("study.claims")}><table><thead><tr><th scope="col">${t("study.claim")}</th><th scope="col">${t("study.verdict")}</th><th scope="col">${t("study.rests")}</th></tr></thead>
      <tbody>${found.claims.map((/** @type {any} */ one) => html`<tr key=${one.claim}><td>${one.says}</td><td class=${`claim-${one.verdict}`}>${one.word}</td><td class="muted">${one.figure}</td></tr>`)}</tbody></table></div>
  </section>`;
  return null;
}

/** The training that a cure has kept, by its name in the study. @param {string} path */
function keptOf(path) {
  return path.split("/").slice(-2).join("/");
}

/** A sentence with what stands between backticks as code. @param {string} text */
function coded(text) {
  return text.split("`").map((part, at) => (at % 2 ? html`<code>${part}</code>` : part));
}
