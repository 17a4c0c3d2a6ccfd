// All runs and studies as cards; only what is near the window is asked for.
import { classes, debounced, html, useEffect, useLayoutEffect, useMemo, useRef, useState } from "../ui.js";
import { ask, changes, fileOf } from "../api.js";
import { runAddress, said, tell, trying } from "../state.js";
import { Empty, Progress, Select, State, Trouble } from "../parts/small.js";
import { Picture } from "../parts/picture.js";
import { ago, alarmName, count, figure, maybe, reasonOf, short, stateName, t } from "../words.js";

/**
 * @typedef {{name: string, kind: "run" | "study", state: string, recipe: string, epoch?: number, epochs?: number,
 *   reason?: string | null, figures: Record<string, number>, alarms: string[], grid?: string | null, grid_written?: number | null, changed: number,
 *   error?: string, begun?: number, ended?: number, ordered?: number | null, verdict?: string | null, outcomes?: Record<string, number>}} Card
 * @typedef {{id: string, run: string, command: string}} Waiting
 * @typedef {{id: string, run: string, words: string[] | string, said: string}} Failed
 * @typedef {{total: number, runs: Card[], waiting: Waiting[], failed: Failed[]}} Page
 * @typedef {{search: string, state: string, sort: string}} Filter
 */

const STATES = ["running", "stopped", "finished", "diverged", "killed", "open", "damaged"];
const SORTS = ["newest", "name", "label_accuracy", "fid", "recall", "coverage"];
const HEADLINES = ["label_accuracy", "fid", "recall", "coverage"];
const ROWS = 6; // of cards, which are fetched together
const FIRST = 30; // cards that come with the count of all
/** @type {Filter} */
const ALL = { search: "", state: "", sort: "newest" };

/** What was shown last, so that whoever comes back finds the list where it was. @type {{filter: Filter, first: Page | null}} */
const shown = { filter: ALL, first: null };

export function Runs() {
  const [filter, setFilter] = useState(shown.filter);
  const [first, setFirst] = useState(shown.first);
  Object.assign(shown, { filter, first });
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const [version, setVersion] = useState(0);
  const search = useMemo(() => debounced((/** @type {string} */ text) => setFilter((now) => ({ ...now, search: text })), 200), []);
  useEffect(() => {
    const late = debounced(() => setVersion((now) => now + 1), 150);
    return changes(late);
  }, []);
  useEffect(() => {
    let wanted = true;
    page(filter, 0, FIRST).then(
      (found) => wanted && (setFirst(found), setError(null)),
      (why) => wanted && setError(why),
    );
    return () => void (wanted = false);
  }, [filter, version]);
  useEffect(() => {
    if (first) said.value = total(first.total);
  }, [first?.total]);
  const choose = (/** @type {Partial<Filter>} */ part) => setFilter((now) => ({ ...now, ...part }));
  const filtered = Boolean(filter.search || filter.state);
  return html`
    <div class="head">
      <h1>${t("runs.title")} <small class="muted">${first && first.total > 0 && total(first.total)}</small></h1>
      <a class="button main" href="#/train">${t("runs.train")}</a>
    </div>
    <form class="filters" role="search" onSubmit=${(/** @type {Event} */ event) => event.preventDefault()}>
      <label class="field grow"><span>${t("runs.search")}</span>
        <input type="search" placeholder=${t("runs.search.hint")} defaultValue=${filter.search} onInput=${(/** @type {any} */ event) => search(event.target.value)} />
      </label>
      <${Select} label=${t("runs.state")} value=${filter.state} options=${[["", t("runs.state.any")], ...STATES.map((one) => [one, maybe(`state.${one}`, one)])]} onChange=${(/** @type {string} */ state) => choose({ state })} />
      <${Select} label=${t("runs.sort")} value=${filter.sort} options=${SORTS.map((one) => [one, maybe(`runs.sort.${one}`, one)])} onChange=${(/** @type {string} */ sort) => choose({ sort })} />
    </form>
    <${Queue} waiting=${first?.waiting ?? []} failed=${first?.failed ?? []} onChange=${() => setVersion((now) => now + 1)} />
    ${error && html`<${Trouble} error=${error} again=${() => setVersion((now) => now + 1)} />`}
    ${first?.total === 0 && !filtered && html`<${Empty} title=${t("runs.none")} text=${t("runs.none.text")} command="condgan train mnist-fast"><a class="button main" href="#/train?recipe=mnist-fast">${t("runs.train")}</a></${Empty}>`}
    ${first?.total === 0 && filtered && html`<${Empty} title=${t("runs.none.found")} text=${t("runs.none.found.text")}><button type="button" onClick=${() => setFilter(ALL)}>${t("runs.clear")}</button></${Empty}>`}
    <${Cards} filter=${filter} total=${first?.total ?? null} version=${version} first=${first?.runs ?? null} />`;
}

