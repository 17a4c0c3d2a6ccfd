// The head of a run's page: what it is doing, for how long still, and what can be done with it.
import { html, useEffect, useState } from "../ui.js";
import { ask, ofRun } from "../api.js";
import { runAddress, tell, trying } from "../state.js";
import { ReportButton } from "./report.js";
import { Progress, State } from "../parts/small.js";
import { count, maybe, reasonOf, short, span, t } from "../words.js";

/** @typedef {import("./run.js").Detail} Detail @typedef {import("./run.js").Series} Series @typedef {import("./run.js").Turn} Turn */

const QUIET = ["stopped", "killed"]; // states from which a training can go on

/** @param {{name: string, detail: Detail | null, series: Series | null, onChange: () => void}} props */
export function Head({ name, detail, series, onChange }) {
  const state = detail?.status.state ?? "";
  const epochs = detail?.recipe.train.epochs ?? 1;
  const epoch = Math.max(detail?.status.epoch ?? 0, series?.steps.epoch?.at(-1) ?? 0); // the status tells of the last checkpoint
  const how = detail ? t("run.epoch", { epoch: short(Math.floor(10 * epoch) / 10), epochs: count(epochs) }) : "";
  const samples = Boolean(detail?.checkpoints.length);
  const seconds = series?.seconds ?? 0;
  const evaluate = () => trying(async () => {
    await ask(ofRun(name, "evaluate"), { method: "POST" });
    tell(t("run.evaluating"));
    onChange();
  });
  const cancel = (/** @type {string} */ job) => () =>
    trying(async () => {
      await ask(`jobs/${job}`, { method: "DELETE" });
      tell(t("run.evaluation.cancelled"));
    });
  return html`<div class="head run-head">
    <div class="run-name">
      <h1>${name}</h1>
      <p class="facts">${detail
        ? html`<${State} state=${state} /><span title=${detail.recipe.data.source}>${detail.recipe.name} · ${detail.recipe.data.source.split("/").at(-1)}</span><span>${how}</span>
          ${state === "running" && detail.left !== null ? html`<span>${t("run.left", { time: span(detail.left) })}</span>` : seconds > 0 && html`<span>${t("run.took", { time: span(seconds) })}</span>`}
          <${Reason} state=${state} reason=${detail.status.reason} />
          ${detail.said && state !== "running" && html`<span class="bad" lang="en">${t("run.said")} ${detail.said}</span>`}
          ${detail.evaluating ? html`<span role="status">${t(`run.evaluation.${detail.evaluating.state}`)}</span>` : detail.evaluation_said && html`<span class="muted" lang="en">${t("run.evaluation.said")} ${detail.evaluation_said}</span>`}`
        : html`<span class="line short skeleton"></span>`}</p>
      ${state !== "finished" && html`<${Progress} part=${epoch / epochs} label=${how} />`}
      ${detail && detail.studies.length > 0 && html`<p class="facts beside">${detail.studies.map((one) => html`<span key=${one.study}>${maybe(`kind.${one.kind}`, one.kind)} <a href=${runAddress(one.study)}>${one.study}</a>${one.verdict && html`: <b>${maybe(`verdict.${one.verdict}`, one.verdict)}</b>`}</span>`)}</p>`}
    </div>
    <div class="actions">
      ${samples && html`<a class="button" href=${`#/sample?${new URLSearchParams({ model: name })}`}>${t("run.sample")}</a>
        <a class="button" href=${`#/train?${new URLSearchParams({ recipe: name, start: name })}`}>${t("run.branch")}</a>`}
      ${samples && html`<a class="button" href=${`#/judge?${new URLSearchParams({ run: name })}`}>${t("run.judge")}</a>
        <a class="button" href=${`#/compare?${new URLSearchParams({ one: name })}`}>${t("run.compare")}</a>`}
      ${detail && html`<${ReportButton} name=${name} />`}
      ${detail?.evaluating ? html`<button type="button" disabled=${detail.evaluating.state === "ending"} onClick=${cancel(detail.evaluating.id)}>${t("run.evaluation.cancel")}</button>`
        : samples && state !== "running" && html`<button type="button" onClick=${evaluate}>${t("run.evaluate")}</button>`}
      ${detail && html`<${Control} name=${name} state=${state} turn=${detail.turn} resumable=${QUIET.includes(state)} onChange=${onChange} />`}
    </div>
  </div>`;
}

/** Why a training stopped: red only where something is wrong. @param {{state: string, reason: string | null}} props */
function Reason({ state, reason }) {
  const asked = reason === "on request";
  if (!reason || (asked && state !== "stopped")) return null;
  return html`<span class=${asked || state === "finished" ? "" : "bad"} lang=${asked ? undefined : "en"}>${reasonOf(reason)}</span>`;
}

/**
 * Pause and stop of what runs, take back of what waits, resume of what can go on; each says that it was heard.
 * @param {{name: string, state: string, turn: Turn | null, resumable: boolean, stoppable?: boolean, onChange: () => void}} props
 */
export function Control({ name, state, turn, resumable, stoppable = true, onChange }) {
  const [asked, setAsked] = useState("");
  useEffect(() => setAsked(""), [state, turn?.id]);
  const act = (/** @type {string} */ what, /** @type {() => Promise<unknown>} */ work, /** @type {import("../words.js").Word} */ told) => () =>
    trying(async () => {
      setAsked(what);
      try {
        await work();
        tell(t(told));
      } catch (error) {
        setAsked("");
        throw error;
      }
      onChange();
    });
  const takeBack = async () => turn && !turn.started && ask(`jobs/${turn.id}`, { method: "DELETE" });
  const pause = () => ask(ofRun(name, "pause"), { method: "POST" });
  const stop = async () => {
    await takeBack();
    await pause();
  };
  if (state === "running") {
    if (!stoppable) return null;
    return asked
      ? html`<p class="waiting-sign" role="status"><i aria-hidden="true"></i>${t("run.saving")}</p>`
      : html`<button type="button" title=${t("run.stop.title")} onClick=${act("stop", stop, "run.stopping")}>${t("run.stop")}</button>
        <button type="button" class="main" title=${t("run.pause.title")} onClick=${act("pause", pause, "run.paused")}>${t("run.pause")}</button>`;
  }
  if (turn) {
    return html`<p class="waiting-sign" role="status"><i aria-hidden="true"></i>${turn.started ? t("run.starting") : turn.ahead ? t("run.waiting.after", { n: turn.ahead }) : t("run.waiting")}</p>
      ${!turn.started && html`<button type="button" title=${t("run.take-back.title")} onClick=${act("", takeBack, "run.taken-back")}>${t("run.take-back")}</button>`}`;
  }
  if (asked === "resume") return html`<p class="waiting-sign" role="status"><i aria-hidden="true"></i>${t("run.starting")}</p>`;
  return resumable && html`<button type="button" class="main" onClick=${act("resume", () => ask(ofRun(name, "resume"), { method: "POST" }), "run.resumed")}>${t("run.resume")}</button>`;
}
