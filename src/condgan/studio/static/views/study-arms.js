// The table of a study: its arms with what sets them apart and their figures, in any order, and two of them to compare.
import { classes, html, useState } from "../ui.js";
import { runAddress } from "../state.js";
import { State } from "../parts/small.js";
import { alarmName, count, figure, maybe, reasonOf, short, t } from "../words.js";

/** @typedef {import("./study.js").StudyDetail} StudyDetail @typedef {import("./study.js").Arm} Arm @typedef {import("./study.js").Trial} Trial */
/** @typedef {{by: string, down: boolean}} Order */

const FIRST = 12; // trainings that are shown at once
const FIGURES = ["fid", "label_accuracy", "recall", "coverage"];

/** What an arm is called: its folder, or its one trial. @param {Arm} arm */
export function sideOf(arm) {
  return arm.name || arm.trials[0].name;
}

/** @param {{study: StudyDetail}} props */
export function Arms({ study }) {
  const { name, fields, arms } = study;
  const alone = arms.length === 1;
  const [order, setOrder] = useState(/** @type {Order} */ ({ by: "", down: false }));
  const [open, setOpen] = useState(/** @type {string[]} */ ([]));
  const [chosen, setChosen] = useState(/** @type {string[]} */ ([]));
  const [all, setAll] = useState(false);
  const figures = FIGURES.filter((one) => arms.some(({ figures: found, trials }) => found[one] || trials.some((trial) => one in trial.figures)));
  const trials = arms.flatMap((arm) => arm.trials);
  const reasons = trials.some(({ reason }) => reason);
  const choose = (/** @type {string} */ one) => setChosen((now) => (now.includes(one) ? now.filter((other) => other !== one) : [...now.slice(-1), one]));
  const sort = (/** @type {string} */ by) => setOrder((now) => ({ by, down: now.by === by ? !now.down : by !== "fid" && figures.includes(by) }));
  const toggle = (/** @type {string} */ arm) => setOpen((now) => (now.includes(arm) ? now.filter((one) => one !== arm) : [...now, arm]));
  const columns = [["name", t("study.arm")], ...figures.map((one) => [one, maybe(`figure.${one}`, one)]), ["state", t("study.state")], ...fields.map((one) => [one, maybe(`field.${one}`, one)])];
  const shared = { name, ordered: alone ? study.ordered : null, fields, figures, reasons, chosen, choose };
  const rows = sorted(arms, order, (arm) => (order.by === "name" ? arm.name : fields.includes(order.by) ? arm.settings[fields.indexOf(order.by)] : order.by === "state" ? stateOf(arm) : meanOf(arm, order.by)));
  return html`<section class="panel">
    <div class="panel-head"><h2>${t("study.trials")}</h2>
      <p class="choice"><span class="muted">${chosen.length === 2 ? "" : t("study.choose")}</span>
        ${chosen.length === 2 ? html`<a class="button main" href=${`#/compare?${new URLSearchParams({ one: chosen[0], other: chosen[1] })}`}>${t("study.compare")}</a>` : html`<button type="button" disabled>${t("study.compare")}</button>`}</p></div>
    <div class="wide"><table class="arms">
      <thead><tr><th class="pick"><span class="sr">${t("study.choose")}</span></th>${columns.map(([key, told]) => html`<th scope="col" key=${key} class=${classes(figures.includes(key) && "number")} aria-sort=${order.by === key ? (order.down ? "descending" : "ascending") : undefined}>
        <button type="button" class="sort" title=${t("study.sort", { column: told })} onClick=${() => sort(key)}>${told}<i class=${classes(order.by === key && "sorted")} aria-hidden="true">${order.by === key ? (order.down ? "↓" : "↑") : "↕"}</i></button></th>`)}${reasons && html`<th scope="col">${t("study.reason")}</th>`}</tr></thead>
      ${rows.map((arm) => {
        const many = arm.trials.length > 1 || (alone && !arm.name);
        const shown = !many ? [] : alone || open.includes(arm.name) ? sorted(arm.trials, order, (one) => (order.by === "name" ? one.name : order.by === "state" ? one.state : one.figures[order.by])) : [];
        return html`<tbody key=${arm.name}>
          <${ArmRow} arm=${arm} many=${many} open=${shown.length > 0} fixed=${alone} onToggle=${() => toggle(arm.name)} ...${shared} />
          ${(all ? shown : shown.slice(0, FIRST)).map((trial) => html`<${TrialRow} key=${trial.name} trial=${trial} ...${shared} />`)}
        </tbody>`;
      })}
    </table></div>
    ${!all && alone && arms[0].trials.length > FIRST && html`<p><button type="button" onClick=${() => setAll(true)}>${t("study.trials.all", { n: arms[0].trials.length })}</button></p>`}
    <p class="muted small">${t(figures.length ? "study.figures.text" : trials.some(({ state }) => state === "running") ? "study.figures.none" : "study.figures.never")}</p>
  </section>`;
}

/** @typedef {{name: string, ordered: number | null, fields: string[], figures: string[], reasons: boolean, chosen: string[], choose: (one: string) => void}} Shared */

