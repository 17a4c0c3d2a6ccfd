// What every view is written with: html`...`, hooks and signals.
import { h, render } from "./vendor/preact.js";
import htm from "./vendor/htm.js";

export { render };
export { useEffect, useId, useLayoutEffect, useMemo, useRef, useState } from "./vendor/hooks.js";
export { signal, computed, effect, batch } from "./vendor/signals.js";

/** @typedef {import("./vendor/preact.js").ComponentChildren} Children */

/** @type {(strings: TemplateStringsArray, ...values: any[]) => any} */
export const html = htm.bind(/** @type {any} */ (h));

/**
 * Class names from what holds: `classes("card", on && "on")`.
 * @param {...(string | false | null | undefined)} names
 */
export function classes(...names) {
  return names.filter(Boolean).join(" ");
}

/**
 * Calls a function when nobody has called for a while; `cancel` forgets the last call.
 * @template {any[]} T
 * @param {(...given: T) => void} work
 * @param {number} milliseconds
 */
export function debounced(work, milliseconds) {
  /** @type {number | undefined} */
  let timer;
  const late = (/** @type {T} */ ...given) => {
    clearTimeout(timer);
    timer = window.setTimeout(() => work(...given), milliseconds);
  };
  late.cancel = () => clearTimeout(timer);
  return late;
}
