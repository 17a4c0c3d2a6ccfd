// A slider over time that lies on the axis of the curves above it; arrow keys go from sample to sample.
import { html } from "../ui.js";
import { LEFT, RIGHT } from "./chart.js";
import { t } from "../words.js";

const THUMB = 16;

/**
 * @param {{range: [number, number], at: number, places: number[], text: string, onChange: (x: number) => void}} props
 */
export function TimeSlider({ range, at, places, text, onChange }) {
  const step = (/** @type {KeyboardEvent} */ event) => {
    const by = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 5, PageDown: -5 }[event.key];
    if (!by || !places.length) return;
    event.preventDefault();
    const beyond = places.filter((place) => (by > 0 ? place > at : place < at)); // also where it stands between two
    if (beyond.length) onChange(by > 0 ? beyond[Math.min(by, beyond.length) - 1] : beyond[Math.max(0, beyond.length + by)]);
  };
  return html`<div class="time" style=${{ paddingLeft: `${LEFT - THUMB / 2}px`, paddingRight: `${RIGHT - THUMB / 2}px` }}>
    <input type="range" min=${range[0]} max=${range[1]} step="any" value=${at} disabled=${!places.length} aria-label=${t("run.moment")} aria-valuetext=${text}
      onKeyDown=${step} onInput=${(/** @type {any} */ event) => onChange(Number(event.target.value))} />
  </div>`;
}
