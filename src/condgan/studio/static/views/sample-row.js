// A sequence of labels, drawn as it is typed.
import { html, useState } from "../ui.js";
import { download, made } from "../api.js";
import { trying } from "../state.js";
import { Command, Field } from "../parts/small.js";
import { Seed } from "../parts/seed.js";
import { useMade } from "../parts/made.js";
import { MOST_BOUND, pathOf, truncated, truncation } from "./sample.js";
import { t } from "../words.js";

/** @typedef {import("./sample.js").Given} Given @typedef {import("./sample.js").Model} Model */

/** Something to begin with: today, where classes are digits, else the first classes. @param {Model} model */
function first({ classes }) {
  const digits = classes.length === 10 && classes.every((name, at) => name === String(at));
  const day = new Date();
  if (digits) return `${day.getFullYear()}${String(day.getMonth() + 1).padStart(2, "0")}${String(day.getDate()).padStart(2, "0")}`;
  return classes.slice(0, 6).join(",");
}

/** A word of a command line. @param {string} text */
export function quoted(text) {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}

/** @param {Given} props */
export function Row({ model, seed, onSeed, bound, onBound }) {
  const [labels, setLabels] = useState(first(model));
  const [images, setImages] = useState(10);
  const [beside, setBeside] = useState(false);
  const order = { model: model.name, seed, ...truncated(bound), ...(model.conditional ? { labels: labels.trim() } : { count: images }) };
  const asked = !model.conditional || labels.trim() ? order : null;
  const unread = Boolean(bound.trim() && !truncation(bound));
  const picture = useMade("generate", asked);
  const nearest = useMade("nearest", beside && !picture.error ? asked : null, 400);
  const save = (/** @type {string} */ format) => trying(async () => download(await made("generate", { json: { ...order, format } }), `sample-${seed}.${format}`));
  const command = model.conditional ? `condgan sample ${pathOf(model.name)} ${quoted(labels.trim() || "LABELS")} --seed ${seed}${truncation(bound)}` : `condgan sample ${pathOf(model.name)} --seed ${seed}${truncation(bound)}`;
  return html`<section class="panel sample-row">
    <h2>${t("sample.row")}</h2>
    <div class="controls">
      ${model.conditional
        ? html`<${Field} label=${t("sample.labels")} class="grow"><input class="large" value=${labels} placeholder=${t("sample.labels.hint")} spellcheck=${false} autocomplete="off" maxlength="2000"
            aria-invalid=${Boolean(picture.error)} aria-describedby="row-error row-classes" onInput=${(/** @type {any} */ event) => setLabels(event.target.value)} /></${Field}>`
        : html`<${Field} label=${t("sample.count")} class="grow"><input class="large" type="number" min="1" max="100" value=${images} onInput=${(/** @type {any} */ event) => setImages(Math.max(1, Math.min(100, Number(event.target.value) || 1)))} /></${Field}>`}
      <${Seed} value=${seed} onChange=${onSeed} />
      <${Field} label=${t("sample.truncation")} class="truncation"><input inputmode="decimal" value=${bound} placeholder=${t("sample.truncation.none")} autocomplete="off" aria-describedby="truncation-hint truncation-wrong"
        aria-invalid=${unread} onInput=${(/** @type {any} */ event) => onBound(event.target.value)} /></${Field}>
    </div>
    ${model.conditional && html`<p id="row-classes" class="muted one-line small">${t("sample.classes", { list: model.classes.slice(0, 40).join(", ") })}</p>`}
    <p id="truncation-wrong" class="bad small" role="alert">${unread && t("sample.truncation.wrong", { given: bound.trim(), most: MOST_BOUND })}</p>
    <p id="truncation-hint" class="muted small">${t("sample.truncation.hint")}</p>
    <div class="row-place" tabindex="0" role="group" aria-label=${t("sample.row")}>
      ${picture.url && asked
        ? html`<img src=${picture.url} width=${picture.width} height=${picture.height} style=${{ maxWidth: `max(100%, ${Math.round(picture.width / 3)}px)` }} alt=${t("sample.row.alt", { labels: model.conditional ? labels : String(images), seed })} />`
        : !asked && html`<p>${t("sample.row.none")}</p>`}
    </div>
    ${beside && html`<div class="row-place row-nearest" aria-busy=${nearest.busy}>
      ${nearest.url ? html`<img src=${nearest.url} width=${nearest.width} height=${nearest.height} style=${{ maxWidth: `max(100%, ${Math.round(nearest.width / 3)}px)` }} alt=${t("sample.nearest.alt")} />` : html`<p>${nearest.error || t("sample.nearest.busy")}</p>`}
    </div>`}
    <p id="row-error" class="bad small line-kept" role="alert">${asked ? picture.error : ""}</p>
    <div class="foot">
      <button type="button" disabled=${!picture.url || Boolean(picture.error)} onClick=${() => save("png")}>PNG</button>
      <button type="button" disabled=${!picture.url || Boolean(picture.error)} onClick=${() => save("npz")}>npz</button>
      <label class="check"><input type="checkbox" checked=${beside} onChange=${() => setBeside(!beside)} />${t("sample.nearest")}</label>
      <${Command} text=${command} />
    </div>
  </section>`;
}
