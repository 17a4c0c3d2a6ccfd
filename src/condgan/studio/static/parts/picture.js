// A picture that needs the token: fetched when it comes into view, in a place that keeps its size.
import { html, useEffect, useRef, useState } from "../ui.js";
import { picture } from "../api.js";

/**
 * @param {{path: string | null, alt: string, version?: string | number, class?: string, eager?: boolean, none?: string}} props
 */
export function Picture({ path, alt, version, class: name, eager, none }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null));
  const [near, setNear] = useState(Boolean(eager));
  const [shown, setShown] = useState("");
  const [failed, setFailed] = useState(false);
  useEffect(() => {
    if (near || !place.current) return undefined;
    const watch = new IntersectionObserver(([entry]) => entry.isIntersecting && setNear(true), { rootMargin: "300px" });
    watch.observe(place.current);
    return () => watch.disconnect();
  }, [near]);
  useEffect(() => {
    if (!near || !path) return undefined;
    let wanted = true;
    setFailed(false);
    picture(path, version).then(
      (url) => wanted && setShown(url),
      () => wanted && setFailed(true),
    );
    return () => void (wanted = false);
  }, [near, path, version]);
  const empty = !path || failed;
  return html`<div ref=${place} class=${`picture ${name ?? ""} ${shown || empty ? "" : "skeleton"}`}>
    ${empty ? none && html`<span class="muted">${none}</span>` : shown && html`<img src=${shown} alt=${alt} draggable=${false} />`}
  </div>`;
}
