// The course of a run: curves above one slider over time, and the samples of the moment that it is at.
import { html, useEffect, useMemo, useState } from "../ui.js";
import { fileOf, picture } from "../api.js";
import { said } from "../state.js";
import { Chart, colorName, smoothed } from "../parts/chart.js";
import { TimeSlider } from "../parts/grid-slider.js";
import { Chips, Command, Empty } from "../parts/small.js";
import { Picture } from "../parts/picture.js";
import { Over } from "./run-over.js";
import { alarmName, count, figure, figureName, figureNames, maybe, short, span, t } from "../words.js";

/** @typedef {import("./run.js").Detail} Detail @typedef {import("./run.js").Series} Series @typedef {import("./run.js").Grid} Grid */
/** @typedef {import("../parts/chart.js").Curve} Curve */

const PLACES = ["step", "epoch", "images"];
const DASHES = [[], [7, 4], [2, 3], [10, 3, 2, 3]];
const LOSSES = ["d_loss", "g_loss"];
const PILLS = ["label_accuracy", "fid", "recall", "coverage"];
const METRICS = ["label_accuracy", "precision", "recall", "coverage"];

/** @param {{name: string, detail: Detail | null, series: Series | null}} props */
export function Course({ name, detail, series }) {
  const [moment, setMoment] = useState(/** @type {number | null} */ (null)); // images seen; none: the last
  const [over, setOver] = useState(/** @type {[string, Series][]} */ ([]));
  const [log, setLog] = useState(false);
  const [smooth, setSmooth] = useState(true);
  const grids = detail?.grids ?? [];
  const running = detail?.status.state === "running";
  const all = useMemo(() => (series ? /** @type {[string, Series][]} */ ([[name, series], ...over]) : []), [name, series, over]);
  const last = Math.max(1, ...all.map(([, one]) => Number(one.steps.images?.at(-1) ?? 0)), ...grids.map((one) => one.images));
  const grid = nearest(grids, moment ?? last);
  useEffect(() => {
    // The pictures on both sides are fetched before they are asked for.
    const at = grid ? grids.indexOf(grid) : -1;
    for (const beside of [at - 1, at + 1, at + 2]) if (grids[beside]) picture(fileOf(name, grids[beside].file), grids[beside].images).catch(() => undefined);
  }, [grid?.file]);
  const told = grid ? t("run.moment.text", { epoch: short(grid.epoch), images: count(grid.images) }) : "";
  const go = (/** @type {number} */ x) => {
    const found = nearest(grids, x);
    setMoment(found ? (found === grids.at(-1) ? null : found.images) : x);
    if (found) said.value = t("run.moment.text", { epoch: short(found.epoch), images: count(found.images) });
  };
  const alarms = (series?.alarms ?? []).map((one) => ({ x: one.images, title: t("run.alarm.at", { epoch: short(one.epoch), alarm: alarmName(one.kind) }), text: one.text }));
  const shared = { all, log, smooth, range: /** @type {[number, number]} */ ([0, last]), moment: moment === null ? last : (grid?.images ?? moment), marks: grids.map((one) => one.images), alarms, onMoment: go };
  return html`<div class="course">
    <section class="panel course-losses">
      <div class="panel-head"><h2>${t("run.losses")}</h2>
        <div class="chips">
          <label class="check"><input type="checkbox" checked=${smooth} onChange=${() => setSmooth(!smooth)} />${t("run.smooth")}</label>
          <label class="check"><input type="checkbox" checked=${log} onChange=${() => setLog(!log)} />${t("run.log")}</label>
        </div>
      </div>
      ${!series ? html`<div class="chart-place skeleton"></div>` : !series.steps.step?.length ? html`<${Empty} inner title=${running ? t("run.preparing") : t("run.no.steps")} text=${`${running ? `${t("run.preparing.text")} ` : ""}${t("run.no.steps.text", { n: detail?.recipe.output.log_every ?? 50 })}`} />` : html`<${Losses} ...${shared} />`}
      <${TimeSlider} range=${shared.range} at=${shared.moment} places=${shared.marks} text=${told} onChange=${go} />
      <${Over} name=${name} over=${over} onChange=${setOver} />
    </section>
    <section class="panel course-grid">
      <div class="panel-head"><h2>${t("run.grid")}</h2><span class="muted">${told}</span></div>
      ${detail && !grid
        ? html`<${Empty} inner title=${t("run.grid.none")} text=${running ? t("run.grid.none.text") : t("run.grid.none.over")} />`
        : html`<${Picture} class="grid-picture" eager path=${grid ? fileOf(name, grid.file) : null} version=${grid?.images} alt=${t("run.grid.alt", { run: name, images: count(grid?.images ?? 0) })} />
          ${grid && series && html`<${Pills} series=${series} at=${shared.moment} smooth=${smooth} />`}
          <p class="muted hint">${running && detail ? html`<${Next} detail=${detail} begun=${Boolean(series?.steps.step?.length)} /> ` : ""}${grids.length > 1 && t("run.grid.drag")}</p>`}
    </section>
    <section class="panel course-metrics">
      <div class="panel-head"><h2>${t("run.metrics")}</h2></div>
      ${!series ? html`<div class="chart-place skeleton"></div>` : !all.some(([, one]) => one.evaluations.length) ? html`<${Empty} inner title=${t("run.no.metrics")} text=${running && detail?.due?.evaluation ? nextOf("run.next.evaluation", detail.due.evaluation) : t("run.no.metrics.text")}><${Command} text=${`condgan evaluate runs/${name}`} /></${Empty}>` : html`<${Metrics} ...${shared} />`}
    </section>
  </div>`;
}