/** @param {Filter} filter @param {number} offset @param {number} limit @returns {Promise<Page>} */
function page(filter, offset, limit) {
  return ask(`runs?${new URLSearchParams({ ...filter, offset: String(offset), limit: String(limit) })}`);
}

/** @param {number} n */
function total(n) {
  return n === 1 ? t("runs.total.one") : t("runs.total", { n: count(n) });
}

/** What waits, and what did not start. @param {{waiting: Waiting[], failed: Failed[], onChange: () => void}} props */
function Queue({ waiting, failed, onChange }) {
  if (!waiting.length && !failed.length) return null;
  const remove = (/** @type {Waiting} */ job) =>
    trying(async () => {
      await ask(`jobs/${job.id}`, { method: "DELETE" });
      tell(t("runs.removed", { run: job.run }));
      onChange();
    });
  return html`<section class="queue">
    ${waiting.length > 0 && html`<h2>${t("runs.waiting")}</h2>
      <ol class="jobs">${waiting.map((job) => html`<li key=${job.id}>
        <strong>${job.run}</strong> <code>${job.command}</code>
        <button type="button" class="quiet" aria-label=${`${t("runs.remove")}: ${job.run}`} onClick=${() => remove(job)}>${t("runs.remove")}</button>
      </li>`)}</ol>`}
    ${failed.length > 0 && html`<h2>${t("runs.failed")}</h2>
      <ul class="jobs">${failed.map((job) => html`<li key=${job.id}>
        <strong>${job.run}</strong> <code>${["condgan", job.words].flat().join(" ")}</code> <span class="bad" lang="en">${job.said}</span>
        <button type="button" class="quiet" aria-label=${`${t("runs.forget")}: ${job.run}`} onClick=${() => trying(() => ask(`jobs/${job.id}`, { method: "DELETE" }).then(onChange))}>${t("runs.forget")}</button>
      </li>`)}</ul>`}
  </section>`;
}

/** The grid of cards in parts, each a multiple of the columns. @param {{filter: Filter, total: number | null, version: number, first: Card[] | null}} props */
function Cards({ filter, total: all, version, first }) {
  const list = useRef(/** @type {HTMLUListElement | null} */ (null));
  const [columns, setColumns] = useState(0);
  useLayoutEffect(() => {
    const element = /** @type {HTMLUListElement} */ (list.current);
    const measured = () => setColumns(getComputedStyle(element).gridTemplateColumns.split(" ").length);
    const watch = new ResizeObserver(measured);
    watch.observe(element);
    measured();
    return () => watch.disconnect();
  }, []);
  const size = Math.min(200, Math.max(1, columns) * ROWS);
  const shown = all ?? (columns || 1) * 2;
  const parts = Array.from({ length: Math.ceil(shown / size) }, (_, part) => part);
  return html`<ul class="cards" ref=${list} aria-busy=${all === null}>
    ${columns > 0 && parts.map((part) => html`<${Part} key=${`${JSON.stringify(filter)} ${size} ${part}`} filter=${filter} offset=${part * size}
      limit=${Math.min(size, shown - part * size)} columns=${columns} all=${shown} version=${version} known=${all !== null}
      given=${first && (part + 1) * size <= FIRST ? first.slice(part * size, (part + 1) * size) : null} />`)}
  </ul>`;
}

/**
 * Some cards; far from the window they are a gap of the same height.
 * @param {{filter: Filter, offset: number, limit: number, columns: number, all: number, version: number, known: boolean, given: Card[] | null}} props
 */
