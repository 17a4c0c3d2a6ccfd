// A study: what was ordered and what became of it, its arms with their figures and pictures, its verdict.
import { html, useState } from "../ui.js";
import { fileOf } from "../api.js";
import { runAddress } from "../state.js";
import { Command, Empty, Progress, State } from "../parts/small.js";
import { Picture } from "../parts/picture.js";
import { ReportButton } from "./report.js";
import { Control } from "./run-head.js";
import { Files } from "./run-parts.js";
import { Arms, sideOf } from "./study-arms.js";
import { Verdict } from "./verdict.js";
import { count, maybe, t } from "../words.js";

/**
 * @typedef {{mean: number, spread: number | null, n: number}} Spread
 * @typedef {{name: string, state: string, reason: string | null, epoch: number | null, epochs: number | null,
 *   figures: Record<string, number>, alarms: string[], grid: string | null, grid_written: number | null}} Trial
 * @typedef {{name: string, settings: string[], figures: Record<string, Spread>, trials: Trial[]}} Arm
 * @typedef {{name: string, kind: "study", study: string, command: string | null, begun: string[], ordered: number | null,
 *   at_work: boolean, whole: boolean, of: string | null, fields: string[], arms: Arm[], turn: import("./run.js").Turn | null,
 *   outcomes: Record<string, {state: string, reason: string | null}>, files?: {file: string, bytes: number}[]}} StudyDetail
 */

const OURS = ["effects.png"]; // pictures that have a title of their own
const FIRST = 12; // pictures that are shown at once

/** @param {{study: StudyDetail, onChange: () => void}} props */
export function Study({ study, onChange }) {
  const { name, begun, outcomes, arms, files = [] } = study;
  const ended = begun.filter((trial) => outcomes[trial]).length;
  const pictures = files.filter(({ file }) => file.endsWith(".png"));
  return html`
    <div class="head run-head"><div class="run-name">
      <h1>${name}</h1>
      <p class="facts"><${State} state=${study.whole ? "finished" : study.at_work ? "running" : "open"} /><span>${maybe(`kind.${study.study}`, study.study)}</span><${Counts} study=${study} ended=${ended} />
        ${study.of && html`<span>${t("study.of")} <a href=${runAddress(study.of)}>${study.of}</a></span>`}</p>
      ${!study.whole && study.ordered && html`<${Progress} part=${ended / study.ordered} label=${t("study.ended", { n: ended })} />`}
    </div><div class="actions">
      <${ReportButton} name=${name} />
      <${Control} name=${name} state=${study.at_work ? "running" : "open"} turn=${study.turn} resumable=${!study.whole} stoppable=${false} onChange=${onChange} />
    </div></div>
    <div class="study">
      <${Verdict} name=${name} version=${ended} />
      ${begun.length === 0
        ? html`<section class="panel"><${Empty} inner title=${t("study.none")} text=${t("study.none.text")} /></section>`
        : html`<${Arms} study=${study} />`}
      <${Pictures} name=${name} arms=${arms} />
      ${pictures.map(({ file, bytes }) => html`<section class="panel" key=${file}>
        <h2>${OURS.includes(file) ? t("study.effects") : maybe(`study.file.${file}`, file)}</h2>
        <${Picture} class="study-picture" path=${fileOf(name, file)} version=${bytes} alt=${maybe(`study.file.${file}`, file)} />
      </section>`)}
      ${study.command && html`<section class="panel"><h2>${t("study.command")}</h2><${Command} text=${study.command} /></section>`}
      ${files.length > 0 && html`<${Files} name=${name} files=${files} />`}
    </div>`;
}

/** The first training of an arm with pictures, if there is one with more than the noise before its first step. @param {Arm} arm */
function shownOf({ trials }) {
  return trials.find(({ grid }) => grid && !/\b0+\.png$/.test(grid)) ?? trials.find(({ grid }) => grid);
}

/** How many trials are ordered, done, running and failed. @param {{study: StudyDetail, ended: number}} props */
function Counts({ study, ended }) {
  const { begun, outcomes, arms, ordered } = study;
  const states = Object.values(outcomes).map(({ state }) => state);
  const failed = states.filter((state) => state === "failed" || state === "diverged").length;
  const running = arms.flatMap(({ trials }) => trials).filter((one) => one.state === "running").length;
  const told = [
    ordered !== null ? t("study.ordered", { n: count(ordered) }) : t("study.begun", { n: count(begun.length) }),
    t("study.ended", { n: count(ended) }),
    ...(running ? [t("study.running", { n: count(running) })] : []),
  ];
  return html`<span>${told.join(" · ")}${failed > 0 && html` · <span class="bad">${t("study.failed", { n: count(failed) })}</span>`}</span>`;
}

/** The newest pictures of each arm beside each other, a column for each class; of a single arm, those of its trials. @param {{name: string, arms: Arm[]}} props */
function Pictures({ name, arms }) {
  const [all, setAll] = useState(false);
  /** @type {[string, Trial][]} */
  const having = (arms.length === 1
    ? arms[0].trials.map((one) => /** @type {[string, Trial | undefined]} */ ([one.name, one]))
    : arms.map((arm) => /** @type {[string, Trial | undefined]} */ ([sideOf(arm), shownOf(arm)]))
  ).flatMap(([told, trial]) => (trial?.grid ? [[told, trial]] : []));
  if (!having.length) return null;
  const shown = all ? having : having.slice(0, FIRST);
  return html`<section class="panel">
    <div class="panel-head"><h2>${t("study.pictures")}</h2><span class="muted">${t("study.pictures.text")}</span></div>
    <ul class="arm-pictures">${shown.map(([told, trial]) => html`<li key=${trial.name}><a href=${runAddress(`${name}/${trial.name}`)}>
      <${Picture} path=${fileOf(`${name}/${trial.name}`, trial.grid ?? "")} version=${trial.grid_written ?? 0} alt=${t("study.picture.alt", { trial: trial.name })} />
      <span class="one-line" title=${told}>${told}</span></a></li>`)}</ul>
    ${having.length > shown.length && html`<p class="foot"><button type="button" onClick=${() => setAll(true)}>${t("study.pictures.all", { n: having.length })}</button></p>`}
  </section>`;
}
