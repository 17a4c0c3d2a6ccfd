// One run: what it is doing, its course, its classes, what is wrong with it, its recipe and its files.
import { debounced, html, useEffect, useState } from "../ui.js";
import { ask, changes, ofRun } from "../api.js";
import { encoded, inLanguage, language, tell, trying } from "../state.js";
import { ReportButton } from "./report.js";
import { Progress, State, Trouble } from "../parts/small.js";
import { count, short, span, t } from "../words.js";
import { Course } from "./run-course.js";
import { Classes, Diagnosis, Evaluation, Files } from "./run-parts.js";
import { People } from "./run-people.js";
import { RecipeOf } from "./run-recipe.js";
import { Study } from "./study.js";

/**
 * @typedef {{images: number, epoch: number | null, file: string}} Grid
 * @typedef {{value: number | null, se?: number | null, floor?: number | null, note?: string | null}} Figure
 * @typedef {{figures: Record<string, Figure>, per_class: Record<string, number>}} Evaluated
 * @typedef {{name: string, kind: "run", status: {state: string, step: number, epoch: number, reason: string | null},
 *   recipe: any, changes: string[] | null, began: string | null, steps: number | null, left: number | null,
 *   splits: Record<string, number>, grids: Grid[], generators: number[], checkpoints: string[],
 *   files: {file: string, bytes: number}[], evaluation: Evaluated | null, people: import("./run-people.js").People | null,
 *   said: string | null, evaluation_said: string | null,
 *   evaluating: {id: string, state: "waiting" | "running" | "ending", since: number} | null}} Detail
 * @typedef {{step: number, epoch: number, images: number, figures: Record<string, [number, number]>,
 *   per_class: Record<string, number>}} Measured
 * @typedef {{steps: Record<string, (number | null)[]>, seconds: number, evaluations: Measured[],
 *   alarms: Alarm[]}} Series
 * @typedef {{step: number, images: number, epoch: number, kind: string, text: string}} Alarm
 */

/** @param {{name: string}} props */
export function Run({ name }) {
  const [detail, setDetail] = useState(/** @type {any} */ (null));
  const [series, setSeries] = useState(/** @type {Series | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const late = debounced(() => setVersion((now) => now + 1), 400);
    const ours = (/** @type {string} */ changed) => changed === "*" || changed === name || name.startsWith(`${changed}/`);
    return changes(({ changed, gone }) => [...changed, ...gone].some(ours) && late());
  }, [name]);
  useEffect(() => {
    let wanted = true;
    const given = ask(ofRun(name));
    const curves = given.then((found) => (found.kind === "run" ? ask(inLanguage(ofRun(name, "series?points=600"))) : null));
    Promise.all([given, curves]).then(
      ([found, told]) => wanted && (setDetail(found), setSeries(told), setError(null)),
      (why) => wanted && setError(why),
    );
    return () => void (wanted = false);
  }, [name, version, language.value]);
  if (error) return html`<${Back} name=${name} /><h1>${name}</h1><${Trouble} error=${error} again=${() => setVersion((now) => now + 1)} />`;
  if (detail?.kind === "study") return html`<${Back} name=${name} /><${Study} study=${detail} />`;
  return html`
    <${Back} name=${name} />
    <${Head} name=${name} detail=${detail} series=${series} />
    <${Course} name=${name} detail=${detail} series=${series} />
    ${detail && series && html`<div class="columns">
      <${Diagnosis} name=${name} version=${`${series.steps.step?.length} ${series.evaluations.length} ${series.alarms.length}`} />
      <${Classes} detail=${detail} series=${series} />
      ${detail.evaluation && html`<${Evaluation} evaluation=${detail.evaluation} />`}
      <${People} name=${name} people=${detail.people} judged=${detail.checkpoints.length > 0} />
      <${RecipeOf} name=${name} detail=${detail} />
      <${Files} name=${name} files=${detail.files} />
    </div>`}`;
}

