// One run: what it is doing, its course, its classes, what is wrong with it, its recipe and its files.
import { debounced, html, useEffect, useState } from "../ui.js";
import { ask, changes, ofRun } from "../api.js";
import { inLanguage, language, runAddress } from "../state.js";
import { Trouble } from "../parts/small.js";
import { t } from "../words.js";
import { Course } from "./run-course.js";
import { Head } from "./run-head.js";
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
 *   said: string | null, due: {grid: Due | null, evaluation: Due | null} | null, turn: Turn | null, studies: Beside[],
 *   evaluation_said: string | null, evaluating: {id: string, state: "waiting" | "running" | "ending", since: number} | null}} Detail
 * @typedef {{images: number, epoch: number, left: number | null}} Due
 * @typedef {{id: string, ahead: number, started: boolean}} Turn
 * @typedef {{study: string, kind: string, state: string, verdict: string | null}} Beside
 * @typedef {{step: number, epoch: number, images: number, figures: Record<string, [number, number]>,
 *   per_class: Record<string, number>}} Measured
 * @typedef {{steps: Record<string, (number | null)[]>, seconds: number, evaluations: Measured[],
 *   alarms: Alarm[]}} Series
 * @typedef {{step: number, images: number, epoch: number, kind: string, text: string}} Alarm
 */

const EVERY = 5000; // milliseconds

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
  const inStudy = detail?.kind === "study" ? detail.at_work : detail?.status.state === "running" && detail.studies.some((/** @type {Beside} */ one) => name.startsWith(`${one.study}/`));
  useEffect(() => {
    // The events name what lies in the folder of runs itself: what trains within a study is looked at from time to time.
    if (!inStudy) return undefined;
    const timer = setInterval(() => document.hidden || setVersion((now) => now + 1), EVERY);
    return () => clearInterval(timer);
  }, [inStudy]);
  useEffect(() => {
    let wanted = true;
    const given = ask(ofRun(name));
    const curves = given.then((found) => (found.kind === "run" ? ask(inLanguage(ofRun(name, "series?points=600"))) : null));
    Promise.all([given, curves]).then(
      ([found, told]) => wanted && (setDetail(found), setSeries(told), setError(null)),
      async (why) => {
        const above = why.status === 404 ? await studyAbove(name) : "";
        if (wanted && above) location.replace(runAddress(above));
        else if (wanted) setError(why);
      },
    );
    return () => void (wanted = false);
  }, [name, version, language.value]);
  if (error) return html`<${Back} name=${name} detail=${detail} /><h1>${name}</h1><${Trouble} error=${error} again=${() => setVersion((now) => now + 1)} />`;
  if (detail?.kind === "study") return html`<${Back} name=${name} detail=${detail} /><${Study} study=${detail} onChange=${() => setVersion((now) => now + 1)} />`;
  return html`
    <${Back} name=${name} detail=${detail} />
    <${Head} name=${name} detail=${detail} series=${series} onChange=${() => setVersion((now) => now + 1)} />
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

/** The study that a name lies in, as the folder of an arm does; empty where it lies in none. @param {string} name */
async function studyAbove(name) {
  const above = name.split("/").slice(0, -1).join("/");
  return above && (await ask(ofRun(above)).then((found) => found.kind === "study", () => false)) ? above : "";
}

/** The way back: to the study, or to all runs. @param {{name: string, detail: any}} props */
function Back({ name, detail }) {
  const study = detail?.kind === "run" ? (detail.studies.find((/** @type {Beside} */ one) => name.startsWith(`${one.study}/`))?.study ?? "") : "";
  return html`<p class="back"><a href=${study ? runAddress(study) : "#/runs"}>← ${study || t("run.back")}</a></p>`;
}
