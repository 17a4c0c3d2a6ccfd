// A recipe as a form that is made from its JSON schema: the usual fields, and all others in their sections.
import { html, useEffect, useState } from "../ui.js";
import { valueAt } from "./schema.js";
import { maybe, t } from "../words.js";

/** @typedef {import("./schema.js").FieldInfo} FieldInfo */
/**
 * @typedef {{fields: FieldInfo[], recipe: any, changed: Map<string, string>, problems: Map<string, string>,
 *   onChange: (path: string, value: string | null) => void}} Given
 */

const USUAL = [
  "train.epochs", "train.batch", "optim.g.lr", "optim.d.lr", "loss.name", "generator.network", "discriminator.network",
  "latent.dim", "data.size", "train.ema", "evaluation.every", "seed",
];

/** The usual fields first, all others folded away. @param {Given} props */
export function RecipeForm(props) {
  const [open, setOpen] = useState(false);
  const usual = USUAL.flatMap((path) => props.fields.find((one) => one.path === path) ?? []);
  const hidden = [...props.problems.keys()].some((path) => !USUAL.includes(path));
  useEffect(() => void (hidden && setOpen(true)), [hidden]); // what is wrong is never folded away
  const sections = [...new Set(props.fields.map((one) => one.section))];
  return html`
    <div class="fields">${usual.map((one) => html`<${Input} key=${one.path} one=${one} ...${props} />`)}</div>
    <details class="all-fields" open=${open} onToggle=${(/** @type {any} */ event) => setOpen(event.target.open)}>
      <summary>${t("train.fields.all")}</summary>
      ${open && sections.map((section) => html`<${Section} key=${section} section=${section} ...${props} />`)}
    </details>`;
}

/** @param {Given & {section: string}} props */
function Section({ section, ...given }) {
  const fields = given.fields.filter((one) => one.section === section && !USUAL.includes(one.path));
  const changed = fields.filter((one) => given.changed.has(one.path)).length;
  const wrong = fields.some((one) => given.problems.has(one.path));
  if (!fields.length) return null;
  return html`<details class="section" open=${changed > 0 || wrong}>
    <summary>${maybe(`section.${section}`, section)} ${changed > 0 && html`<small class="muted">${t("train.changed", { n: changed })}</small>`}</summary>
    <div class="fields described">${fields.map((one) => html`<${Input} key=${one.path} one=${one} text ...${given} />`)}</div>
  </details>`;
}

/** One field: a choice, a yes or no, or text; with what the command line says of it. @param {Given & {one: FieldInfo, text?: boolean}} props */
function Input({ one, text, recipe, changed, problems, onChange }) {
  const own = valueAt(recipe, one.path);
  const value = changed.get(one.path) ?? own;
  const problem = problems.get(one.path);
  const id = `field-${one.path.replaceAll(".", "-")}`;
  const label = maybe(`field.${one.path}`, text ? one.path : one.name);
  const shared = {
    id,
    value,
    "aria-invalid": problem ? "true" : undefined,
    "aria-describedby": `${id}-problem${text && one.text ? ` ${id}-text` : ""}`,
  };
  const change = (/** @type {any} */ event) => onChange(one.path, event.target.value);
  const options = one.flag ? [["true", t("train.on")], ["false", t("train.off")]] : one.choices?.map((choice) => [choice, choice]);
  return html`<div class=${`field ${changed.has(one.path) ? "field-changed" : ""}`}>
    <div class="field-head"><label for=${id}>${label}</label>
      ${changed.has(one.path) && html`<button type="button" class="reset" aria-label=${`${t("train.reset")}: ${label}`} title=${t("train.reset")} onClick=${() => onChange(one.path, null)}>↺</button>`}</div>
    ${options
      ? html`<select ...${shared} onChange=${change}>${options.map(([key, told]) => html`<option value=${key} selected=${key === value.toLowerCase()}>${told}</option>`)}</select>`
      : html`<input type="text" ...${shared} inputmode=${one.numeric ? "decimal" : "text"} spellcheck=${false} autocomplete="off" onInput=${change} />`}
    <p class="bad small" id=${`${id}-problem`} role=${problem ? "alert" : undefined}>${problem ?? ""}</p>
    ${text && one.text && html`<p class="muted small" id=${`${id}-text`} lang="en">${one.text}</p>`}
  </div>`;
}
