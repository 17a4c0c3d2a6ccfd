// Which recipe a training follows: cards with the newest picture that it has made here, or else its facts.
import { html, useEffect, useState } from "../ui.js";
import { ask, fileOf } from "../api.js";
import { Picture } from "../parts/picture.js";
import { narrow } from "../parts/small.js";
import { count, t } from "../words.js";

const FEW = 3; // recipes that a phone shows at first

/** @typedef {{name: string, source: string, recipe: any}} Built */
/** @typedef {{name: string, recipe?: any, grid?: string}} OwnRun */

/** The newest grids by recipe. @returns {Promise<Record<string, {path: string, version: string | number}>>} */
async function picturesOf() {
  const { runs } = await ask("runs?limit=200");
  /** @type {Record<string, {path: string, version: string | number}>} */
  const found = {};
  for (const one of runs) if (one.kind === "run" && one.grid && one.state === "finished") found[one.recipe] ??= { path: fileOf(one.name, one.grid), version: one.grid_written };
  return found;
}

/** @param {{built: Built[], value: string, own: OwnRun | null, onChange: (name: string) => void}} props */
export function RecipeChoice({ built, value, own, onChange }) {
  const [pictures, setPictures] = useState(/** @type {Record<string, {path: string, version: string | number}>} */ ({}));
  const [all, setAll] = useState(!narrow());
  const shown = built.filter(({ name }, at) => all || at < FEW || name === value);
  useEffect(() => void picturesOf().then(setPictures, () => undefined), []);
  return html`<section class="panel">
    <h2 id="recipe-title">${t("train.recipe")}</h2>
    <div class="recipes" role="radiogroup" aria-labelledby="recipe-title">
      ${own && html`<${Card} checked=${value === own.name} onChoose=${() => onChange(own.name)} title=${t("train.recipe.run", { run: own.name })} text=${own.recipe ? facts(own.recipe) : ""} hint=${own.recipe?.name}
        mark=${own.recipe?.generator.network ?? ""} picture=${own.grid ? { path: fileOf(own.name, own.grid), version: own.grid } : undefined} />`}
      <${Card} checked=${value === ""} onChoose=${() => onChange("")} title=${t("train.recipe.auto")} text=${t("train.recipe.auto.text")} mark="?" />
      ${shown.map(({ name, source, recipe }) => html`<${Card} key=${name} checked=${value === name} onChoose=${() => onChange(name)} title=${name} text=${facts(recipe)} hint=${source}
        mark=${recipe.generator.network} picture=${pictures[name]} />`)}
    </div>
    ${shown.length < built.length && html`<p class="foot"><button type="button" onClick=${() => setAll(true)}>${t("train.recipe.others", { n: built.length - shown.length })}</button></p>`}
  </section>`;
}

/** What a recipe is, in a line. @param {any} recipe */
function facts(recipe) {
  const labels = recipe.generator.condition === "none" ? t("train.fact.unconditional") : recipe.generator.condition;
  return `${recipe.generator.network} · ${recipe.loss.name} · ${labels} · ${t("train.fact.epochs", { n: count(recipe.train.epochs) })}`;
}

/** @param {{checked: boolean, onChoose: () => void, title: string, text: string, hint?: string, mark: string, picture?: {path: string, version: string | number}}} props */
function Card({ checked, onChoose, title, text, hint, mark, picture }) {
  return html`<label class="recipe">
    <input type="radio" name="recipe" class="sr" checked=${checked} onChange=${onChoose} />
    ${picture ? html`<${Picture} path=${picture.path} version=${picture.version} alt="" />` : html`<span class="recipe-mark" aria-hidden="true">${mark}</span>`}
    <span class="recipe-text"><b>${title}</b><small>${text}</small>${hint && html`<small class="muted clamp" title=${hint}>${hint}</small>`}</span>
  </label>`;
}
