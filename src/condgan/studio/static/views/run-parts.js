// Parts of a run's page: accuracy of classes, figures on test images, diagnosis, files.
import { html, useEffect, useState } from "../ui.js";
import { ask, download, fileOf, made, ofRun } from "../api.js";
import { inLanguage, language, tell, trying } from "../state.js";
import { Minutes } from "../parts/minutes.js";
import { Command, Trouble } from "../parts/small.js";
import { alarmName, figure, figureNames, short, size, t } from "../words.js";

/** @typedef {import("./run.js").Detail} Detail @typedef {import("./run.js").Series} Series @typedef {import("./run.js").Evaluated} Evaluated */
/** @typedef {{kind: string, text: string, evidence: string, advice: string[], command?: string | null}} Finding */

/** Bars of the last evaluation, or of that on test images. @param {{detail: Detail, series: Series}} props */
export function Classes({ detail, series }) {
  const last = series.evaluations.at(-1);
  const tested = Object.keys(detail.evaluation?.per_class ?? {}).length > 0;
  const found = Object.entries((tested ? detail.evaluation?.per_class : last?.per_class) ?? {});
  return html`<section class="panel">
    <div class="panel-head"><h2>${t("run.classes")}</h2>
      <span class="muted">${found.length > 0 && (tested ? t("run.classes.test") : t("run.classes.moment", { epoch: short(last?.epoch) }))}</span></div>
    ${found.length === 0 && html`<p class="muted">${t("run.classes.none")}</p>`}
    <ul class="bars">${found.map(([name, value]) => html`<li key=${name}>
      <span class="one-line" title=${name}>${name}</span>
      <span class="bar-track" aria-hidden="true"><i style=${{ width: `${100 * value}%` }}></i></span>
      <span class="number">${(100 * value).toFixed(1)}%</span>
    </li>`)}</ul>
  </section>`;
}

/** @param {{evaluation: Evaluated}} props */
export function Evaluation({ evaluation }) {
  const called = figureNames(Object.keys(evaluation.figures));
  return html`<section class="panel">
    <h2>${t("run.evaluation")}</h2>
    <dl class="measured">${Object.entries(evaluation.figures).map(([name, one]) => html`<div key=${name}>
      <dt>${called(name)}</dt>
      <dd><b>${figure(name, one.value)}</b>${one.se ? html` <small class="muted">± ${figure(name, one.se)}</small>` : ""}</dd>
      <dd class="muted">${one.value === null ? one.note : typeof one.floor === "number" ? t("run.floor", { value: figure(name, one.floor) }) : ""}</dd>
    </div>`)}</dl>
  </section>`;
}

/** What is wrong, with a button for each advice. @param {{name: string, version: string}} props the version changes with the log */
export function Diagnosis({ name, version }) {
  const [findings, setFindings] = useState(/** @type {Finding[] | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [busy, setBusy] = useState(false);
  const look = async (/** @type {boolean} */ pictures) => {
    setBusy(pictures);
    try {
      setFindings((await ask(inLanguage(ofRun(name, `diagnosis?pictures=${pictures}`)))).findings);
      setError(null);
    } catch (why) {
      setError(why);
    }
    setBusy(false);
  };
  useEffect(() => void look(false), [name, version, language.value]);
  const cure = (/** @type {number} */ minutes) => trying(async () => tell(t("run.cure.done", { run: (await ask("cure", { json: { of: name, minutes } })).run })));
  const branch = (/** @type {string[]} */ advice) => {
    const query = new URLSearchParams({ recipe: name, start: name });
    for (const one of advice) query.append("set", one);
    return `#/train?${query}`;
  };
  return html`<section class="panel" aria-busy=${busy}>
    <div class="panel-head"><h2>${t("run.diagnosis")}</h2>
      <button type="button" class="quiet" disabled=${busy} onClick=${() => look(true)}>${busy ? t("run.diagnosis.busy") : t("run.diagnosis.pictures")}</button></div>
    ${error && html`<${Trouble} error=${error} />`}
    ${(findings ?? []).length > 0 && html`<${Minutes} class="cure" button=${t("run.cure")} label=${t("minutes")} onGo=${cure} />`}
    ${findings?.length === 0 && html`<p class="muted">${t("run.diagnosis.none")}</p>`}
    <ul class="findings">${(findings ?? []).map((one) => html`<li key=${one.kind}>
      <h3>${alarmName(one.kind)}</h3>
      <p>${one.text}</p>
      <p class="muted">${typeof one.evidence === "string" ? one.evidence : ""}</p>
      ${one.advice.length > 0 && html`<p class="advice">${one.advice.map((text) => html`<code>${text}</code> `)}</p>
        <a class="button" href=${branch(one.advice)}>${t("run.diagnosis.try")}</a>`}
      ${one.command && html`<${Command} text=${one.command} />`}
    </li>`)}</ul>
  </section>`;
}

/** @param {{name: string, files: {file: string, bytes: number}[]}} props */
export function Files({ name, files }) {
  const fetchOne = (/** @type {string} */ file) => trying(async () => download(await made(fileOf(name, file)), file.split("/").at(-1) ?? file));
  return html`<section class="panel">
    <h2>${t("run.files")}</h2>
    <div class="files"><table>
      <thead><tr><th scope="col">${t("run.file")}</th><th scope="col" class="number">${t("run.size")}</th></tr></thead>
      <tbody>${files.map(({ file, bytes }) => html`<tr key=${file}>
        <td><button type="button" class="link" aria-label=${`${t("download")}: ${file}`} onClick=${() => fetchOne(file)}>${file}</button></td>
        <td class="number muted">${size(bytes)}</td></tr>`)}</tbody>
    </table></div>
  </section>`;
}
