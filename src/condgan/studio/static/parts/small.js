// Small parts that every view uses: states, commands to copy, empty states, bars, fields.
import { html, useEffect, useState } from "../ui.js";
import { language, said, tell } from "../state.js";
import { stateName, t } from "../words.js";

/** @typedef {import("../ui.js").Children} Children */

/** A state as a dot and a word. @param {{state: string}} props */
export function State({ state }) {
  return html`<span class=${`state state-${state}`}><i aria-hidden="true"></i>${stateName(state)}</span>`;
}

/** A command with a button that copies it. @param {{text: string}} props */
export function Command({ text }) {
  const [done, setDone] = useState(false);
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      setDone(true);
      said.value = t("copied");
      setTimeout(() => setDone(false), 1600);
    } catch {
      tell(text);
    }
  };
  return html`<div class="command">
    <code tabindex="0" role="textbox" aria-readonly="true" aria-label=${t("sample.command")}>${text}</code>
    <button type="button" class="quiet" onClick=${copy}>${done ? t("copied") : t("copy")}</button>
  </div>`;
}

/** What is not there yet, and what to do. @param {{title: string, text?: string, command?: string, inner?: boolean, children?: Children}} props inner: below the heading of a panel */
export function Empty({ title, text, command, inner, children }) {
  return html`<div class="empty">
    <${inner ? "h3" : "h2"} class="empty-title">${title}</${inner ? "h3" : "h2"}>
    ${text && html`<p>${text}</p>`}
    ${command && html`<${Command} text=${command} />`}
    ${children}
  </div>`;
}

/** Whether the window is that of a phone. */
export const narrow = () => matchMedia("(max-width: 640px)").matches;

/**
 * A panel that can be folded away: open at first where there is room. What is wrong in it opens it.
 * @param {{title: string, hint?: string, wrong?: boolean, children?: Children}} props
 */
export function Fold({ title, hint, wrong = false, children }) {
  const [open, setOpen] = useState(!narrow());
  useEffect(() => void (wrong && setOpen(true)), [wrong]);
  return html`<details class="panel fold" open=${open} onToggle=${(/** @type {any} */ event) => event.target === event.currentTarget && setOpen(event.target.open)}>
    <summary><h2>${title}</h2>${hint && html`<span class="muted one-line">${hint}</span>`}</summary>
    ${children}
  </details>`;
}

/** How far something is. @param {{part: number, label: string}} props */
export function Progress({ part, label }) {
  return html`<progress max="1" value=${Math.min(1, part)} aria-label=${label}></progress>`;
}

/** A labelled control. @param {{label: string, class?: string, children: Children}} props */
export function Field({ label, class: name, children }) {
  return html`<label class=${`field ${name ?? ""}`}><span>${label}</span>${children}</label>`;
}

/**
 * A choice.
 * @param {{label: string, value: string, options: [string, string][], onChange: (value: string) => void}} props
 */
export function Select({ label, value, options, onChange }) {
  return html`<${Field} label=${label}>
    <select value=${value} onChange=${(/** @type {any} */ event) => onChange(event.target.value)}>
      ${options.map(([key, text]) => html`<option value=${key} selected=${key === value}>${text}</option>`)}
    </select>
  </${Field}>`;
}

/** Buttons of which each is on or off. @param {{label: string, options: [string, string][], on: string[], onToggle: (key: string) => void, children?: Children}} props */
export function Chips({ label, options, on, onToggle, children }) {
  return html`<div class="chips" role="group" aria-label=${label}>
    ${options.map(
      ([key, text]) =>
        html`<button type="button" class="chip" aria-pressed=${on.includes(key)} onClick=${() => onToggle(key)}>${text}</button>`,
    )}
    ${children}
  </div>`;
}

/** An error in place of what could not be shown. @param {{error: unknown, again?: () => void}} props */
export function Trouble({ error, again }) {
  return html`<div class="empty" role="alert">
    <p class="bad" lang="en">${error instanceof Error ? error.message : String(error)}</p>
    ${language.value !== "en" && html`<p class="muted small">${t("error.english")}</p>`}
    ${again && html`<button type="button" onClick=${again}>${t("again")}</button>`}
  </div>`;
}
