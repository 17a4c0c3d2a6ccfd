// A walk between two classes or two seeds: one strip of frames is fetched, a slider scrubs it.
import { html, useEffect, useRef, useState } from "../ui.js";
import { download, made } from "../api.js";
import { trying } from "../state.js";
import { Command, Select } from "../parts/small.js";
import { Seed } from "../parts/seed.js";
import { useMade } from "../parts/made.js";
import { pathOf, truncated, truncation } from "./sample.js";
import { quoted } from "./sample-row.js";
import { t } from "../words.js";

/** @typedef {import("./sample.js").Given} Given */

const FRAMES = 33;
const EVERY = 60; // milliseconds of a frame

/** @param {Given} props */
export function Walk({ model, seed, bound }) {
  const { classes } = model;
  const [between, setBetween] = useState(model.conditional && classes.length > 1 ? "classes" : "seeds");
  const [from, setFrom] = useState(classes[3 % (classes.length || 1)] ?? "");
  const [to, setTo] = useState(classes.at(-2) ?? "");
  const [seeds, setSeeds] = useState([1, 2]);
  const [label, setLabel] = useState(classes[0] ?? "");
  const [frame, setFrame] = useState(0);
  const [playing, setPlaying] = useState(false);
  const canvas = useRef(/** @type {HTMLCanvasElement | null} */ (null));
  const bySeed = between === "seeds";
  const stops = bySeed ? `seed:${seeds[0]},seed:${seeds[1]}` : `${from},${to}`;
  const order = { model: model.name, stops, frames: FRAMES, ...truncated(bound), ...(bySeed ? (model.conditional ? { label } : {}) : { seed }) };
  const strip = useMade("walk", order, 150);
  const [, height, width] = model.shape;

  useEffect(() => {
    if (!strip.url || !canvas.current) return undefined;
    const element = canvas.current;
    const image = new Image();
    let wanted = true;
    image.src = strip.url;
    image.decode().then(() => {
      if (!wanted) return;
      const one = image.naturalWidth / FRAMES;
      element.width = one;
      element.height = image.naturalHeight;
      element.getContext("2d")?.drawImage(image, Math.round(frame) * one, 0, one, image.naturalHeight, 0, 0, one, image.naturalHeight);
    }, () => undefined);
    return () => void (wanted = false);
  }, [strip.url, frame]);
  useEffect(() => {
    if (!playing) return undefined;
    let step = 1;
    const timer = setInterval(() => setFrame((now) => {
      if (now + step > FRAMES - 1 || now + step < 0) step = -step;
      return now + step;
    }), EVERY);
    return () => clearInterval(timer);
  }, [playing]);

  const save = (/** @type {string} */ format) => trying(async () => download(await made("walk", { json: { ...order, format } }), `walk.${format}`));
  const names = bySeed ? seeds.map(String) : [from, to];
  const part = Math.round((100 * frame) / (FRAMES - 1));
  const options = classes.map((one) => [one, one]);
  const command = `condgan sample ${pathOf(model.name)}${bySeed && model.conditional ? ` ${quoted(label)}` : ""} --walk ${quoted(stops)} --frames ${FRAMES}${bySeed ? "" : ` --seed ${seed}`}${truncation(bound)} -o walk.gif`;
  return html`<section class="panel sample-walk">
    <h2>${t("sample.walk")}</h2>
    <div class="controls walk-controls">
      ${model.conditional && html`<${Select} label=${t("sample.walk.between")} value=${between} options=${[["classes", t("sample.walk.classes")], ["seeds", t("sample.walk.seeds")]]} onChange=${setBetween} />`}
      ${bySeed
        ? html`<${Seed} label=${t("sample.walk.from")} value=${seeds[0]} dice=${false} onChange=${(/** @type {number} */ one) => setSeeds([one, seeds[1]])} />
          <${Seed} label=${t("sample.walk.to")} value=${seeds[1]} dice=${false} onChange=${(/** @type {number} */ one) => setSeeds([seeds[0], one])} />
          ${model.conditional && html`<${Select} label=${t("sample.class")} value=${label} options=${options} onChange=${setLabel} />`}`
        : html`<${Select} label=${t("sample.walk.from")} value=${from} options=${options} onChange=${setFrom} /><${Select} label=${t("sample.walk.to")} value=${to} options=${options} onChange=${setTo} />`}
    </div>
    <div class="walk-stage">
      <canvas ref=${canvas} role="img" width=${3 * width} height=${3 * height} aria-label=${t("sample.walk.alt", { part, from: names[0], to: names[1] })}></canvas>
      <div class="walk-slider"><span>${names[0]}</span>
        <input type="range" min="0" max=${FRAMES - 1} value=${frame} aria-label=${t("sample.walk.position")} aria-valuetext=${`${part} %`} onInput=${(/** @type {any} */ event) => { setPlaying(false); setFrame(Number(event.target.value)); }} />
        <span>${names[1]}</span></div>
    </div>
    <p class="bad small line-kept" role="alert">${strip.error}</p>
    <div class="foot">
      <button type="button" onClick=${() => setPlaying(!playing)}>${playing ? t("sample.walk.stop") : t("sample.walk.play")}</button>
      <button type="button" disabled=${!strip.url} onClick=${() => save("gif")}>GIF</button>
      <button type="button" disabled=${!strip.url} onClick=${() => save("png")}>PNG</button>
      <${Command} text=${command} />
    </div>
  </section>`;
}
