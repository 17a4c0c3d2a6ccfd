// The verdict of a study: whether synthetic images help, or whether a run was cured.
import { html, useEffect, useState } from "../ui.js";
import { ask } from "../api.js";
import { encoded, inLanguage, language } from "../state.js";
import { Command } from "../parts/small.js";
import { figure, figureName, maybe, t } from "../words.js";

/** @param {{name: string, version: number}} props */
export function Verdict({ name, version }) {
  const [told, setTold] = useState(/** @type {{kind: string | null, found: any}} */ ({ kind: null, found: null }));
  useEffect(() => void ask(inLanguage(`verdicts/${encoded(name)}`)).then(setTold, () => undefined), [name, version, language.value]);
  const { kind, found } = told;
  if (kind === "worth") return html`<section class="panel panel-wide">
    <h2>${maybe(`verdict.${found.verdict}`, found.verdict)}</h2>
    <p class="verdict">${found.sentence}</p>
    <div class="wide"><table><thead><tr><th scope="col">${t("study.way")}</th><th scope="col" class="number">${t("study.accuracy")}</th></tr></thead>
      <tbody>${found.table.map((/** @type {any} */ row) => html`<tr><td>${row.way}</td><td class="number"><b>${row.value.toFixed(1)}%</b> <small class="muted">± ${row.spread.toFixed(1)}, n = ${row.n}</small></td></tr>`)}</tbody></table></div>
    ${found.command && html`<${Command} text=${found.command} />`}
  </section>`;
  if (kind === "cure") return html`<section class="panel panel-wide">
    <h2>${found.cured ? t("study.cured") : t("study.cured.not")}</h2>
    <p class="verdict">${found.sentence}</p>
    <p class="advice">${(found.cure ?? []).map((/** @type {string} */ text) => html`<code>${text}</code> `)}</p>
    <div class="wide"><table><thead><tr><th scope="col">${t("compare.figure")}</th><th scope="col">${t("study.before")}</th><th scope="col">${t("study.after")}</th></tr></thead>
      <tbody>${Object.keys(found.before ?? {}).map((one) => html`<tr><th scope="row">${figureName(one)}</th><td>${figure(one, found.before[one])}</td><td>${figure(one, found.after?.[one])}</td></tr>`)}</tbody></table></div>
  </section>`;
  return null;
}
