import { html } from "../ui.js";
/** @param {{name: string, query: URLSearchParams}} props */
export function Sample({ name }) {
  return html`<h1>${name}</h1>`;
}
