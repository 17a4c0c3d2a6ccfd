// What a session has shown.
import { html, useEffect, useState } from "../ui.js";
import { ask, download, made } from "../api.js";
import { encoded, trying } from "../state.js";
import { Percent } from "../parts/share.js";
import { Picture } from "../parts/picture.js";
import { Trouble } from "../parts/small.js";
import { t } from "../words.js";

/** @typedef {import("./judge.js").Session} Session */

/** @param {{session: Session, onAgain: () => void}} props */
export function Outcome({ session, onAgain }) {
  const [found, setFound] = useState(/** @type {any} */ (null));
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const pair = session.kind === "preference";
  const subject = pair ? "preferences" : `judgements/${encoded(session.run)}`;
  useEffect(() => void ask(pair ? "preferences" : `${session.base}/${session.session}`).then(setFound, setError), []);
  const save = () => trying(async () => download(await made(`${subject}/csv`), "judgements.csv"));
  const summary = found?.summary;
  const right = (found?.pictures ?? []).filter((/** @type {any} */ one) => one.answer === (one.was === "real" ? "real" : "fake")).length;
  const ours = found?.preferences?.find((/** @type {any} */ one) => one.one === session.run && one.other === session.other);
  return html`<section class="panel">
    <h2>${t("judge.over")}</h2>
    ${error && html`<${Trouble} error=${error} />`}
    ${found && (pair || found.ended) && html`<dl class="measured">
      ${pair
        ? html`<div><dt>${t("judge.preferred", { run: session.run, other: session.other })}</dt><dd><${Percent} one=${ours?.preferred} /></dd></div>`
        : html`<div><dt>${t("judge.told")}</dt><dd><b>${right} / ${found.pictures.length}</b></dd></div>
          <div><dt>${t("judge.errors")}</dt><dd><${Percent} one=${summary?.errors} /></dd></div>
          <div><dt>${t("judge.fooled")}</dt><dd><${Percent} one=${summary?.fooled} /></dd></div>
          <div><dt>${t("judge.doubted")}</dt><dd><${Percent} one=${summary?.doubted} /></dd></div>
          ${summary?.milliseconds && html`<div><dt>${t("judge.exposure")}</dt><dd><b>${Math.round(summary.milliseconds)} ms</b></dd></div>`}`}
    </dl>`}
    ${found?.ended && html`<ul class="reveal">${found.pictures.map((/** @type {any} */ one) => html`<${Revealed} key=${one.number} path=${`${session.base}/${session.session}/pictures/${one.number}`} one=${one} />`)}</ul>`}
    ${summary?.inattentive > 0 && html`<p class="warn small">${t("judge.inattentive")}</p>`}
    <div class="foot"><button type="button" class="main" onClick=${onAgain}>${t("judge.again")}</button><button type="button" onClick=${save}>CSV</button></div>
  </section>`;
}

/** A picture with what it was. @param {{path: string, one: {was: string, label: string, answer: string}}} props */
function Revealed({ path, one }) {
  const right = one.answer === (one.was === "real" ? "real" : "fake");
  const was = one.was === "real" ? t("judge.real") : one.was === "fake" ? t("judge.fake") : t("judge.noise");
  return html`<li class=${right ? "" : "wrong"}><${Picture} path=${path} alt=${one.label} /><span>${was}${right ? "" : ` · ${t("judge.wrong")}`}</span></li>`;
}
