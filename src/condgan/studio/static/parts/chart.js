// Curves over images seen: uPlot, with the moment that the slider is at, which dragging moves.
import uPlot from "../vendor/uplot.js";
import { html, useEffect, useId, useRef, useState } from "../ui.js";
import { theme } from "../state.js";
import { short } from "../words.js";

/** @typedef {{label: string, color: number, dash?: number[], faint?: boolean, points?: boolean, x: number[], y: (number | null)[]}} Curve */
/** @typedef {{x: number, title: string, text: string}} Alarm */

export const LEFT = 58; // pixels of the axis: the slider begins where the curves do
export const RIGHT = 20;
const COLORS = ["--one", "--two", "--three", "--four", "--five", "--six"];

/** @param {string} name */
function css(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

/** The colour of a curve, as a name of the style sheet. @param {number} at */
export function colorName(at) {
  return COLORS[at % COLORS.length];
}

/** Grows with every change of the colours. */
function useColors() {
  const [version, setVersion] = useState(0);
  useEffect(() => {
    const watch = matchMedia("(prefers-color-scheme: dark)");
    const changed = () => setVersion((now) => now + 1);
    watch.addEventListener("change", changed);
    return () => watch.removeEventListener("change", changed);
  }, []);
  return `${version} ${theme.value}`;
}

/**
 * The mean of a curve and what came before, the nearer the heavier; without a bias to where it began.
 * @param {(number | null)[]} values
 */
export function smoothed(values) {
  const keep = 1 - 1 / Math.max(2, values.length / 40);
  let sum = 0;
  let weight = 0;
  return values.map((value) => {
    if (value === null) return null;
    sum = keep * sum + (1 - keep) * value;
    weight = keep * weight + (1 - keep);
    return sum / weight;
  });
}

/**
 * @param {{label: string, curves: Curve[], log: boolean, parts?: boolean, range: [number, number], moment: number | null,
 *   marks: number[], alarms: Alarm[], height: number, onMoment: (x: number) => void, value: (y: number) => string}} props
 */
export function Chart({ label, curves, log, parts = false, range, moment, marks, alarms, height, onMoment, value }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const plot = useRef(/** @type {uPlot | null} */ (null));
  const line = useRef(/** @type {HTMLElement | null} */ (null));
  const latest = useRef(onMoment);
  latest.current = onMoment;
  const colors = useColors();

  useEffect(() => {
    const element = /** @type {HTMLDivElement} */ (place.current);
    const found = new uPlot(options(element.clientWidth, height, curves, log, parts, range, marks, value), joined(curves, log), element);
    plot.current = found;
    line.current = document.createElement("div");
    line.current.className = "moment-line";
    found.over.append(line.current);
    const stop = dragged(found.over, (left) => latest.current(found.posToVal(left, "x")));
    const watch = new ResizeObserver(() => element.clientWidth && found.setSize({ width: element.clientWidth, height }));
    watch.observe(element);
    return () => {
      stop();
      watch.disconnect();
      found.destroy();
    };
  }, [curves, log, parts, range[0], range[1], colors, height, marks.length]);
  useEffect(() => {
    if (!line.current) return;
    const [from, to] = range;
    line.current.hidden = moment === null;
    line.current.style.left = `${(100 * ((moment ?? from) - from)) / (to - from || 1)}%`;
  });
  return html`<div class="chart-box">
    <div class="chart" ref=${place} role="img" aria-label=${`${label}: ${summary(curves, value)}`} style=${{ height: `${height}px` }}></div>
    <${Alarms} alarms=${alarms} range=${range} />
  </div>`;
}

/** Lines where alarms were raised; a mark on each says its sentence. @param {{alarms: Alarm[], range: [number, number]}} props */
function Alarms({ alarms, range: [from, to] }) {
  const [open, setOpen] = useState(-1);
  const id = useId();
  const chosen = alarms[open];
  return html`
    <div class="alarm-lines" style=${{ left: `${LEFT}px`, right: `${RIGHT}px` }}>
      ${alarms.map(({ x, title, text }, at) => html`<button type="button" key=${`${x} ${title}`} class="alarm-mark" style=${{ left: `${(100 * (x - from)) / (to - from || 1)}%` }}
        aria-label=${title} aria-expanded=${open === at} aria-describedby=${open === at ? id : undefined} title=${`${title}. ${text}`} onClick=${() => setOpen(open === at ? -1 : at)}
        onKeyDown=${(/** @type {KeyboardEvent} */ event) => event.key === "Escape" && setOpen(-1)}></button>`)}
    </div>
    ${chosen && html`<p class="warn small alarm-said" id=${id} role="status"><b>${chosen.title}.</b> ${chosen.text}</p>`}`;
}

/** What the curves show, in words. @param {Curve[]} curves @param {(y: number) => string} value */
function summary(curves, value) {
  return curves
    .filter((curve) => !curve.faint && curve.y.length)
    .map(({ label, y }) => `${label} ${value(Number(y[0]))} → ${value(Number(y[y.length - 1]))}`)
    .join("; ");
}

/** Calls with the place of a pointer that is held down. @param {HTMLElement} over @param {(left: number) => void} moved */
function dragged(over, moved) {
  const at = (/** @type {PointerEvent} */ event) => moved(event.clientX - over.getBoundingClientRect().left);
  const down = (/** @type {PointerEvent} */ event) => {
    if (event.button !== 0) return;
    over.setPointerCapture(event.pointerId);
    at(event);
  };
  const move = (/** @type {PointerEvent} */ event) => event.buttons & 1 && at(event);
  over.addEventListener("pointerdown", down);
  over.addEventListener("pointermove", move);
  return () => {
    over.removeEventListener("pointerdown", down);
    over.removeEventListener("pointermove", move);
  };
}

/** All curves over the places of all. @param {Curve[]} curves @param {boolean} log @returns {uPlot.AlignedData} */
function joined(curves, log) {
  if (!curves.length) return [[0], [null]];
  const positive = log && isPositive(curves);
  const tables = curves.map(({ x, y }) => /** @type {uPlot.AlignedData} */ ([x, positive ? y.map((one) => (one && one > 0 ? one : null)) : y]));
  return tables.length === 1 ? tables[0] : uPlot.join(tables);
}

/** @param {Curve[]} curves */
function isPositive(curves) {
  return curves.every(({ y }) => y.every((one) => one === null || one >= 0));
}

/**
 * @param {number} width @param {number} height @param {Curve[]} curves @param {boolean} log @param {boolean} parts @param {[number, number]} range
 * @param {number[]} marks @param {(y: number) => string} value @returns {uPlot.Options}
 */
function options(width, height, curves, log, parts, range, marks, value) {
  const axis = { stroke: css("--soft"), font: `12px ${css("--sans")}`, grid: { stroke: css("--line"), width: 1 }, ticks: { show: false } };
  return {
    width: width || 300,
    height,
    padding: [10, RIGHT, 0, 0],
    legend: { show: false },
    cursor: { drag: { x: false, y: false }, points: { size: 6 }, y: false },
    scales: { x: { time: false, range: () => range }, y: log ? { distr: isPositive(curves) ? 3 : 4 } : parts ? { range: (_, low, high) => shares(low, high) } : {} },
    axes: [
      { ...axis, size: 30, space: 70, grid: { show: false }, values: (_, splits) => splits.map(images) },
      { ...axis, size: LEFT, values: (_, splits) => splits.map((one) => (one === null ? "" : value(one))) },
    ],
    series: [
      {},
      ...(curves.length ? curves : [{ label: "", color: 0 }]).map((curve) => ({
        label: curve.label,
        stroke: css(colorName(curve.color)),
        width: "faint" in curve && curve.faint ? 1 : 1.75,
        alpha: "faint" in curve && curve.faint ? 0.3 : 1,
        dash: "dash" in curve ? curve.dash : undefined,
        spanGaps: true,
        points: { show: Boolean("points" in curve && curve.points), size: 6, fill: css(colorName(curve.color)) },
      })),
    ],
    hooks: { draw: [(found) => ticked(found, marks)] },
  };
}

/** The axis of shares, which are never more than all. @param {number | null} low @param {number | null} high @returns {[number, number]} */
function shares(low, high) {
  const room = Math.max(0.02, 0.1 * ((high ?? 1) - (low ?? 0)));
  return [Math.max(0, (low ?? 0) - room), Math.min(1, (high ?? 1) + room)];
}

/** Short marks on the axis where there are samples. @param {uPlot} found @param {number[]} marks */
function ticked(found, marks) {
  const { ctx, bbox } = found;
  ctx.save();
  ctx.fillStyle = css("--edge");
  for (const mark of marks) ctx.fillRect(Math.round(found.valToPos(mark, "x", true)), bbox.top + bbox.height - 6, devicePixelRatio, 6);
  ctx.restore();
}

/** Images seen, as an axis tells them. @param {number} n */
function images(n) {
  return n >= 1e6 ? `${short(n / 1e6)}M` : n >= 1000 ? `${short(n / 1000)}k` : String(n);
}
