// Pictures that are made on request, a moment after the request has stopped changing.
import { useEffect, useState } from "../ui.js";
import { made } from "../api.js";

/** @typedef {{url: string, blob: Blob | null, width: number, height: number, key: string, error: string, busy: boolean}} Made */
/** @type {Made} */
const NOTHING = { url: "", blob: null, width: 0, height: 0, key: "", error: "", busy: false };

/**
 * The picture of a request; the one before stays until the next is there, so that nothing flickers.
 * @param {string} path @param {unknown} json nothing is asked for without it @param {number} [delay] milliseconds
 * @returns {Made}
 */
export function useMade(path, json, delay = 120) {
  const [found, setFound] = useState(NOTHING);
  const key = json ? JSON.stringify(json) : "";
  useEffect(() => {
    if (!key) return setFound(NOTHING);
    const stop = new AbortController();
    const timer = setTimeout(async () => {
      setFound((now) => ({ ...now, busy: true }));
      try {
        const blob = await made(path, { json, signal: stop.signal });
        const url = URL.createObjectURL(blob);
        const image = new Image();
        image.src = url;
        await image.decode();
        if (stop.signal.aborted) return URL.revokeObjectURL(url);
        setFound({ url, blob, width: image.naturalWidth, height: image.naturalHeight, key, error: "", busy: false });
      } catch (error) {
        if (!stop.signal.aborted) setFound((now) => ({ ...now, busy: false, error: error instanceof Error ? error.message : String(error) }));
      }
    }, delay);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }, [path, key]);
  useEffect(() => () => URL.revokeObjectURL(found.url), [found.url]);
  return found;
}
