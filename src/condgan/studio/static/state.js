// What the whole page knows: token, language, theme, place, connection.
import { effect, signal } from "./ui.js";

/** @typedef {"en" | "zh"} Language */
/** @typedef {"light" | "dark" | "auto"} Theme */
/** @typedef {{view: string, name: string, query: URLSearchParams}} Route */

const TOKEN = "condgan-token";

/** The token out of the address, which then no longer shows it, or the one that was kept. */
function taken() {
  const given = /^#token=(.+)$/.exec(location.hash);
  if (given) {
    sessionStorage.setItem(TOKEN, decodeURIComponent(given[1]));
    history.replaceState(null, "", `${location.pathname}#/runs`);
  }
  return sessionStorage.getItem(TOKEN) ?? "";
}

export const token = signal(taken());
/** Why the token was refused, if it was. */
export const refused = signal("");
/** @type {import("./vendor/signals.js").Signal<Language>} */
export const language = signal(document.documentElement.lang.startsWith("zh") ? "zh" : "en");
/** @type {import("./vendor/signals.js").Signal<Theme>} */
export const theme = signal(/** @type {Theme} */ (document.documentElement.dataset.theme ?? "auto"));
/** @type {import("./vendor/signals.js").Signal<"waiting" | "live" | "lost">} */
export const connection = signal("waiting");
/** @type {import("./vendor/signals.js").Signal<Route>} */
export const route = signal(routed());
/** What a screen reader is told. */
export const said = signal("");
/** Short messages on the page: the last action's answer or error. @type {import("./vendor/signals.js").Signal<{text: string, bad: boolean} | null>} */
export const notice = signal(null);

effect(() => {
  document.documentElement.lang = language.value === "zh" ? "zh-CN" : "en";
  localStorage.setItem("language", language.value);
});
effect(() => {
  if (theme.value === "auto") delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme.value;
  localStorage.setItem("theme", theme.value);
});
window.addEventListener("hashchange", () => {
  token.value = taken();
  route.value = routed();
});

/** The place that the address names: #/view/name?query. */
export function routed() {
  const [path, query] = location.hash.replace(/^#\/?/, "").split("?", 2);
  const [view, ...rest] = path.split("/");
  return { view: view || "runs", name: rest.map(decodeURIComponent).join("/"), query: new URLSearchParams(query) };
}

/** Keep a token that was typed in. @param {string} given */
export function keepToken(given) {
  sessionStorage.setItem(TOKEN, given);
  refused.value = "";
  token.value = given;
}

/** Forget a token that was refused. @param {string} why */
export function dropToken(why) {
  sessionStorage.removeItem(TOKEN);
  refused.value = why;
  token.value = "";
}

/** A name in an address, its slashes kept. @param {string} name */
export function encoded(name) {
  return name.split("/").map(encodeURIComponent).join("/");
}

/** An address of figures that are told in words, in the language of the page. @param {string} path */
export function inLanguage(path) {
  return `${path}${path.includes("?") ? "&" : "?"}lang=${language.value}`;
}

/** The address of a run's page. @param {string} name */
export function runAddress(name) {
  return `#/runs/${encoded(name)}`;
}

/** @type {number | undefined} */
let timer;

/** Show a short message, and say it. @param {string} text @param {boolean} [bad] */
export function tell(text, bad = false) {
  clearTimeout(timer);
  notice.value = { text, bad };
  said.value = text;
  timer = window.setTimeout(() => (notice.value = null), bad ? 12000 : 5000);
}

/** Do something, and show its error if it has one. @param {() => Promise<unknown>} work */
export async function trying(work) {
  try {
    await work();
  } catch (error) {
    tell(error instanceof Error ? error.message : String(error), true);
  }
}
