// Train: data, recipe, fields; checked as it changes, with the command that does the same.
import { html, useEffect, useMemo, useState } from "../ui.js";
import { ask, ofRun } from "../api.js";
import { language, said, tell } from "../state.js";
import { Command, Field, Fold, Trouble } from "../parts/small.js";
import { RecipeForm } from "../parts/form.js";
import { fieldsOf, problemsByField } from "../parts/schema.js";
import { RunChooser } from "./run-over.js";
import { parted } from "./run-recipe.js";
import { DataChoice } from "./train-data.js";
import { RecipeChoice } from "./train-recipe.js";
import { t } from "../words.js";

/** @typedef {import("./train-recipe.js").Built} Built */
/** @typedef {{command: string, recipe: any, changes: string[], reason: string}} Checked */

const LATER = 250; // milliseconds without a change before a check

/** @param {{query: URLSearchParams}} props */
export function Train({ query }) {
  const [all, setAll] = useState(/** @type {{recipes: Built[], default: string, schema: any} | null} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  useEffect(() => void ask("recipes").then(setAll, setError), []);
  if (error) return html`<h1>${t("train.title")}</h1><${Trouble} error=${error} />`;
  if (!all) return html`<div class="head"><h1>${t("train.title")}</h1></div><div class="sample-wait" aria-busy="true"><div class="panel skeleton"></div><div class="panel skeleton"></div></div>`;
  return html`<${Order} key=${query.toString()} query=${query} all=${all} />`;
}

/** @param {{query: URLSearchParams, all: {recipes: Built[], default: string, schema: any}}} props */
function Order({ query, all }) {
  const asked = query.get("recipe");
  const known = (/** @type {string | null} */ name) => all.recipes.some((one) => one.name === name);
  const [own, setOwn] = useState(/** @type {import("./train-recipe.js").OwnRun | null} */ (asked && !known(asked) ? { name: asked } : null));
  const [recipe, setRecipe] = useState(asked ?? all.default);
  const [data, setData] = useState(query.get("data") ?? "");
  const [changed, setChanged] = useState(() => new Map(query.getAll("set").map(parted)));
  const [start, setStart] = useState(query.get("start") ?? "");
  const [name, setName] = useState("");
  const [seeds, setSeeds] = useState("");
  const [base, setBase] = useState(/** @type {any} */ (all.recipes.find((one) => one.name === asked)?.recipe ?? all.recipes.find((one) => one.name === all.default)?.recipe));
  const [checked, setChecked] = useState(/** @type {Checked | null} */ (null));
  const [wrong, setProblem] = useState("");
  const [unread, setUnread] = useState(""); // why the data cannot be read, which the check does not look at
  const [busy, setBusy] = useState(false);
  const fields = useMemo(() => fieldsOf(all.schema), [all]);
  const order = {
    ...(recipe && { recipe }), ...(data && { data }), ...(start && { start }), ...(name.trim() && { run: name.trim() }),
    ...(Number(seeds) > 1 && { seeds: Number(seeds) }), overrides: [...changed].map(([path, value]) => `${path}=${value}`),
  };
  const key = JSON.stringify(order);
  const problem = unread || wrong;
  useEffect(() => setUnread(""), [data]);

  useEffect(() => {
    const found = all.recipes.find((one) => one.name === recipe)?.recipe;
    if (found) return setBase(found);
    if (!recipe) return;
    const told = (/** @type {any} */ run) => {
      setBase(run.recipe);
      setOwn({ name: recipe, recipe: run.recipe, grid: run.grids?.at(-1)?.file });
    };
    ask(ofRun(recipe)).then(told, () => undefined); // the check tells what is wrong
  }, [recipe]);
  useEffect(() => {
    const stop = new AbortController();
    setBusy(true);
    const timer = setTimeout(async () => {
      try {
        const told = await ask("check", { json: order, signal: stop.signal });
        if (!told.problem) setChecked(told);
        setProblem(told.problem ?? "");
      } catch (why) {
        if (stop.signal.aborted) return;
        setProblem(why instanceof Error ? why.message : String(why));
      }
      setBusy(false);
    }, LATER);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [key]);

  const change = (/** @type {string} */ path, /** @type {string | null} */ value) =>
    setChanged((now) => {
      const next = new Map(now);
      if (value === null) next.delete(path);
      else next.set(path, value);
      return next;
    });
  const go = async () => {
    setBusy(true);
    try {
      const found = await ask("runs", { json: order });
      tell(t("train.queued", { run: found.run }));
      location.hash = "#/runs";
    } catch (why) {
      setProblem(why instanceof Error ? why.message : String(why));
      said.value = t("train.bad");
    }
    setBusy(false);
  };
  const problems = problemsByField(problem, fields);
  const extra = [...changed.keys()].filter((path) => !fields.some((one) => one.path === path));
  return html`
    <div class="head"><h1>${t("train.title")}</h1></div>
    <div class="train">
      <${DataChoice} value=${data} onChange=${setData} onRefused=${setUnread} onUse=${(/** @type {string} */ suits, /** @type {string[]} */ overrides) => { setRecipe(suits); setChanged(new Map(overrides.map(parted))); }} />
      <${RecipeChoice} built=${all.recipes} value=${recipe} own=${own} onChange=${setRecipe} />
      <${Fold} title=${t("train.fields")} hint=${changed.size ? t("train.changed", { n: changed.size }) : ""} wrong=${problems.size > 0}>
        ${changed.size > 0 && html`<p class="reset-all"><button type="button" class="quiet" onClick=${() => setChanged(new Map())}>${t("train.changed", { n: changed.size })} · ${t("train.reset")}</button></p>`}
        ${extra.length > 0 && html`<p class="small muted">${t("train.extra")}</p><ul class="chips extra">${extra.map((path) => html`<li class="chip-text"><code>${path}=${changed.get(path)}</code><button type="button" class="icon tiny" aria-label=${`${t("train.reset")}: ${path}`} onClick=${() => change(path, null)}>×</button></li>`)}</ul>`}
        <${RecipeForm} fields=${fields} recipe=${(!recipe || extra.length) && checked ? checked.recipe : base} changed=${changed} problems=${problems} onChange=${change} />
      </${Fold}>
      <${Fold} title=${t("train.more")} hint=${start ? t("train.recipe.run", { run: start }) : name.trim()}>
        <div class="fields">
          <${Field} label=${t("train.name")}><input value=${name} placeholder=${t("train.name.hint")} spellcheck=${false} autocomplete="off" onInput=${(/** @type {any} */ event) => setName(event.target.value)} /></${Field}>
          <${Field} label=${t("train.seeds")}><input inputmode="numeric" value=${seeds} placeholder="1" aria-describedby="seeds-hint" onInput=${(/** @type {any} */ event) => setSeeds(event.target.value)} /><p id="seeds-hint" class="muted small">${t("train.seeds.hint")}</p></${Field}>
        </div>
        <h3 class="section-title">${t("train.start")}</h3>
        ${start
          ? html`<p class="chip-text"><code>${start}</code><button type="button" class="icon tiny" aria-label=${t("run.over.remove", { run: start })} onClick=${() => setStart("")}>×</button></p>`
          : html`<p>${t("train.start.none")}</p><${RunChooser} label=${t("run.over.hint")} button=${t("train.data.use")} id="start-runs" except="" onChoose=${setStart} />`}
      </${Fold}>
    </div>
    <section class="go" aria-label=${t("train.go")}>
      <div class="go-in">
        <${Command} text=${problem ? spelled(order) : (checked?.command ?? spelled(order))} />
        <p class=${problem ? "bad" : "muted"} role="status" lang=${problem || checked?.reason ? "en" : undefined}>${problem || (busy ? t("train.checking") : checked?.reason || t("train.ok"))}${problem && language.value !== "en" && html` <small class="english" lang=${language.value}>${t("error.english")}</small>`}</p>
        <button type="button" class="main" disabled=${busy || Boolean(problem)} onClick=${go}>${t("train.go")}</button>
      </div>
    </section>`;
}

/** The command while it is not checked yet, or wrong. @param {{recipe?: string, overrides: string[], data?: string, start?: string, seeds?: number, run?: string}} order */
function spelled({ recipe, overrides, data, start, seeds, run }) {
  const words = ["condgan", "train", recipe, ...overrides, data && `--data ${data}`, start && `--from ${start}`, seeds && `--seeds ${seeds}`, run && `--run ${run}`];
  return words.filter(Boolean).join(" ");
}
