// One session of a judge: a picture, or two, and two keys.
import { html, useEffect, useLayoutEffect, useRef, useState } from "../ui.js";
import { ask, made } from "../api.js";
import { said, tell } from "../state.js";
import { Progress, Trouble } from "../parts/small.js";
import { t } from "../words.js";

/** @typedef {import("./judge.js").Session} Session */

/** The pictures of a number, decoded before they are shown. @param {Session} session @param {number} number @returns {Promise<string[]>} */
async function pictures({ base, kind, session }, number) {
  const path = `${base}/${session}/pictures/${number}`;
  const blobs = await Promise.all(kind === "preference" ? [made(`${path}/left`), made(`${path}/right`)] : [made(path)]);
  return Promise.all(blobs.map(async (blob) => {
    const image = new Image();
    image.src = URL.createObjectURL(blob);
    await image.decode();
    return image.src;
  }));
}

/** @param {{session: Session, onEnd: () => void, onLost: () => void}} props */
export function Judging({ session, onEnd, onLost }) {
  const pair = session.kind === "preference";
  const answers = pair ? ["left", "right"] : ["fake", "real"];
  const [number, setNumber] = useState(-1);
  const [shown, setShown] = useState(/** @type {string[]} */ ([]));
  const [covered, setCovered] = useState(false);
  const [error, setError] = useState(/** @type {unknown} */ (null));
  const exposure = useRef(session.milliseconds);
  const since = useRef(0);
  const next = useRef(/** @type {Promise<string[]> | null} */ (null));
  const busy = useRef(false);

  const show = async (/** @type {number} */ at) => {
    try {
      const urls = await (next.current ?? pictures(session, at));
      shown.forEach((old) => URL.revokeObjectURL(old));
      setShown(urls);
      setNumber(at);
      setCovered(false);
      since.current = performance.now();
      if (exposure.current) setTimeout(() => setCovered(true), exposure.current);
      said.value = t("judge.progress", { n: at + 1, count: session.count });
      next.current = at + 1 < session.count ? pictures(session, at + 1) : null;
      next.current?.catch(() => (next.current = null));
      busy.current = false;
    } catch (why) {
      setError(why);
    }
  };
  useEffect(() => {
    // A preference tells how many are left with each answer only: it begins where this page left it.
    const begun = pair ? Promise.resolve({ left: session.count - Number(sessionStorage.getItem(session.session) ?? 0) }) : ask(`${session.base}/${session.session}`);
    begun.then((told) => (told.ended || told.left === 0 ? onEnd() : show(session.count - told.left)), (why) => {
      tell(why.message, true);
      onLost();
    });
  }, []);
  const answer = async (/** @type {number} */ which) => {
    if (busy.current || number < 0) return;
    busy.current = true;
    try {
      const json = { number, answer: answers[which], milliseconds: Math.round(performance.now() - since.current) };
      const told = await ask(`${session.base}/${session.session}/answers`, { json });
      exposure.current = told.milliseconds ?? null;
      sessionStorage.setItem(session.session, String(number + 1));
      if (told.left === 0) return onEnd();
      await show(number + 1);
    } catch (why) {
      busy.current = false;
      setError(why);
    }
  };
  useLayoutEffect(() => { // with the picture, so that no key is taken for the one before
    const keys = { ArrowLeft: 0, f: 0, F: 0, ArrowRight: 1, j: 1, J: 1 };
    const press = (/** @type {KeyboardEvent} */ event) => {
      const which = /** @type {Record<string, number>} */ (keys)[event.key];
      if (which === undefined || event.repeat || event.ctrlKey || event.metaKey || event.altKey) return;
      event.preventDefault();
      answer(which);
    };
    window.addEventListener("keydown", press);
    return () => window.removeEventListener("keydown", press);
  });
  const label = t("judge.progress", { n: Math.max(1, number + 1), count: session.count });
  return html`<section class="panel judging">
    <p class="split"><span>${pair ? t("judge.ask.pair") : t("judge.ask.one")}</span><span class="muted">${label}</span></p>
    <${Progress} part=${Math.max(0, number) / session.count} label=${label} />
    ${error && html`<${Trouble} error=${error} again=${() => { setError(null); show(Math.max(0, number)); }} />`}
    <div class=${`judged ${pair ? "judged-pair" : ""}`}>
      ${shown.map((url, at) => html`<img key=${url} src=${url} class=${covered ? "covered" : ""} alt=${pair ? (at ? t("judge.right") : t("judge.left")) : t("judge.picture")} />`)}
    </div>
    <div class="judge-keys">
      ${[0, 1].map((which) => html`<button type="button" disabled=${number < 0} onClick=${() => answer(which)}>${t(/** @type {any} */ (`judge.${answers[which]}`))} <kbd>${which ? "J →" : "← F"}</kbd></button>`)}
    </div>
  </section>`;
}
