// Which dataset a training learns from: chosen or dropped, and described before it is used.
import { html, useEffect, useState } from "../ui.js";
import { ask } from "../api.js";
import { tell, trying } from "../state.js";
import { Drop } from "../parts/drop.js";
import { Minutes } from "../parts/minutes.js";
import { Trouble } from "../parts/small.js";
import { count, maybe, size, t } from "../words.js";

/**
 * @typedef {{name: string, title: string, kind: string, bytes?: number}} Dataset
 * @typedef {{name: string, classes: Record<string, number>, splits: Record<string, number>, channels: number, size: number[] | null,
 *   warnings: string[], notices: string[], recipe: string, overrides: string[], reason: string}} Described
 */

/** @param {{value: string, onChange: (name: string) => void, onUse: (recipe: string, overrides: string[]) => void, onRefused: (why: string) => void}} props */
export function DataChoice({ value, onChange, onUse, onRefused }) {
  const [all, setAll] = useState(/** @type {Dataset[] | null} */ (null));
  const [shown, setShown] = useState("");
  const list = () => ask("datasets").then((found) => setAll(found.datasets), () => setAll([]));
  useEffect(() => void list(), []);
  const choose = (/** @type {string} */ name, /** @type {boolean} */ describe) => {
    onChange(name);
    setShown(describe ? name : "");
  };
  const remove = (/** @type {Dataset} */ one) =>
    trying(async () => {
      await ask(`uploads/${encodeURIComponent(one.title)}`, { method: "DELETE" });
      if (value === one.name) choose("", false);
      await list();
    });
  const worth = (/** @type {string} */ name, /** @type {number} */ minutes) => trying(async () => tell(t("run.cure.done", { run: (await ask("worth", { json: { data: name, minutes } })).run })));
  const chosen = all?.find((one) => one.name === value);
  return html`<section class="panel">
    <h2 id="data-title">${t("train.data")}</h2>
    <div class="options" role="radiogroup" aria-labelledby="data-title">
      <${Option} name="data" checked=${value === ""} onChoose=${() => choose("", false)} title=${t("train.data.as")} />
      ${all === null && html`<span class="option skeleton"></span>`}
      ${(all ?? []).map((one) => html`<${Option} key=${one.name} name="data" checked=${value === one.name} onChoose=${() => choose(one.name, one.kind === "upload")}
        title=${one.title} text=${`${maybe(`train.kind.${one.kind}`, one.kind)}${one.bytes ? ` · ${size(one.bytes)}` : one.kind === "folder" ? ` · ${one.name}` : ""}`} hint=${one.kind === "folder" ? one.name : ""} />`)}
    </div>
    <${Drop} onSent=${async (/** @type {string} */ name) => { await list(); choose(name, true); }} />
    ${chosen && html`<div class="foot">
      ${shown !== value && html`<button type="button" onClick=${() => setShown(value)}>${t("train.data.describe")}</button>`}
      <${Minutes} button=${t("train.worth")} label=${t("minutes")} onGo=${(/** @type {number} */ minutes) => worth(chosen.name, minutes)} />
      ${chosen.kind === "upload" && html`<button type="button" onClick=${() => remove(chosen)}>${t("train.data.remove")}</button>`}
    </div>`}
    ${shown && html`<${Description} key=${shown} name=${shown} onUse=${onUse} onRefused=${(/** @type {string} */ why) => shown === value && onRefused(why)} />`}
  </section>`;
}

/** One of several, of which one is taken. @param {{name: string, checked: boolean, onChoose: () => void, title: string, text?: string, hint?: string}} props */
function Option({ name, checked, onChoose, title, text, hint }) {
  return html`<label class="option" title=${hint || undefined}>
    <input type="radio" name=${name} checked=${checked} onChange=${onChoose} />
    <span><b>${title}</b>${text && html`<small class="muted one-line">${text}</small>`}</span>
  </label>`;
}

/** What a dataset is, and what suits it. @param {{name: string, onUse: (recipe: string, overrides: string[]) => void, onRefused: (why: string) => void}} props */
function Description({ name, onUse, onRefused }) {
  const [found, setFound] = useState(/** @type {Described | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => {
    let wanted = true;
    ask(`datasets/describe?${new URLSearchParams({ name })}`).then(
      (told) => wanted && setFound(told),
      (why) => {
        if (!wanted) return;
        setError(why);
        onRefused(why instanceof Error ? why.message : String(why));
      },
    );
    return () => void (wanted = false);
  }, [name]);
  if (error) return html`<${Trouble} error=${error} />`;
  if (!found) return html`<div class="described-data" role="status"><p>${t("train.data.reading")} …</p><p class="muted small">${t("train.data.reading.text")}</p></div>`;
  const classes = Object.entries(found.classes);
  const most = Math.max(1, ...classes.map(([, n]) => n));
  const images = classes.reduce((sum, [, n]) => sum + n, 0);
  const { train = 0, validation = 0, test = 0 } = found.splits;
  return html`<div class="described-data" role="status">
    <p><b>${t("train.data.images", { n: count(images) })}, ${t("train.data.classes", { n: classes.length })}</b>${found.size && html`<span class="muted"> · ${found.size.join(" × ")} · ${found.channels === 1 ? "L" : "RGB"}</span>`}</p>
    <p class="muted small">${t("train.splits", { train: count(train), validation: count(validation), test: count(test) })}</p>
    <ul class="bars">${classes.slice(0, 12).map(([label, n]) => html`<li key=${label}><span class="one-line" title=${label}>${label}</span><span class="bar-track" aria-hidden="true"><i style=${{ width: `${(100 * n) / most}%` }}></i></span><span class="number">${count(n)}</span></li>`)}</ul>
    ${[...found.warnings, ...found.notices].map((text) => html`<p class="warn small">${text}</p>`)}
    <p>${t("train.data.suits", { recipe: found.recipe })} <span class="muted">${found.overrides.join(" ")}</span></p>
    <p class="muted small">${found.reason}</p>
    <button type="button" onClick=${() => onUse(found.recipe, found.overrides)}>${t("train.data.use")}</button>
  </div>`;
}
