import { html } from "../ui.js";
/** @param {{name: string, query: URLSearchParams}} props */
export function Train({ name }) {
  return html`<h1>${name}</h1>`;
}
