// A study: its trials, what became of them, and its pictures.
import { html } from "../ui.js";
import { fileOf } from "../api.js";
import { runAddress } from "../state.js";
import { State } from "../parts/small.js";
import { Picture } from "../parts/picture.js";
import { ReportButton } from "./report.js";
import { Files } from "./run-parts.js";
import { Verdict } from "./verdict.js";
import { maybe, t } from "../words.js";

/**
 * @typedef {{name: string, kind: "study", study: string, begun: string[],
 *   outcomes: Record<string, {state: string, reason: string | null}>, files?: {file: string, bytes: number}[]}} StudyDetail
 */

/** @param {{study: StudyDetail}} props */
export function Study({ study }) {
  const { name, begun, outcomes, files = [] } = study;
  const ended = begun.filter((trial) => outcomes[trial]).length;
  const pictures = files.filter(({ file }) => file.endsWith(".png"));
  return html`
    <div class="head run-head"><div class="run-name">
      <h1>${name}</h1>
      <p class="facts"><${State} state=${ended === begun.length ? "finished" : "open"} /><span>${maybe(`kind.${study.study}`, study.study)}</span><span>${t("runs.card.trials", { ended, begun: begun.length })}</span></p>
    </div><div class="actions"><${ReportButton} name=${name} /></div></div>
    <div class="columns">
      <${Verdict} name=${name} version=${ended} />
      ${pictures.map(({ file, bytes }) => html`<section class="panel panel-wide" key=${file}>
        <h2>${file === "effects.png" ? t("study.effects") : file}</h2>
        <${Picture} class="study-picture" path=${fileOf(name, file)} version=${bytes} alt=${file === "effects.png" ? t("study.effects") : file} />
      </section>`)}
      <section class="panel panel-wide">
        <h2>${t("study.trials")}</h2>
        ${begun.length === 0 && html`<p class="muted">${t("study.none")}</p>`}
        <div class="wide"><table>
          <thead><tr><th scope="col">${t("study.trial")}</th><th scope="col">${t("study.state")}</th><th scope="col">${t("study.reason")}</th></tr></thead>
          <tbody>${begun.map((trial) => html`<tr key=${trial}>
            <td><a href=${runAddress(`${name}/${trial}`)}>${trial}</a></td>
            <td>${outcomes[trial] ? html`<${State} state=${outcomes[trial].state} />` : html`<span class="muted">${t("study.going")}</span>`}</td>
            <td class="muted">${outcomes[trial]?.reason ?? ""}</td></tr>`)}</tbody>
        </table></div>
      </section>
      <${Files} name=${name} files=${files} />
    </div>`;
}
