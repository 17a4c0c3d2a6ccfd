// Requests with the token, pictures as blobs, and the stream of what changes.
import { connection, dropToken, encoded, token } from "./state.js";

const ROOT = "/api/v1/";
const AGAIN = [1000, 2000, 5000, 10000]; // milliseconds until the next attempt to connect
const MOST_PICTURES = 240;

/** An answer that is an error: its one line, and the field that it is about. */
export class Refusal extends Error {
  /** @param {number} status @param {string} text @param {string} [field] */
  constructor(status, text, field) {
    super(text);
    this.status = status;
    this.field = field ?? "";
  }
}

/** @typedef {{method?: string, json?: unknown, body?: BodyInit, signal?: AbortSignal}} Options */

/** @param {string} path @param {Options} [options] @returns {Promise<Response>} */
async function sent(path, { method, json, body, signal } = {}) {
  /** @type {Record<string, string>} */
  const headers = token.value ? { authorization: `Bearer ${token.value}` } : {};
  if (json !== undefined) headers["content-type"] = "application/json";
  const given = json === undefined ? body : JSON.stringify(json);
  const answer = await fetch(ROOT + path, { method: method ?? (given ? "POST" : "GET"), headers, body: given, signal });
  if (answer.ok) return answer;
  const told = await answer.json().catch(() => ({}));
  if (answer.status === 401) dropToken(told.error ?? "401");
  throw new Refusal(answer.status, told.error ?? `${answer.status} ${answer.statusText}`, told.field);
}

/** JSON of an address below /api/v1. @param {string} path @param {Options} [options] @returns {Promise<any>} */
export async function ask(path, options) {
  return (await sent(path, options)).json();
}

/** A file that a request makes. @param {string} path @param {Options} [options] */
export async function made(path, options) {
  return (await sent(path, options)).blob();
}

/** The address of a run and what is below it. @param {string} name @param {string} [rest] */
export function ofRun(name, rest = "") {
  return `runs/${encoded(name)}${rest && "/"}${rest}`;
}

/** @param {string} name @param {string} file */
export function fileOf(name, file) {
  return ofRun(name, `files/${encoded(file)}`);
}

/** @type {Map<string, Promise<string>>} */
const pictures = new Map();

/**
 * The blob address of a picture; the last ones are kept. `version` changes whenever the file does.
 * @param {string} path @param {string | number} [version]
 */
export function picture(path, version = "") {
  const key = `${path} ${version}`;
  const known = pictures.get(key);
  pictures.delete(key);
  const found = known ?? made(path).then((blob) => URL.createObjectURL(blob));
  pictures.set(key, found);
  if (!known) found.catch(() => pictures.delete(key));
  for (const [old, url] of pictures) {
    if (pictures.size <= MOST_PICTURES) break;
    pictures.delete(old);
    url.then((address) => URL.revokeObjectURL(address)).catch(() => undefined);
  }
  return found;
}

/** Let the browser keep a file. @param {Blob} blob @param {string} name */
export function download(blob, name) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(blob);
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/**
 * Send a file, and hear how much of it has gone.
 * @param {string} path @param {File} file @param {(part: number) => void} progress @returns {Promise<any>}
 */
export function upload(path, file, progress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest(); // fetch does not tell how far an upload is
    request.open("PUT", ROOT + path);
    request.setRequestHeader("authorization", `Bearer ${token.value}`);
    request.responseType = "json";
    request.upload.onprogress = (event) => progress(event.total ? event.loaded / event.total : 0);
    request.onerror = () => reject(new Error("the studio cannot be reached"));
    request.onload = () => {
      if (request.status < 300) resolve(request.response);
      else reject(new Refusal(request.status, request.response?.error ?? String(request.status)));
    };
    request.send(file);
  });
}

/** @typedef {{changed: string[], gone: string[], waiting: number}} Change */
/** @type {Set<(change: Change) => void>} */
const listeners = new Set();

/** Hear what changes; the answer ends it. @param {(change: Change) => void} listener */
export function changes(listener) {
  listeners.add(listener);
  return () => void listeners.delete(listener);
}

/** Follow the events for as long as there is a token, and connect again whenever the stream ends. */
export async function follow() {
  for (let failed = 0; token.value; failed += 1) {
    try {
      const answer = await sent("events");
      const reader = /** @type {ReadableStream<Uint8Array>} */ (answer.body).getReader();
      const text = new TextDecoder();
      const lost = connection.value === "lost";
      connection.value = "live";
      if (lost) heard({ changed: ["*"], gone: [], waiting: 0 });
      failed = 0;
      for (let kept = ""; ; ) {
        const { value, done } = await reader.read();
        if (done) break;
        kept += text.decode(value, { stream: true });
        const parts = kept.split("\n\n");
        kept = /** @type {string} */ (parts.pop());
        for (const part of parts) if (part.startsWith("data: ")) heard(JSON.parse(part.slice(6)));
      }
    } catch (error) {
      if (error instanceof Refusal && error.status === 401) return;
    }
    connection.value = "lost";
    await new Promise((resolve) => setTimeout(resolve, AGAIN[Math.min(failed, AGAIN.length - 1)]));
  }
}

/** @param {Change} change */
function heard(change) {
  for (const listener of listeners) listener(change);
}
