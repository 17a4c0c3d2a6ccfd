// The page: bar, view of the place, messages.
import { effect, html, render, useEffect, useLayoutEffect, useRef, useState } from "./ui.js";
import { connection, keepToken, language, notice, refused, route, said, theme, token } from "./state.js";
import { follow } from "./api.js";
import { Command, Empty } from "./parts/small.js";
import { t } from "./words.js";
import { Runs } from "./views/runs.js";

/** @typedef {(props: {name: string, query: URLSearchParams}) => any} View */

/** Views by the first word of the place; all but the first are fetched when they are asked for. @type {Record<string, () => Promise<View>>} */
const VIEWS = {
  run: () => import("./views/run.js").then((found) => found.Run),
  train: () => import("./views/train.js").then((found) => found.Train),
  sample: () => import("./views/sample.js").then((found) => found.Sample),
  judge: () => import("./views/judge.js").then((found) => found.Judge),
  compare: () => import("./views/compare.js").then((found) => found.Compare),
};
const TABS = /** @type {const} */ (["runs", "train", "sample", "judge"]);
const THEMES = /** @type {const} */ (["auto", "light", "dark"]);

function Bar() {
  const here = route.value.view;
  const next = THEMES[(THEMES.indexOf(theme.value) + 1) % THEMES.length];
  return html`<header class="bar">
    <div class="bar-in">
      <a class="brand" href="#/runs">condgan</a>
      <nav aria-label=${t("nav")}>
        ${TABS.map(
          (tab) => html`<a href=${`#/${tab}`} aria-current=${here === tab ? "page" : undefined}>${t(`nav.${tab}`)}</a>`,
        )}
      </nav>
      <span class=${`live live-${connection.value}`} role="img" aria-label=${t(`connection.${connection.value}`)} title=${t(`connection.${connection.value}`)}></span>
      <button type="button" class="icon" lang=${language.value === "en" ? "zh-CN" : "en"} onClick=${() => (language.value = language.value === "en" ? "zh" : "en")}>
        ${language.value === "en" ? "中文" : "English"}
      </button>
      <button type="button" class="icon glyph" aria-label=${`${t("theme")}: ${t(`theme.${theme.value}`)}`} title=${`${t("theme")}: ${t(`theme.${theme.value}`)}`} onClick=${() => (theme.value = next)}>
        <${Glyph} theme=${theme.value} />
      </button>
    </div>
  </header>`;
}

/** A sun, a moon, or half of each. @param {{theme: string}} props */
function Glyph({ theme: kind }) {
  const rays = [0, 45, 90, 135, 180, 225, 270, 315];
  return html`<svg viewBox="0 0 20 20" width="18" height="18" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.5" stroke-linecap="round">
    ${kind === "dark" && html`<path d="M16 11.8A6.5 6.5 0 0 1 8.2 4 6.5 6.5 0 1 0 16 11.8Z" />`}
    ${kind === "light" && html`<circle cx="10" cy="10" r="3.4" />${rays.map((turn) => html`<path d="M10 2.2v1.6" transform=${`rotate(${turn} 10 10)`} />`)}`}
    ${kind === "auto" && html`<circle cx="10" cy="10" r="6.8" /><path d="M10 3.2a6.8 6.8 0 0 1 0 13.6Z" fill="currentColor" />`}
  </svg>`;
}

function TokenForm() {
  const [typed, setTyped] = useState("");
  const send = (/** @type {Event} */ event) => {
    event.preventDefault();
    if (typed.trim()) keepToken(typed.trim());
  };
  return html`<main id="content" class="page narrow" tabindex="-1">
    <h1>${t("token.title")}</h1>
    <p>${t("token.text")}</p>
    <form class="token" onSubmit=${send}>
      <label class="field"><span>${t("token.label")}</span>
        <input type="password" autocomplete="off" spellcheck=${false} value=${typed} aria-invalid=${Boolean(refused.value)} aria-describedby="refused" onInput=${(/** @type {any} */ event) => setTyped(event.target.value)} />
      </label>
      <button type="submit" class="main">${t("token.open")}</button>
    </form>
    <p id="refused" class="bad" role="alert">${refused.value}</p>
    <p class="muted">${t("token.command")}</p>
    <${Command} text="condgan studio" />
  </main>`;
}

