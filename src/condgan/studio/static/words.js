// Texts of the page in the language that is chosen, and numbers and times as people write them.
import en from "./words/en.js";
import zh from "./words/zh.js";
import { language } from "./state.js";

/** @typedef {keyof typeof en} Word */

const WORDS = { en, zh };

/**
 * A text, its `{name}` parts filled in.
 * @param {Word} key @param {Record<string, string | number>} [values]
 */
export function t(key, values = {}) {
  return WORDS[language.value][key].replace(/\{(\w+)\}/g, (_, name) => String(values[name] ?? ""));
}

/** A text that may not exist: that of another key, or what was given. @param {string} key @param {string} otherwise */
export function maybe(key, otherwise) {
  return /** @type {Record<string, string>} */ (WORDS[language.value])[key] ?? otherwise;
}

const locale = () => (language.value === "zh" ? "zh-CN" : "en-GB");

/** A count with its thousands apart. @param {number} value */
export function count(value) {
  return value.toLocaleString(locale());
}

/** A number to three or so digits. @param {number | null | undefined} value */
export function short(value) {
  if (value === null || value === undefined) return "–";
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e6)) return value.toExponential(1).replace("e+", "e");
  return value.toLocaleString(locale(), { maximumFractionDigits: size >= 100 ? 0 : size >= 10 ? 1 : size >= 1 ? 2 : 3 });
}

const PARTS = new Set(["label_accuracy", "balanced_accuracy", "recall", "precision", "coverage", "d_accuracy"]);

/** The value of a figure as it is read: parts as per cent. @param {string} name @param {number | null | undefined} value */
export function figure(name, value) {
  if (value === null || value === undefined) return "–";
  return PARTS.has(name) ? `${(100 * value).toFixed(1)}%` : short(value);
}

const SPACE = /_(stacked_mnist|mnist|features|imagenet)(?=_|$)/; // which network the features are of

/** The name of a figure. @param {string} name */
export function figureName(name) {
  const plain = name.replace(SPACE, "");
  return maybe(`figure.${plain}`, plain.replaceAll("_", " "));
}

/**
 * The names of figures that are shown together: those that would be the same say whose features they are of.
 * @param {string[]} names @returns {(name: string) => string}
 */
export function figureNames(names) {
  const told = names.map(figureName);
  return (name) => {
    const plain = figureName(name);
    if (told.filter((one) => one === plain).length < 2) return plain;
    return `${plain} (${maybe(`space.${SPACE.exec(name)?.[1] ?? ""}`, "Inception")})`;
  };
}

/** The name of a state. @param {string} state */
export function stateName(state) {
  return maybe(`state.${state}`, state);
}

/** Why a training stopped, as its status says; the usual reason in the language of the page. @param {string} reason */
export function reasonOf(reason) {
  return reason === "on request" ? t("run.on-request") : reason;
}

/** The name of an alarm or finding. @param {string} kind */
export function alarmName(kind) {
  return maybe(`alarm.${kind}`, kind.replaceAll("-", " "));
}

/** How long ago. @param {number} seconds since 1970 */
export function ago(seconds) {
  const past = Math.max(0, Date.now() / 1000 - seconds);
  const form = new Intl.RelativeTimeFormat(locale(), { numeric: "auto", style: "short" });
  if (past < 60) return t("time.now");
  if (past < 3600) return form.format(-Math.round(past / 60), "minute");
  if (past < 86400) return form.format(-Math.round(past / 3600), "hour");
  if (past < 30 * 86400) return form.format(-Math.round(past / 86400), "day");
  return new Date(1000 * seconds).toLocaleDateString(locale());
}

/** How long. @param {number} seconds */
export function span(seconds) {
  if (seconds < 90) return t("time.seconds", { n: Math.round(seconds) });
  if (seconds < 5400) return t("time.minutes", { n: Math.round(seconds / 60) });
  return t("time.hours", { n: (seconds / 3600).toFixed(1) });
}

/** How many bytes. @param {number} bytes */
export function size(bytes) {
  if (bytes < 1e3) return `${bytes} B`;
  if (bytes < 1e6) return `${short(bytes / 1e3)} kB`;
  return bytes < 1e9 ? `${short(bytes / 1e6)} MB` : `${short(bytes / 1e9)} GB`;
}