function Part({ filter, offset, limit, columns, all, version, known, given }) {
  const place = useRef(/** @type {HTMLLIElement | null} */ (null));
  const [near, setNear] = useState(offset === 0);
  const [fetched, setFetched] = useState(/** @type {Card[]} */ ([]));
  const cards = given ?? fetched;
  useEffect(() => {
    const watch = new IntersectionObserver(([entry]) => setNear(entry.isIntersecting), { rootMargin: "900px" });
    if (place.current) watch.observe(place.current);
    return () => watch.disconnect();
  }, []);
  useEffect(() => {
    if (!near || !known || given) return undefined;
    let wanted = true;
    page(filter, offset, limit).then(
      (found) => wanted && setFetched(found.runs),
      () => undefined, // the list itself tells what is wrong
    );
    return () => void (wanted = false);
  }, [near, known, version, limit, !given]);
  const rows = Math.ceil(limit / columns);
  return html`
    <li class="mark" aria-hidden="true" ref=${(/** @type {HTMLElement | null} */ mark) => mark?.style.setProperty("--rows", String(rows))}><i ref=${place}></i></li>
    ${near
      ? Array.from({ length: limit }, (_, at) => html`<${RunCard} key=${cards[at]?.name ?? at} card=${cards[at]} at=${offset + at + 1} all=${all} />`)
      : html`<li class="gap" aria-hidden="true" ref=${(/** @type {HTMLElement | null} */ gap) => gap?.style.setProperty("--rows", String(rows))}></li>`}`;
}

/** @param {{card?: Card, at: number, all: number}} props */
function RunCard({ card, at, all }) {
  if (!card) return html`<li class="card" aria-hidden="true"><div class="picture skeleton"></div><div class="card-text"><span class="line skeleton"></span><span class="line short skeleton"></span></div></li>`;
  const study = card.kind === "study";
  const trials = card.ordered ?? card.begun ?? 0;
  const part = study ? (card.ended ?? 0) / (trials || 1) : (card.epoch ?? 0) / (card.epochs || 1);
  const how = study
    ? t(card.ordered ? "runs.card.trials" : "runs.card.begun", { ended: card.ended ?? 0, n: trials })
    : t("runs.card.epoch", { epoch: short(Math.floor(10 * (card.epoch ?? 0)) / 10), epochs: count(card.epochs ?? 0) });
  /** @type {[string, string][]} */
  const figures = study
    ? Object.entries(card.outcomes ?? {}).map(([state, n]) => [stateName(state), count(n)])
    : HEADLINES.map((name) => [maybe(`short.${name}`, name), figure(name, card.figures[name])]);
  return html`<li class=${classes("card", card.state === "running" && "card-running")} aria-setsize=${all} aria-posinset=${at}>
    <${Picture} path=${card.grid ? fileOf(card.name, card.grid) : null} version=${card.grid_written ?? 0} alt="" none=${t("runs.card.nogrid")} />
    <div class="card-text">
      <h2><a href=${runAddress(card.name)} title=${card.name}>${card.name}</a></h2>
      <p class="muted one-line">${study ? maybe(`kind.${card.recipe}`, card.recipe) : card.recipe || "–"} · ${ago(card.changed)}</p>
      <p class="split"><${State} state=${card.state} /><span class="muted">${card.state === "damaged" ? "" : how}</span></p>
      <${Progress} part=${part} label=${how} />
      ${card.verdict && html`<p class="verdict-word one-line">${maybe(`verdict.${card.verdict}`, card.verdict)}</p>`}
      ${card.alarms.length > 0 && html`<p class="alarms one-line" title=${card.alarms.map(alarmName).join(", ")}>${card.alarms.map(alarmName).join(", ")}</p>`}
      ${card.error && html`<p class="bad one-line" lang="en" title=${card.error}>${card.error}</p>`}
      ${!card.error && card.alarms.length === 0 && card.reason && card.state !== "finished" && html`<p class="muted one-line" title=${card.reason}>${reasonOf(card.reason)}</p>`}
      <dl class="figures">${figures.map(([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>
    </div>
  </li>`;
}