/** The way back: to the study, or to all runs. @param {{name: string}} props */
function Back({ name }) {
  const study = name.split("/").length > 2 ? name.split("/")[0] : "";
  return html`<p class="back"><a href=${study ? `#/runs/${encoded(study)}` : "#/runs"}>← ${study || t("run.back")}</a></p>`;
}

/** @param {{name: string, detail: Detail | null, series: Series | null}} props */
function Head({ name, detail, series }) {
  const seconds = series?.seconds ?? 0;
  const state = detail?.status.state ?? "";
  const act = (/** @type {string} */ what, /** @type {import("../words.js").Word} */ told) => () =>
    trying(async () => {
      await ask(ofRun(name, what), { method: "POST" });
      tell(t(told));
    });
  const cancel = (/** @type {string} */ job) => () =>
    trying(async () => {
      await ask(`jobs/${job}`, { method: "DELETE" });
      tell(t("run.evaluation.cancelled"));
    });
  const epochs = detail?.recipe.train.epochs ?? 1;
  const epoch = Math.max(detail?.status.epoch ?? 0, series?.steps.epoch?.at(-1) ?? 0); // the status tells of the last checkpoint
  const how = detail ? t("run.epoch", { epoch: short(Math.floor(10 * epoch) / 10), epochs: count(epochs) }) : "";
  const samples = Boolean(detail?.checkpoints.length);
  return html`<div class="head run-head">
    <div class="run-name">
      <h1>${name}</h1>
      <p class="facts">${detail
        ? html`<${State} state=${state} /><span title=${detail.recipe.data.source}>${detail.recipe.name} · ${detail.recipe.data.source.split("/").at(-1)}</span><span>${how}</span>
          ${state === "running" && detail.left !== null ? html`<span>${t("run.left", { time: span(detail.left) })}</span>` : seconds > 0 && html`<span>${t("run.took", { time: span(seconds) })}</span>`}
          ${detail.status.reason && html`<span class="bad">${detail.status.reason}</span>`}
          ${detail.said && state !== "running" && html`<span class="bad" lang="en">${t("run.said")} ${detail.said}</span>`}
          ${detail.evaluating ? html`<span role="status">${t(`run.evaluation.${detail.evaluating.state}`)}</span>` : detail.evaluation_said && html`<span class="muted" lang="en">${t("run.evaluation.said")} ${detail.evaluation_said}</span>`}`
        : html`<span class="line short skeleton"></span>`}</p>
      ${state !== "finished" && html`<${Progress} part=${epoch / epochs} label=${how} />`}
    </div>
    <div class="actions">
      ${samples && html`<a class="button" href=${`#/sample?${new URLSearchParams({ model: name })}`}>${t("run.sample")}</a>
        <a class="button" href=${`#/train?${new URLSearchParams({ recipe: name, start: name })}`}>${t("run.branch")}</a>`}
      ${samples && html`<a class="button" href=${`#/judge?${new URLSearchParams({ run: name })}`}>${t("run.judge")}</a>
        <a class="button" href=${`#/compare?${new URLSearchParams({ one: name })}`}>${t("run.compare")}</a>`}
      ${detail && html`<${ReportButton} name=${name} />`}
      ${detail?.evaluating ? html`<button type="button" disabled=${detail.evaluating.state === "ending"} onClick=${cancel(detail.evaluating.id)}>${t("run.evaluation.cancel")}</button>`
        : samples && state !== "running" && html`<button type="button" onClick=${act("evaluate", "run.evaluating")}>${t("run.evaluate")}</button>`}
      ${state === "running" && html`<button type="button" class="main" onClick=${act("pause", "run.paused")}>${t("run.pause")}</button>`}
      ${["stopped", "killed"].includes(state) && html`<button type="button" class="main" onClick=${act("resume", "run.resumed")}>${t("run.resume")}</button>`}
    </div>
  </div>`;
}
