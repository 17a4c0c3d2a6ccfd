// A wall of one class; a picture that is clicked is kept with its seed and number.
import { html, useRef, useState } from "../ui.js";
import { download, made } from "../api.js";
import { said, trying } from "../state.js";
import { Select } from "../parts/small.js";
import { useMade } from "../parts/made.js";
import { truncated } from "./sample.js";
import { t } from "../words.js";

/** @typedef {import("./sample.js").Given} Given */
/** @typedef {{model: string, label: string, seed: number, index: number, truncation?: number}} Kept */

const WALL = 72;
const SPACE = 2; // pixels between the images of a grid
const KEPT = "condgan-kept";

/** @returns {Kept[]} */
function remembered() {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "[]");
  } catch {
    return [];
  }
}

/** The request of one kept image. @param {Kept} one */
function orderOf(one) {
  return { model: one.model, seed: one.seed, index: one.index, ...(one.truncation && { truncation: one.truncation }), ...(one.label ? { labels: [one.label] } : { count: 1 }) };
}

/** @param {Given} props */
export function Wall({ model, seed, bound }) {
  const [label, setLabel] = useState(model.classes[0] ?? "");
  const [index, setIndex] = useState(0);
  const [kept, setKept] = useState(remembered());
  const [at, setAt] = useState(0);
  const wall = useRef(/** @type {HTMLDivElement | null} */ (null));
  const columns = matchMedia("(max-width: 640px)").matches ? 6 : 12;
  const order = { model: model.name, seed, index, columns, ...truncated(bound), ...(model.conditional ? { labels: Array(WALL).fill(label) } : { count: WALL }) };
  const picture = useMade("generate", order);
  const ours = kept.filter((one) => one.model === model.name);
  const keep = (/** @type {Kept[]} */ all) => {
    setKept(all);
    localStorage.setItem(KEPT, JSON.stringify(all.slice(-60)));
  };
  const choose = (/** @type {number} */ n) => {
    setAt(n);
    const one = { model: model.name, label: model.conditional ? label : "", seed, index: index + n, ...truncated(bound) };
    const same = kept.findIndex((other) => JSON.stringify(other) === JSON.stringify(one));
    keep(same >= 0 ? kept.filter((_, which) => which !== same) : [...kept, one]);
    if (same < 0) said.value = t("sample.kept", { seed, index: index + n });
  };
  const move = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: columns, ArrowUp: -columns }[event.key];
    if (!by || at + by < 0 || at + by >= WALL) return;
    event.preventDefault();
    setAt(at + by);
    /** @type {HTMLElement} */ (wall.current?.children[at + by]).focus();
  };
  const chosen = new Set(ours.filter((one) => one.seed === seed && one.truncation === truncated(bound).truncation && one.label === (model.conditional ? label : "")).map((one) => one.index - index));
  const part = (/** @type {number} */ pixels) => `${(100 * pixels) / (picture.width || 1)}%`;
  return html`<section class="panel sample-wall">
    <div class="panel-head"><h2>${t("sample.wall")}</h2>
      <div class="controls tight">
        ${model.conditional && html`<${Select} label=${t("sample.class")} value=${label} options=${model.classes.map((one) => [one, one])} onChange=${setLabel} />`}
        <button type="button" disabled=${index === 0} aria-label=${t("sample.wall.less")} onClick=${() => setIndex(Math.max(0, index - WALL))}>‹</button>
        <button type="button" aria-label=${t("sample.wall.more")} onClick=${() => setIndex(index + WALL)}>›</button>
      </div>
    </div>
    <div class=${`wall ${picture.url ? "" : "skeleton"}`} style=${{ aspectRatio: `${columns * model.shape[2]} / ${(WALL / columns) * model.shape[1]}` }}>
      ${picture.url && html`<img src=${picture.url} alt=${t("sample.wall.alt", { n: WALL, label })} />
        <div class="wall-cells" ref=${wall} role="group" aria-label=${t("sample.wall")} onKeyDown=${move}
          style=${{ gridTemplateColumns: `repeat(${columns}, 1fr)`, padding: part(SPACE), gap: part(SPACE) }}>
          ${Array.from({ length: WALL }, (_, n) => html`<button type="button" key=${n} tabindex=${n === at ? 0 : -1} aria-pressed=${chosen.has(n)} aria-label=${t("sample.kept.item", { label, seed, index: index + n })} onClick=${() => choose(n)}></button>`)}
        </div>`}
    </div>
    <p class="bad small" role="alert">${picture.error}</p>
    <p class="muted small">${t("sample.wall.hint")}</p>
    ${ours.length > 0 && html`<h3 class="section-title">${t("sample.kept.title")}</h3>
      <ul class="kept">${ours.map((one) => html`<${KeptOne} key=${JSON.stringify(one)} one=${one} onDrop=${() => keep(kept.filter((other) => other !== one))} />`)}</ul>`}
  </section>`;
}

/** @param {{one: Kept, onDrop: () => void}} props */
function KeptOne({ one, onDrop }) {
  const picture = useMade("generate", orderOf(one), 0);
  const text = t("sample.kept.item", { label: one.label || "–", seed: one.seed, index: one.index });
  const save = () => trying(async () => download(await made("generate", { json: { ...orderOf(one), format: "png" } }), `${one.label || "image"}-${one.seed}-${one.index}.png`));
  return html`<li>
    <span class="kept-picture">${picture.url && html`<img src=${picture.url} alt=${text} />`}</span>
    <span class="kept-text small"><b class="one-line" title=${one.label}>${one.label || "–"}</b><span class="muted" title=${text}>${t("sample.kept.where", { seed: one.seed, index: one.index })}${one.truncation ? ` · ±${one.truncation}` : ""}</span>
      <span class="kept-do"><button type="button" class="link" aria-label=${`${t("download")}: ${text}`} onClick=${save}>PNG</button><button type="button" class="link" aria-label=${`${t("runs.remove")}: ${text}`} onClick=${onDrop}>${t("runs.remove")}</button></span></span>
  </li>`;
}
