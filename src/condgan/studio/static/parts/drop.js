// A dataset that is dropped onto the page, or chosen: sent with its progress.
import { html, useEffect, useRef, useState } from "../ui.js";
import { upload } from "../api.js";
import { tell } from "../state.js";
import { Progress } from "./small.js";
import { t } from "../words.js";

const ENDINGS = [".zip", ".npz", ".csv"];

/** @param {{onSent: (name: string) => void}} props */
export function Drop({ onSent }) {
  const [over, setOver] = useState(false);
  const [sending, setSending] = useState(/** @type {{name: string, part: number} | null} */ (null));
  const sent = useRef(onSent);
  sent.current = onSent;
  const send = async (/** @type {File | undefined} */ file) => {
    if (!file) return;
    if (!ENDINGS.some((ending) => file.name.toLowerCase().endsWith(ending))) return tell(t("train.data.wrong", { name: file.name }), true);
    setSending({ name: file.name, part: 0 });
    try {
      const found = await upload(`uploads/${encodeURIComponent(file.name)}`, file, (part) => setSending({ name: file.name, part }));
      sent.current(found.name);
    } catch (error) {
      tell(error instanceof Error ? error.message : String(error), true);
    }
    setSending(null);
  };
  useEffect(() => {
    // The whole page takes it, so that a file that is dropped beside the field does not replace the page.
    const enter = (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(true);
    };
    const leave = (/** @type {DragEvent} */ event) => event.relatedTarget === null && setOver(false);
    const drop = (/** @type {DragEvent} */ event) => {
      event.preventDefault();
      setOver(false);
      send(event.dataTransfer?.files[0]);
    };
    document.addEventListener("dragover", enter);
    document.addEventListener("dragleave", leave);
    document.addEventListener("drop", drop);
    return () => {
      document.removeEventListener("dragover", enter);
      document.removeEventListener("dragleave", leave);
      document.removeEventListener("drop", drop);
    };
  }, []);
  return html`<div class=${`drop ${over ? "drop-over" : ""}`}>
    ${sending
      ? html`<p role="status">${t("train.data.sending", { name: sending.name })} ${Math.round(100 * sending.part)}%</p><${Progress} part=${sending.part} label=${t("train.data.sending", { name: sending.name })} />`
      : html`<p>${t("train.data.drop")} <label class="drop-choose"><input type="file" class="sr" accept=${ENDINGS.join(",")} onChange=${(/** @type {any} */ event) => send(event.target.files[0])} /><span>${t("train.data.choose")}</span></label></p>`}
  </div>`;
}