/** When the next picture is due; of a training that has just begun, what it is doing. @param {{detail: Detail, begun: boolean}} props */
function Next({ detail, begun }) {
  if (!begun) return t("run.preparing.text");
  return detail.due?.grid ? nextOf("run.next.grid", detail.due.grid) : "";
}

/** @param {import("../words.js").Word} key @param {import("./run.js").Due} due */
function nextOf(key, { images, left }) {
  return t(key, { images: count(images), time: left === null ? "" : t("run.next.in", { time: span(Math.max(1, left)) }) });
}

/** The figures of a moment: losses at it, and those of the last evaluation before it. @param {{series: Series, at: number, smooth: boolean}} props */
function Pills({ series, at, smooth }) {
  const { steps, evaluations } = series;
  const step = steps.images?.findIndex((x) => Number(x) >= at) ?? -1;
  const seen = evaluations.filter(({ images }) => images <= at).at(-1);
  /** @type {[string, number | null | undefined][]} */
  const told = [
    ...LOSSES.map((one) => /** @type {[string, number | null | undefined]} */ ([one, at > 0 && steps[one] ? (smooth ? smoothed(steps[one]) : steps[one]).at(step) : undefined])),
    ...PILLS.map((one) => /** @type {[string, number | undefined]} */ ([one, Object.entries(seen?.figures ?? {}).find(([name]) => name === one || name.startsWith(`${one}_`))?.[1][0]])),
  ];
  return html`<ul class="pills" aria-label=${t("run.pills")}>${told.map(([one, value]) => typeof value === "number" && html`<li key=${one}>${maybe(`short.${one}`, figureName(one))} <b>${figure(one, value)}</b></li>`)}</ul>`;
}

/** @param {Grid[]} grids @param {number} x @returns {Grid | undefined} */
function nearest(grids, x) {
  return grids.reduce((best, one) => (!best || Math.abs(one.images - x) < Math.abs(best.images - x) ? one : best), /** @type {Grid | undefined} */ (undefined));
}

/** @typedef {{all: [string, Series][], log: boolean, smooth: boolean, range: [number, number], moment: number, marks: number[], alarms: import("../parts/chart.js").Alarm[], onMoment: (x: number) => void}} Shared */