/** @param {Shared & {arm: Arm, many: boolean, open: boolean, fixed: boolean, onToggle: () => void}} props */
function ArmRow({ name, ordered, arm, many, open, fixed, onToggle, fields, figures, reasons, chosen, choose }) {
  const [first] = arm.trials;
  const side = many ? [name, arm.name].filter(Boolean).join("/") : `${name}/${first.name}`;
  const told = many ? arm.name || t("study.all") : arm.name || first.name;
  return html`<tr class=${classes(many && "arm-of-many")}>
    <td class="pick">${fixed && many ? null : html`<input type="checkbox" aria-label=${t("study.choose.one", { one: told })} checked=${chosen.includes(side)} onChange=${() => choose(side)} />`}</td>
    <th scope="row">${many
      ? html`<span class="arm-name">${!fixed && html`<button type="button" class="icon tiny" aria-expanded=${open} aria-label=${t("study.trials.of", { arm: told })} onClick=${onToggle}>${open ? "▾" : "▸"}</button>`}${told}</span>`
      : html`<a href=${runAddress(side)}>${told}</a>`}</th>
    ${figures.map((one) => html`<td key=${one} class="number">${arm.figures[one] ? html`<b>${figure(one, arm.figures[one].mean)}</b>${arm.figures[one].spread !== null && html` <small class="muted">± ${figure(one, arm.figures[one].spread)}</small>`}` : !many && one in first.figures ? html`<span class="muted">${figure(one, first.figures[one])}</span>` : "–"}</td>`)}
    <td>${many ? html`<span class="muted">${t("study.of.trials", { ended: arm.trials.filter(({ state }) => state === "finished").length, n: count(ordered ?? arm.trials.length) })}</span>` : html`<${TrialState} trial=${first} />`}</td>
    ${fields.map((field, at) => html`<td key=${field} title=${arm.settings[at]}>${brief(arm.settings[at])}</td>`)}
    ${reasons && html`<td class="muted">${many ? "" : reasonOf(first.reason ?? "")}</td>`}
  </tr>`;
}

/** @param {Shared & {trial: Trial}} props */
function TrialRow({ name, trial, fields, figures, reasons, chosen, choose }) {
  const side = `${name}/${trial.name}`;
  return html`<tr class="arm-trial">
    <td class="pick"><input type="checkbox" aria-label=${t("study.choose.one", { one: trial.name })} checked=${chosen.includes(side)} onChange=${() => choose(side)} /></td>
    <th scope="row"><a href=${runAddress(side)}>${trial.name.split("/").at(-1)}</a></th>
    ${figures.map((one) => html`<td key=${one} class="number">${one in trial.figures ? figure(one, trial.figures[one]) : "–"}</td>`)}
    <td><${TrialState} trial=${trial} /></td>
    ${fields.map((field) => html`<td key=${field}></td>`)}
    ${reasons && html`<td class="muted">${reasonOf(trial.reason ?? "")}</td>`}
  </tr>`;
}

/** The state of a training, how far it is while it runs, and what it warns of. @param {{trial: Trial}} props */
function TrialState({ trial }) {
  const part = trial.state === "running" && trial.epochs ? t("study.epoch", { epoch: short(Math.floor(trial.epoch ?? 0)), epochs: count(trial.epochs) }) : "";
  return html`<${State} state=${trial.state} />${part && html` <span class="muted small">${part}</span>`}
    ${trial.alarms.length > 0 && html`<span class="alarms" title=${trial.alarms.map(alarmName).join(", ")} role="img" aria-label=${trial.alarms.map(alarmName).join(", ")}></span>`}`;
}

/** A value of a recipe in a cell: of a path its end, of a number three digits. @param {string} text */
function brief(text) {
  const number = Number(text);
  if (/\.\d{4,}/.test(text) && Number.isFinite(number)) return String(Number(number.toPrecision(3)));
  return text.startsWith("/") ? (text.split("/").at(-1) ?? text) : text;
}

/** The mean of an arm, or the value of its first training while none has finished. @param {Arm} arm @param {string} by */
function meanOf(arm, by) {
  return arm.figures[by]?.mean ?? arm.trials[0]?.figures[by];
}

/** @param {Arm} arm */
function stateOf(arm) {
  return arm.trials.at(-1)?.state ?? "";
}

/**
 * Things in the order of a column, those without a value last.
 * @template T @param {T[]} all @param {Order} order @param {(one: T) => string | number | undefined} value @returns {T[]}
 */
function sorted(all, { by, down }, value) {
  if (!by) return all;
  const compare = (/** @type {T} */ a, /** @type {T} */ b) => {
    const [one, other] = [value(a), value(b)];
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined);
    const numbers = [one, other].map((value) => (value === "" ? NaN : Number(value)));
    const apart = numbers.every(Number.isFinite) ? numbers[0] - numbers[1] : String(one).localeCompare(String(other), undefined, { numeric: true });
    return down ? -apart : apart;
  };
  return [...all].sort(compare);
}
