// A report of a run or study, in a tab of its own, in the language of the page.
import { html, useState } from "../ui.js";
import { ask } from "../api.js";
import { language, tell } from "../state.js";
import { t } from "../words.js";

/** @param {{name: string}} props */
export function ReportButton({ name }) {
  const [busy, setBusy] = useState(false);
  const open = async () => {
    setBusy(true);
    const tab = window.open("about:blank", "_blank"); // now, as a browser lets nobody open one later
    try {
      const { address } = await ask("reports", { json: { run: name, lang: language.value } });
      if (tab) tab.location.href = address;
      else location.href = address;
    } catch (why) {
      tab?.close();
      tell(why instanceof Error ? why.message : String(why), true);
    }
    setBusy(false);
  };
  return html`<button type="button" disabled=${busy} onClick=${open}>${busy ? t("run.report.busy") : t("run.report")}</button>`;
}