/** @param {Shared} props */
function Losses({ all, log, smooth, range, moment, marks, alarms, onMoment }) {
  const names = Object.keys(all[0][1].steps).filter((one) => !PLACES.includes(one));
  const [on, toggle] = useChosen(LOSSES.filter((one) => names.includes(one)), names.slice(0, 1));
  const curves = useMemo(
    () =>
      all.flatMap(([run, { steps }], which) =>
        on.filter((one) => steps[one]).flatMap((one) => {
          const x = /** @type {number[]} */ (steps.images);
          const curve = { ...drawn(run, one, which, on, all.length), x, y: steps[one] };
          return smooth ? [{ ...curve, faint: true }, { ...curve, y: smoothed(curve.y) }] : [curve];
        }),
      ),
    [all, on, smooth],
  );
  const value = (/** @type {string} */ one) => {
    const { steps } = all[0][1];
    const at = steps.images.findIndex((x) => Number(x) >= moment);
    return short((smooth ? smoothed(steps[one]) : steps[one]).at(at));
  };
  return html`<${Legend} names=${names} on=${on} toggle=${toggle} value=${value} several=${all.length > 1} />
    <${Chart} label=${t("run.chart.losses")} curves=${curves} log=${log} range=${range} moment=${moment} marks=${marks} alarms=${alarms} height=${260} onMoment=${onMoment} value=${short} />`;
}

/** @param {Shared} props */
function Metrics({ all, log, range, moment, marks, alarms, onMoment }) {
  const names = [...new Set(all.flatMap(([, one]) => one.evaluations.flatMap(({ figures }) => Object.keys(figures))))];
  const [on, toggle] = useChosen(METRICS.filter((one) => names.includes(one)), names.slice(0, 1));
  const curves = useMemo(
    () =>
      all.flatMap(([run, { evaluations }], which) =>
        on.map((one) => {
          const found = evaluations.filter(({ figures }) => figures[one]);
          return { ...drawn(run, one, which, on, all.length), points: true, x: found.map(({ images }) => images), y: found.map(({ figures }) => figures[one][0]) };
        }),
      ).filter(({ x }) => x.length),
    [all, on],
  );
  const parts = on.every((one) => figure(one, 1).endsWith("%"));
  const value = (/** @type {string} */ one) => {
    const seen = all[0][1].evaluations.filter(({ images }) => images <= moment).at(-1) ?? all[0][1].evaluations[0];
    return figure(one, seen?.figures[one]?.[0]);
  };
  return html`<${Legend} names=${names} on=${on} toggle=${toggle} value=${value} several=${all.length > 1} />
    <${Chart} label=${t("run.chart.metrics")} curves=${curves} log=${log} parts=${parts} range=${range} moment=${moment} marks=${marks} alarms=${alarms} height=${220} onMoment=${onMoment} value=${(/** @type {number} */ y) => (parts ? `${Math.round(100 * y)}%` : short(y))} />`;
}

/** Which figures are shown: a set that a button changes. @param {string[]} first @param {string[]} otherwise @returns {[string[], (name: string) => void]} */
function useChosen(first, otherwise) {
  const [on, setOn] = useState(first.length ? first : otherwise);
  return [on, (name) => setOn((now) => (now.includes(name) ? now.filter((one) => one !== name) : [...now, name]))];
}

/** How a curve looks: one run has a colour for each figure, several have a colour for each run. @param {string} run @param {string} name @param {number} which @param {string[]} on @param {number} runs */
function drawn(run, name, which, on, runs) {
  const at = on.indexOf(name);
  return runs > 1 ? { label: `${run}: ${figureName(name)}`, color: which, dash: DASHES[at % DASHES.length] } : { label: figureName(name), color: at };
}

/** Buttons of the figures, each with its colour and its value at the moment. @param {{names: string[], on: string[], toggle: (name: string) => void, value: (name: string) => string, several: boolean}} props */
function Legend({ names, on, toggle, value, several }) {
  const called = figureNames(names);
  const mark = (/** @type {string} */ one) => (on.includes(one) ? html`<i class=${several ? `swatch dash-${on.indexOf(one) % DASHES.length}` : "swatch"} style=${{ color: several ? "var(--ink)" : `var(${colorName(on.indexOf(one))})` }}></i>` : null);
  return html`<${Chips} label=${t("run.figures")} on=${on} onToggle=${toggle}
    options=${names.map((one) => [one, html`${mark(one)}${called(one)}${on.includes(one) && html` <b>${value(one)}</b>`}`])} />`;
}

