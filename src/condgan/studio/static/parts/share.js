// A share of n cases with its interval.
import { html } from "../ui.js";

/** @typedef {{value: number, low: number, high: number, n: number}} Share */

/** @param {{one: Share | null | undefined}} props */
export function Percent({ one }) {
  if (!one) return html`<span class="muted">–</span>`;
  const [value, low, high] = [one.value, one.low, one.high].map((part) => `${Math.round(100 * part)}%`);
  return html`<b>${value}</b> <small class="muted">${low} – ${high}, n = ${one.n}</small>`;
}
