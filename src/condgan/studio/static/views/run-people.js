// What people said of a run: errors, by class too, exposure, agreement.
import { html } from "../ui.js";
import { download, made } from "../api.js";
import { encoded, trying } from "../state.js";
import { Percent } from "../parts/share.js";
import { t } from "../words.js";

/**
 * @typedef {import("../parts/share.js").Share} Share
 * @typedef {{errors: Share | null, fooled: Share | null, doubted: Share | null, per_class: Record<string, Share>,
 *   milliseconds: number | null, agreement: number | null, judges: number, inattentive: number}} People
 */

/** @param {{name: string, people: People | null, judged: boolean}} props */
export function People({ name, people, judged }) {
  const judge = html`<a class="button" href=${`#/judge?${new URLSearchParams({ run: name })}`}>${t("run.judge")}</a>`;
  if (!people) {
    return judged && html`<section class="panel"><h2>${t("run.people")}</h2><p class="muted">${t("run.people.none")}</p><p class="foot">${judge}</p></section>`;
  }
  const save = () => trying(async () => download(await made(`judgements/${encoded(name)}/csv`), "judgements.csv"));
  const classes = Object.entries(people.per_class).sort(([, one], [, other]) => other.value - one.value);
  return html`<section class="panel">
    <div class="panel-head"><h2>${t("run.people")}</h2><span class="muted">${t(people.judges === 1 ? "run.people.judge" : "run.people.judges", { n: people.judges })}</span></div>
    <dl class="measured">
      <div><dt>${t("judge.errors")}</dt><dd><${Percent} one=${people.errors} /></dd></div>
      <div><dt>${t("judge.fooled")}</dt><dd><${Percent} one=${people.fooled} /></dd></div>
      <div><dt>${t("judge.doubted")}</dt><dd><${Percent} one=${people.doubted} /></dd></div>
      ${people.milliseconds !== null && html`<div><dt>${t("judge.exposure")}</dt><dd><b>${Math.round(people.milliseconds)} ms</b></dd></div>`}
      ${people.agreement !== null && html`<div><dt>${t("run.people.agreement")}</dt><dd><b>${people.agreement.toFixed(2)}</b></dd></div>`}
    </dl>
    ${classes.length > 0 && html`<h3 class="section-title">${t("run.people.classes")}</h3>
      <ul class="bars people-bars">${classes.slice(0, 12).map(([label, one]) => html`<li key=${label}>
        <span class="one-line" title=${label}>${label}</span>
        <span class="bar-track" aria-hidden="true"><i style=${{ width: `${100 * one.value}%` }}></i></span>
        <span class="number"><${Percent} one=${one} /></span></li>`)}</ul>`}
    ${people.inattentive > 0 && html`<p class="warn small">${t("run.people.inattentive", { n: people.inattentive })}</p>`}
    <div class="foot">${judge}<button type="button" onClick=${save}>CSV</button></div>
  </section>`;
}