/** The view of the place. */
function Content() {
  const { view, name, query } = route.value;
  const key = view === "runs" ? (name ? "run" : "") : view;
  const [loaded, setLoaded] = useState(/** @type {Record<string, View>} */ ({}));
  useEffect(() => {
    if (key && VIEWS[key] && !loaded[key]) VIEWS[key]().then((found) => setLoaded((before) => ({ ...before, [key]: found })), whenBack);
  }, [key]);
  useEffect(() => {
    const known = !key || key in VIEWS;
    document.title = known ? `${name || t(/** @type {any} */ (`nav.${key || "runs"}`))} · condgan` : "condgan";
  }, [key, name, language.value]);
  usePlace(`${key}/${name}`, Boolean(!key || loaded[key]));
  if (key && !VIEWS[key]) return html`<${Empty} title=${t("missing.view")}><a class="button" href="#/runs">${t("to.runs")}</a></${Empty}>`;
  const View = key ? loaded[key] : Runs;
  return View ? html`<${View} key=${`${key}/${name}`} name=${name} query=${query} />` : html`<div class="page-skeleton" aria-busy="true"></div>`;
}

/** Load the page again as soon as the studio answers: a view could not be fetched, and a browser does not try twice. */
async function whenBack() {
  const there = await fetch("/api/v1/health").then((answer) => answer.ok, () => false);
  if (there) location.reload();
  else setTimeout(whenBack, 2000);
}

/** Where each place was scrolled to, and the focus at the beginning of the next one. @param {string} place @param {boolean} ready */
function usePlace(place, ready) {
  const here = useRef("");
  const arrived = useRef("");
  const scrolled = useRef(/** @type {Record<string, number>} */ ({}));
  useEffect(() => {
    const keep = () => (scrolled.current[here.current] = scrollY);
    history.scrollRestoration = "manual";
    window.addEventListener("scroll", keep, { passive: true });
    return () => window.removeEventListener("scroll", keep);
  }, []);
  useLayoutEffect(() => {
    const first = here.current === "";
    const to = place === "/" ? (scrolled.current[place] ?? 0) : 0; // the list of runs is found where it was left
    here.current = place;
    if (!ready || arrived.current === place) return;
    arrived.current = place;
    if (first) return;
    requestAnimationFrame(() => window.scrollTo(0, to));
    document.getElementById("content")?.focus({ preventScroll: true });
  }, [place, ready]);
}

/** Goes to the content without a change of the address, which names the view. @param {Event} event */
function skip(event) {
  event.preventDefault();
  document.getElementById("content")?.focus();
}

function App() {
  return html`
    <a class="skip" href="#content" onClick=${skip}>${t("skip")}</a>
    <${Bar} />
    ${connection.value === "lost" && html`<p class="lost" role="alert">${t("connection.lost")}</p>`}
    ${token.value ? html`<main id="content" class="page" tabindex="-1"><${Content} /></main>` : html`<${TokenForm} />`}
    <div class="sr" role="status" aria-live="polite">${said.value}</div>
    ${notice.value && html`<div class=${`notice ${notice.value.bad ? "notice-bad" : ""}`}>
      <span>${notice.value.text}${notice.value.bad && language.value !== "en" && html`<small class="english">${t("error.english")}</small>`}</span>
      <button type="button" class="icon" aria-label=${t("close")} onClick=${() => (notice.value = null)}>×</button>
    </div>`}`;
}

const place = /** @type {HTMLElement} */ (document.getElementById("app"));
place.textContent = "";
render(html`<${App} />`, place);
effect(() => {
  if (token.value) follow();
});
