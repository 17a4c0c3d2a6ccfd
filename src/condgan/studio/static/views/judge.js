// Real or fake? People judge pictures one by one, with one key each; what was what is told at the end.
import { html, useEffect, useState } from "../ui.js";
import { ask } from "../api.js";
import { encoded, trying } from "../state.js";
import { Empty, Field, Select } from "../parts/small.js";
import { Judging } from "./judge-session.js";
import { Outcome } from "./judge-outcome.js";
import { t } from "../words.js";

/** @typedef {{base: string, kind: "infinity" | "time" | "preference", session: string, count: number, milliseconds: number | null, run: string, other: string}} Session */

const KEPT = "condgan-judging"; // a session that was begun goes on after a reload

/** @returns {Session | null} */
function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
  } catch {
    return null;
  }
}

/** @param {{query: URLSearchParams}} props */
export function Judge({ query }) {
  const [session, setSession] = useState(remembered());
  const [over, setOver] = useState(false);
  const keep = (/** @type {Session | null} */ next) => {
    setSession(next);
    setOver(false);
    if (next) sessionStorage.setItem(KEPT, JSON.stringify(next));
    else sessionStorage.removeItem(KEPT);
  };
  return html`<div class="head"><h1>${t("judge.title")}</h1>
      ${session && html`<button type="button" onClick=${() => keep(null)}>${t("judge.leave")}</button>`}</div>
    ${!session ? html`<${Setup} run=${query.get("run") ?? ""} onBegin=${keep} />`
      : over ? html`<${Outcome} session=${session} onAgain=${() => keep(null)} />`
      : html`<${Judging} key=${session.session} session=${session} onEnd=${() => setOver(true)} onLost=${() => keep(null)} />`}`;
}

/** @param {{run: string, onBegin: (session: Session) => void}} props */
function Setup({ run: given, onBegin }) {
  const [models, setModels] = useState(/** @type {string[] | null} */ (null));
  const [run, setRun] = useState(given);
  const [other, setOther] = useState("");
  const [kind, setKind] = useState(/** @type {Session["kind"]} */ ("infinity"));
  const [judge, setJudge] = useState(localStorage.getItem("judge") ?? "");
  const [count, setCount] = useState("50");
  const [busy, setBusy] = useState(false);
  useEffect(() => {
    ask("models").then((found) => {
      const names = found.models.filter((/** @type {any} */ one) => one.kind === "run").map((/** @type {any} */ one) => one.name);
      setModels(names);
      setRun((now) => now || names[0] || "");
      setOther((now) => now || names[1] || "");
    }, () => setModels([]));
  }, []);
  if (models?.length === 0) return html`<${Empty} title=${t("judge.none")} text=${t("runs.none.text")} command="condgan train mnist-fast" />`;
  const options = [...new Set([...(run ? [run] : []), ...(models ?? [])])].map((one) => [one, one]);
  const begin = async (/** @type {Event} */ event) => {
    event.preventDefault();
    setBusy(true);
    localStorage.setItem("judge", judge);
    await trying(async () => {
      const n = Number(count) || 20;
      const base = kind === "preference" ? "preferences" : `judgements/${encoded(run)}/sessions`;
      const json = kind === "preference" ? { one: run, other, judge, count: n } : { judge, kind, count: n };
      onBegin({ base, kind, run, other, milliseconds: null, ...(await ask(base, { json })) });
    });
    setBusy(false);
  };
  /** @type {[string, string][]} */
  const kinds = [["infinity", t("judge.kind.infinity")], ["time", t("judge.kind.time")], ["preference", t("judge.kind.preference")]];
  return html`<form class="panel judge-setup" onSubmit=${begin}>
    <p>${t(`judge.text.${kind}`)}</p>
    <div class="fields">
      <${Select} label=${t("judge.kind")} value=${kind} options=${kinds} onChange=${setKind} />
      <${Select} label=${t("judge.run")} value=${run} options=${options} onChange=${setRun} />
      ${kind === "preference" && html`<${Select} label=${t("judge.other")} value=${other} options=${options} onChange=${setOther} />`}
      <${Field} label=${t("judge.name")}><input required maxlength="100" value=${judge} autocomplete="nickname" onInput=${(/** @type {any} */ event) => setJudge(event.target.value)} /></${Field}>
      <${Field} label=${t("judge.count")}><input inputmode="numeric" value=${count} onInput=${(/** @type {any} */ event) => setCount(event.target.value)} /></${Field}>
    </div>
    <p class="muted small">${t("judge.hint")}</p>
    <button type="submit" class="main" disabled=${busy || !run || !judge.trim()}>${busy ? t("judge.preparing") : t("judge.begin")}</button>
  </form>`;
}
