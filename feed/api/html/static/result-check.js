// What a check of a published result, or of the proof of one entry, comes to: "valid", "invalid", or "cannot" where this browser, on
// this page, cannot tell. What cannot be computed or fetched is never taken for either of the others. Written for ES2020.

import { CannotCheck, checkSignaturesBy, ed25519ByWebCrypto, readKeys, verifyProof, verifyResult } from "./verify.mjs";

const TIMEOUT_MS = 60000;
const LARGEST_BYTES = 100000000;
let byPackage = false;

// Whether signatures were checked by the packaged implementation, because the browser has none.
export const usedPackage = () => byPackage;

checkSignaturesBy(async (key, signature, message) => {
  try {
    return await ed25519ByWebCrypto(key, signature, message);
  } catch (error) {
    if (!(error instanceof CannotCheck) || error.message !== "Ed25519") throw error;
  }
  let noble;
  try {
    noble = await import("./vendor/noble-ed25519-2.2.3/noble-ed25519.js");
  } catch (error) {
    throw new CannotCheck("Ed25519");
  }
  byPackage = true;
  return noble.verifyAsync(signature, message, key, { zip215: false });
});

// A reason for "cannot", by its code: `offline`, `status`, `not_json`, `too_large`, `keys`, `crypto`, `crashed`, `other_page`.
export class Unavailable extends Error {
  constructor(code, detail = "") {
    super(detail);
    this.code = code;
  }
}

// The bytes of a JSON document of this site. Throws Unavailable.
export async function load(address) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(address, { headers: { accept: "application/json" }, credentials: "omit", signal: stop.signal });
    if (!response.ok) throw new Unavailable("status", String(response.status));
    if (!/^application\/json\b/.test(response.headers.get("content-type") || "")) throw new Unavailable("not_json");
    const bytes = await response.arrayBuffer();
    if (bytes.byteLength > LARGEST_BYTES) throw new Unavailable("too_large");
    return bytes;
  } catch (error) {
    if (error instanceof Unavailable) throw error;
    throw new Unavailable("offline");
  } finally {
    clearTimeout(timer);
  }
}

// The outcome for the bytes of a document and of the keys: {state, why, detail, found}. `kind` is "result" or "proof".
export async function check(kind, bytes, keyBytes, watch) {
  let keys;
  try {
    keys = await readKeys(decoded(keyBytes));
  } catch (error) {
    if (error instanceof CannotCheck) return cannot("crypto", error.message);
    return cannot("keys");
  }
  let text;
  try {
    text = decoded(bytes);
  } catch (error) {
    return { state: "invalid", why: "problems", found: { problems: [{ code: "unreadable", where: "UTF-8", expected: "" }] } };
  }
  try {
    const found = await (kind === "proof" ? verifyProof : verifyResult)(text, keys, watch);
    if (found.problems.length) return { state: "invalid", why: "problems", found };
    return found.signed === "authentic"
      ? { state: "valid", why: "", found } : { state: "invalid", why: found.signed, found };
  } catch (error) {
    return error instanceof CannotCheck ? cannot("crypto", error.message) : cannot("crashed", String(error));
  }
}

const decoded = (bytes) => new TextDecoder("utf-8", { fatal: true }).decode(bytes);
const cannot = (why, detail = "") => ({ state: "cannot", why, detail, found: null });
