// Sample: a sequence of labels at once, a wall of one class, and a walk between classes or seeds.
import { html, useEffect, useState } from "../ui.js";
import { ask, changes } from "../api.js";
import { encoded } from "../state.js";
import { Command, Empty, Select, Trouble } from "../parts/small.js";
import { Row } from "./sample-row.js";
import { Wall } from "./sample-wall.js";
import { Walk } from "./sample-walk.js";
import { t } from "../words.js";

/**
 * @typedef {{name: string, recipe: string, conditional: boolean, classes: string[], shape: number[], images_seen: number}} Model
 * @typedef {{model: Model, seed: number, onSeed: (seed: number) => void, bound: string, onBound: (bound: string) => void}} Given
 */

export const MOST_BOUND = 8;

const GOOD = 18; // a seed under which the model that comes with condgan draws each digit well, of 48 that were looked at

/** How the command line names a model. @param {string} name */
export function pathOf(name) {
  return name === "mnist" ? name : /[^\w@./-]/.test(name) ? `'runs/${name}'` : `runs/${name}`;
}

/** The truncation of a request: none where the field is empty, or no number yet. @param {string} bound @returns {{truncation?: number}} */
export function truncated(bound) {
  const value = Number(bound.replace(",", "."));
  return bound.trim() && value > 0 && value <= MOST_BOUND ? { truncation: value } : {};
}

/** The same as an option of the command. @param {string} bound */
export function truncation(bound) {
  const { truncation: value } = truncated(bound);
  return value === undefined ? "" : ` --truncation ${value}`;
}

/** @param {{query: URLSearchParams}} props */
export function Sample({ query }) {
  const [models, setModels] = useState(/** @type {{name: string, kind: string}[] | null} */ (null));
  const [name, setName] = useState(query.get("model") ?? "mnist");
  const [model, setModel] = useState(/** @type {Model | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [seed, setSeed] = useState(name === "mnist" ? GOOD : 0);
  const [bound, setBound] = useState("");
  const list = () => ask("models").then((found) => setModels(found.models), setError);
  useEffect(() => {
    list();
    return changes(({ changed, gone }) => (changed.length || gone.length) && list());
  }, []);
  useEffect(() => {
    let wanted = true;
    setError(null);
    ask(`models/${encoded(name)}`).then(
      (found) => wanted && setModel(found),
      (why) => wanted && (setModel(null), setError(why)),
    );
    return () => void (wanted = false);
  }, [name]);
  /** @type {[string, string][]} */
  const options = (models ?? []).map((one) => [one.name, one.name]);
  if (!options.some(([one]) => one === name)) options.unshift([name, name]);
  const given = { model, seed, onSeed: setSeed, bound, onBound: setBound };
  return html`
    <div class="head">
      <h1>${t("sample.title")}</h1>
      <div class="model"><${Select} label=${t("sample.model")} value=${name} options=${options} onChange=${setName} /></div>
    </div>
    ${models?.length === 0 && html`<${Empty} title=${t("sample.none")}><${Command} text="condgan train mnist-fast" /></${Empty}>`}
    ${error && html`<${Trouble} error=${error} again=${() => setName((now) => now)} />`}
    ${!error && !model && html`<div class="sample-wait" aria-busy="true" aria-label=${t("loading")}><div class="panel skeleton"></div><div class="panel skeleton"></div><div class="panel skeleton"></div></div>`}
    ${model && html`<div class="sample" key=${model.name}><${Row} ...${given} /><${Wall} ...${given} /><${Walk} ...${given} /></div>`}`;
}
