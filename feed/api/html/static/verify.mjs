// A second implementation of result.md, written from the specification, without dependencies: for Node 20 or newer and, as ECMAScript
// 2020, for browsers. The page of a result runs this file; docs/reference/verify.mjs is a link to it.
//
//     node verify.mjs result.json [feed-keys.json]        a published result, of either format
//     node verify.mjs proof.json [feed-keys.json]         the proof of one entry
//
// It prints what it has found as JSON, and exits with 1 if anything is wrong. `notChecked` names what it leaves to `feed verify`:
// whether the rules keep to the bounds of a campaign, and the signature of a drand round.

const MAX_INTEGER = BigInt(Number.MAX_SAFE_INTEGER);
const MICROS_PER_SECOND = 1000000n;
const FREEZE_AFTER = 10n * MICROS_PER_SECOND;
const BEACON_DELAY = 60n * MICROS_PER_SECOND;
const LATEST = micros("2100-01-01T00:00:00.000000Z");
const LEAST_SHOWN = 10;
// Rows between two chances for the browser to do something else.
const AT_ONCE = 100;
const QUICKNET = {
  sha256: "52db9ba70e0cc0f6eaf7803dd07447a1f5477735fd3f661792ba94600c84e971",
  genesis: 1692803367n * MICROS_PER_SECOND,
  period: 3n * MICROS_PER_SECOND,
};

// --- JSON that every parser reads alike: no duplicate names, no fractions, no integers beyond 2^53 ---------------------------

class Unreadable extends Error {}

export function parseStrictly(text) {
  let at = 0;
  const fail = (why) => {
    throw new Unreadable(`${why} at ${at}`);
  };
  const space = () => {
    while (" \t\n\r".includes(text[at] ?? "x")) at += 1;
  };
  const expect = (sign) => {
    if (text[at] !== sign) fail(`no ${sign}`);
    at += 1;
  };
  function string() {
    const rest = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;
    rest.lastIndex = at;
    const found = rest.exec(text) ?? fail("no string");
    at = rest.lastIndex;
    const value = JSON.parse(found[0]);
    // A lone surrogate has no canonical form.
    if (/[\ud800-\udbff](?![\udc00-\udfff])|(?:^|[^\ud800-\udbff])[\udc00-\udfff]/.test(value)) fail("a lone surrogate");
    return value;
  }
  function number() {
    const rest = /-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
    rest.lastIndex = at;
    const [found] = rest.exec(text) ?? fail("no value");
    if (!/^-?[0-9]{1,17}$/.test(found)) fail("a number with a fraction, or too large");
    at = rest.lastIndex;
    const value = BigInt(found);
    if (value > MAX_INTEGER || value < -MAX_INTEGER) fail("too large a number");
    return Number(value);
  }
  function value(depth) {
    if (depth > 200) fail("too deep");
    space();
    if (text[at] === "{") return object(depth);
    if (text[at] === "[") return array(depth);
    if (text[at] === '"') return string();
    for (const [word, meaning] of [["true", true], ["false", false], ["null", null]]) {
      if (text.startsWith(word, at)) {
        at += word.length;
        return meaning;
      }
    }
    return number();
  }
  function array(depth) {
    const items = [];
    expect("[");
    space();
    if (text[at] === "]") {
      at += 1;
      return items;
    }
    for (;;) {
      items.push(value(depth + 1));
      space();
      if (text[at] === "]") break;
      expect(",");
    }
    at += 1;
    return items;
  }
  function object(depth) {
    const members = Object.create(null);
    expect("{");
    space();
    if (text[at] === "}") {
      at += 1;
      return members;
    }
    for (;;) {
      space();
      const name = string();
      if (name in members) fail("a name appears twice in one object");
      space();
      expect(":");
      members[name] = value(depth + 1);
      space();
      if (text[at] === "}") break;
      expect(",");
    }
    at += 1;
    return members;
  }
  const whole = value(0);
  space();
  if (at < text.length) fail("something follows");
  return whole;
}

// RFC 8785: names in the order of their UTF-16 code units, strings and integers as JSON.stringify writes them.
export function canonical(value) {
  if (Array.isArray(value)) return `[${value.map(canonical).join(",")}]`;
  if (value !== null && typeof value === "object") {
    return `{${Object.keys(value).sort().map((name) => `${JSON.stringify(name)}:${canonical(value[name])}`).join(",")}}`;
  }
  // -0 is 0.
  return JSON.stringify(value === 0 ? 0 : value);
}

const without = (document, ...names) =>
  Object.fromEntries(Object.entries(document).filter(([name]) => !names.includes(name)));
const same = (one, other) => canonical(one ?? null) === canonical(other ?? null);

// --- Hashes and signatures ----------------------------------------------------------------------------------------------------

const utf8 = (text) => new TextEncoder().encode(text);
const hexOf = (bytes) => [...bytes].map((each) => each.toString(16).padStart(2, "0")).join("");
const isHex = (text, digits) => text.length === digits && /^[0-9a-f]*$/.test(text);
const bytesOf = (hex) => Uint8Array.from(hex.match(/../g) ?? [], (each) => parseInt(each, 16));

function joined(...parts) {
  const whole = new Uint8Array(parts.reduce((total, part) => total + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

// What this browser cannot compute: says nothing about the document.
export class CannotCheck extends Error {}

// Browsers have it on pages from HTTPS and from the machine itself only.
function webCrypto() {
  const subtle = globalThis.crypto === undefined ? undefined : globalThis.crypto.subtle;
  if (subtle === undefined) throw new CannotCheck("crypto.subtle");
  return subtle;
}

async function sha256(...parts) {
  return new Uint8Array(await webCrypto().digest("SHA-256", joined(...parts)));
}

async function hmac(key, message) {
  const imported = await webCrypto().importKey("raw", key, { name: "HMAC", hash: "SHA-256" }, false, ["sign"]);
  return new Uint8Array(await webCrypto().sign("HMAC", imported, message));
}

// Whether the bytes are a signature of the message under the raw key. Throws CannotCheck where WebCrypto lacks Ed25519.
export async function ed25519ByWebCrypto(key, signature, message) {
  const subtle = webCrypto();
  let imported;
  try {
    imported = await subtle.importKey("raw", key, { name: "Ed25519" }, false, ["verify"]);
  } catch (error) {
    if (error.name === "DataError") return false;
    throw new CannotCheck("Ed25519");
  }
  return subtle.verify({ name: "Ed25519" }, imported, signature, message);
}

let ed25519 = ed25519ByWebCrypto;

// Replaces what checks signatures, by a function that takes the same.
export function checkSignaturesBy(check) {
  ed25519 = check;
}

// Base64 in its only canonical spelling; null for any other.
function bytesOfBase64(text) {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text) || text.length % 4) return null;
  const bytes = Uint8Array.from(atob(text), (each) => each.charCodeAt(0));
  return btoa(String.fromCharCode(...bytes)) === text ? bytes : null;
}

// The keys of a feed-keys.json, each with its own id.
export async function readKeys(text) {
  const document = parseStrictly(text);
  const keys = [];
  for (const each of document.keys ?? [document]) {
    const raw = bytesOfBase64(each.public_key);
    if (raw === null || raw.length !== 32 || hexOf(await sha256(raw)).slice(0, 16) !== each.key_id) {
      throw new Unreadable(`key ${each.key_id} does not have the id of its bytes`);
    }
    keys.push({ id: each.key_id, raw, until: each.valid_until ? BigInt(Date.parse(each.valid_until)) * 1000n : null });
  }
  return keys;
}

// "authentic", "unknown_key", "wrong" or "key_over" for a document that is dated `at` (microseconds, null if unreadable).
async function signedBy(document, unsigned, keys, at) {
  if (keys === null) return "not_checked";
  const { key_id, value } = document.signature;
  const key = keys.find((each) => each.id === key_id);
  if (key === undefined) return "unknown_key";
  const signature = bytesOfBase64(value);
  if (signature === null || signature.length !== 64) return "wrong";
  const message = utf8(canonical(without(document, "signature", ...unsigned)));
  if (!(await ed25519(key.raw, signature, message)) || at === null) return "wrong";
  return key.until !== null && at >= key.until ? "key_over" : "authentic";
}

// --- Times: UTC with six decimals and Z, as microseconds -------------------------------------------------------------------------

function micros(text) {
  if (!/^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z$/.test(text)) return null;
  const seconds = Date.parse(`${text.slice(0, 19)}Z`);
  // Year 0000 and the 31st of a shorter month are no times.
  if (Number.isNaN(seconds) || new Date(seconds).toISOString().slice(0, 19) !== text.slice(0, 19)) return null;
  return text < "0001" ? null : BigInt(seconds) * 1000n + BigInt(text.slice(20, 26));
}

// --- Decimals of 34 digits, each step rounded half to even: {digits, exponent} is digits · 10^exponent --------------------------

const DIGITS = 34;
const ten = (exponent) => 10n ** BigInt(exponent);

// `rest`: whether digits below these were cut off.
function halfEven(digits, drop, rest = false) {
  if (drop <= 0) return digits;
  const sign = digits < 0n ? -1n : 1n;
  const unit = ten(drop);
  const [whole, left] = [(digits * sign) / unit, (digits * sign) % unit];
  const up = left * 2n > unit || (left * 2n === unit && (rest || whole % 2n === 1n));
  return sign * (whole + (up ? 1n : 0n));
}

function rounded(digits, exponent, rest = false) {
  let [value, power] = [digits, exponent];
  for (;;) {
    const drop = (value < 0n ? -value : value).toString().length - DIGITS;
    if (drop <= 0) return { digits: value, exponent: power };
    [value, power] = [halfEven(value, drop, rest), power + drop];
  }
}

function decimal(text) {
  const found = /^(-?)([0-9]+)(?:\.([0-9]+))?$/.exec(text);
  if (found === null) throw new Unreadable(`${text}: no decimal`);
  const [, sign, whole, part = ""] = found;
  return { digits: BigInt(`${sign}${whole}${part}`), exponent: -part.length };
}

const integer = (value) => ({ digits: BigInt(value), exponent: 0 });
const times = (one, other) => rounded(one.digits * other.digits, one.exponent + other.exponent);

function plus(one, other) {
  const exponent = Math.min(one.exponent, other.exponent);
  const of = (each) => each.digits * ten(each.exponent - exponent);
  return rounded(of(one) + of(other), exponent);
}

function over(one, other) {
  if (one.digits === 0n) return integer(0);
  // Twice as many digits as are kept, so that one that was cut off decides only a tie.
  const shift = 2 * DIGITS + other.digits.toString().length;
  const numerator = one.digits * ten(shift);
  return rounded(numerator / other.digits, one.exponent - other.exponent - shift, numerator % other.digits !== 0n);
}

// Six decimals, as documents write them.
function sixDecimals(value) {
  const shift = value.exponent + 6;
  const millionths = shift >= 0 ? value.digits * ten(shift) : halfEven(value.digits, -shift);
  const text = (millionths < 0n ? -millionths : millionths).toString().padStart(7, "0");
  return `${millionths < 0n ? "-" : ""}${text.slice(0, -6)}.${text.slice(-6)}`;
}

const inMillionths = (text) => BigInt(text.replace(".", ""));
const logarithms = new Map();

// ln of a whole number from 1, correctly rounded: computed with 60 decimals, from 2·artanh((m-1)/(m+1)) with 1 ≤ m < 2.
function ln(number) {
  if (!logarithms.has(number)) {
    const one = ten(60);
    const artanh = (numerator, denominator) => {
      let [power, sum] = [(one * numerator) / denominator, 0n];
      const square = denominator * denominator;
      for (let odd = 1n; power !== 0n; odd += 2n) {
        sum += power / odd;
        power = (power * numerator * numerator) / square;
      }
      return 2n * sum;
    };
    const value = BigInt(number);
    const shift = BigInt(value.toString(2).length - 1);
    const unit = 1n << shift;
    logarithms.set(number, rounded(shift * artanh(1n, 3n) + artanh(value - unit, value + unit), -60, true));
  }
  return logarithms.get(number);
}

function saturation(count, cap) {
  if (cap <= 0 || count <= 0) return integer(0);
  return over(ln(1 + Math.min(count, cap)), ln(1 + cap));
}

const scores = new WeakMap();

// Computed once for a row: its document has one set of rules.
function scoreOf(row, rules) {
  if (!scores.has(row)) scores.set(row, computedScore(row, rules));
  return scores.get(row);
}

function computedScore(row, rules) {
  const weighted = (weight, count, cap) => times(times(integer(100), decimal(weight)), saturation(count, cap));
  const quality = times(decimal(rules.weights.quality), decimal(row.quality));
  const likes = weighted(rules.weights.likes, row.likes_counted, rules.caps.likes);
  const comments = weighted(rules.weights.comments, row.commenters_counted, rules.caps.comments);
  return sixDecimals(plus(plus(quality, likes), comments));
}

function qualityOf(marks) {
  if (!marks.length) return "0.000000";
  return sixDecimals(over(marks.map((mark) => decimal(mark.score)).reduce(plus), integer(marks.length)));
}

function weightedScore(scores, criteria) {
  return sixDecimals(
    criteria.map((each, number) => times(decimal(each.weight), decimal(scores[number]))).reduce(plus, integer(0)),
  );
}

// A mark, or a quality: 0 to 100 with six decimals.
const isScore = (text) => /^(0|[1-9][0-9]?|100)\.[0-9]{6}$/.test(text) && inMillionths(text) <= 100000000n;

// --- The members of a document ---------------------------------------------------------------------------------------------------

const isText = (value) => typeof value === "string";
const isNumber = (value) => typeof value === "number";
const isFlag = (value) => typeof value === "boolean";
const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
const listOf = (type) => (value) => Array.isArray(value) && value.every(type);
const mapOf = (type) => (value) => isObject(value) && Object.values(value).every(type);
const orNull = (type) => (value) => value === null || type(value);
const oneOf = (...values) => (value) => values.includes(value);
// Exactly these members; those whose names end in `?` may be absent.
const struct = (members) => {
  const types = new Map(Object.entries(members).map(([name, type]) => [name.replace("?", ""), type]));
  const needed = Object.keys(members).filter((name) => !name.endsWith("?"));
  return (value) =>
    isObject(value) &&
    needed.every((name) => name in value) &&
    Object.keys(value).every((name) => types.has(name) && types.get(name)(value[name]));
};
const isSignature = struct({ key_id: isText, algorithm: oneOf("Ed25519"), value: isText });
const isMark = struct({ juror: isText, score: isText, "scores?": listOf(isText) });
const ABOUT_ENTRIES = ["withdrawn", "removed", "rejected", "disqualified", "topic_edited_out", "media_missing"];
const isRow = struct({
  "post_id?": isText,
  "comment_id?": isText,
  person: isText,
  entered_at: isText,
  "quality?": isText,
  "likes_counted?": isNumber,
  "commenters_counted?": isNumber,
  "score?": isText,
  rank: orNull(isNumber),
  "reason?": orNull(oneOf(...ABOUT_ENTRIES, "not_eligible")),
  "marks?": listOf(isMark),
});
const holder = { rank: isNumber, "post_id?": isText, "comment_id?": isText, person: isText, "score?": isText };
const SOURCES = ["public_number", "drand", "own"];
const isBeacon = struct({
  source: oneOf(...SOURCES),
  name: isText,
  round: isText,
  value: isText,
  appeared_at: orNull(isText),
  signature: orNull(isText),
  entered_by: listOf(isText),
});
const isWrongNumber = struct({
  round: isText,
  value: isText,
  appeared_at: isText,
  entered_by: listOf(isText),
  reason: oneOf("misread", "wrong_issue", "publisher_corrected"),
  corrected_at: isText,
});
const isDraw = struct({
  algorithm: oneOf("feed-draw-1"),
  tickets: isNumber,
  list_sha256: isText,
  list_published_at: isText,
  nonce: isText,
  nonce_sha256: isText,
  beacon: isBeacon,
  seed: isText,
  publicly_verifiable: isFlag,
  earlier: listOf(isText),
  "removed?": orNull(listOf(isText)),
  "added?": orNull(listOf(isText)),
  "corrected?": orNull(listOf(isWrongNumber)),
});
const head = {
  format: oneOf("feed-result-1", "feed-result-2"),
  campaign: struct({ id: isText, title: isText, rules_version: isNumber, rules_sha256: isText, rules: isObject }),
  frozen_at: isText,
  counts: struct({
    entries: isNumber,
    ranked: isNumber,
    persons: isNumber,
    "likes_counted?": isNumber,
    "commenters_counted?": isNumber,
    excluded: mapOf(isNumber),
  }),
  skipped: listOf(isObject),
  winners: listOf(struct({ ...holder, "place?": isNumber, prizes: listOf(isObject) })),
  reserves: listOf(struct(holder)),
  "draw?": isDraw,
  "tree?": struct({ algorithm: oneOf("rfc6962-sha256"), size: isNumber, root: isText }),
  "voids?": listOf(struct({ kind: oneOf("like", "comment"), reason_code: isText, count: isNumber })),
  "withdrawn?": listOf(isText),
  "forced?": struct({ reason: orNull(isText), overrides: listOf(isObject) }),
  signature: isSignature,
};
const isResult = struct({ ...head, sheet: listOf(isRow) });
const REASONS = [
  "not_claimed",
  "declined",
  "post_deleted",
  "post_removed",
  "comment_deleted",
  "comment_removed",
  "erased",
  "objection_upheld",
  "replaced",
];
const isAmendment = struct({
  format: oneOf("feed-amendment-1", "feed-amendment-2"),
  campaign_id: isText,
  result_sha256: isText,
  number: isNumber,
  previous_sha256: isText,
  made_at: isText,
  place: isNumber,
  reason: oneOf(...REASONS),
  leaves: struct(holder),
  passed_over: listOf(
    struct({ "post_id?": isText, "comment_id?": isText, person: isText, reason: oneOf("not_visible", "not_eligible") }),
  ),
  enters: orNull(struct(holder)),
  signature: isSignature,
});
const isProof = struct({
  format: oneOf("feed-proof-1"),
  result: struct(head),
  index: isNumber,
  row: isRow,
  path: listOf(isText),
  "amendments?": listOf(isAmendment),
});

// Rules of earlier versions lack members that are newer: these are their meanings.
const DEFAULTS = {
  reserve_count: 0,
  prizes: [],
  weights: { quality: "0.5", likes: "0.3", comments: "0.2" },
  caps: { likes: 1000, comments: 200 },
  tie_break: ["quality", "likes", "comments", "earliest"],
  unclaimed: "next_reserve",
  beacon: null,
  beacon_order: ["public_number", "drand"],
  beacon_wait_hours: 96,
  criteria: [],
  entry_by: "post",
};

// Whether the members of the rules that something is computed from can be read; `feed verify` checks all of them.
const isTime = (value) => isText(value) && micros(value) !== null;
const isDecimal = (value) => isText(value) && /^[0-9]+(\.[0-9]+)?$/.test(value);
const isCount = (value) => isNumber(value) && value >= 0;
const isPlaces = (value) => listOf(isCount)(value) && value.length === 2;
const anyOf = (members) => (value) =>
  isObject(value) && Object.entries(members).every(([name, type]) => !(name in value) || type(value[name]));
const REQUIRED = ["title", "starts_at", "ends_at", "method", "winner_count"];
const hasReadable = anyOf({
  title: isText,
  starts_at: isTime,
  ends_at: isTime,
  method: oneOf("ranked", "draw"),
  winner_count: isCount,
  reserve_count: isCount,
  prizes: listOf(anyOf({ places: orNull(isPlaces) })),
  weights: anyOf({ quality: isDecimal, likes: isDecimal, comments: isDecimal }),
  caps: anyOf({ likes: isCount, comments: isCount }),
  tie_break: listOf(oneOf("quality", "likes", "comments", "earliest")),
  unclaimed: oneOf("next_reserve", "void"),
  beacon: orNull(isText),
  beacon_order: listOf(oneOf("public_number", "drand")),
  beacon_wait_hours: isCount,
  criteria: listOf(anyOf({ weight: isDecimal })),
  entry_by: oneOf("post", "comment", "like"),
});
const areRules = (rules) => hasReadable(rules) && REQUIRED.every((name) => name in rules);

function shapeOf(format, rules) {
  const isSecond = format === "feed-result-2";
  const isScored = !isSecond || rules.method !== "draw";
  const named = { post: ["post_id"], comment: ["comment_id"], like: [] }[rules.entry_by] ?? ["post_id"];
  const counts = isScored ? ["likes_counted", "commenters_counted"] : [];
  const score = isScored ? ["score"] : [];
  const reserve = [...named, ...score];
  return {
    isSecond,
    isScored,
    isNamed: named.length > 0,
    result: isSecond ? ["tree", "voids"] : [],
    counts,
    reserve,
    winner: isSecond ? [...reserve, "place"] : reserve,
    row: [...reserve, ...counts, ...(isScored ? ["quality"] : []), ...(isSecond ? ["reason"] : [])].concat(
      isSecond && isScored ? ["marks"] : [],
    ),
  };
}

const OPTIONAL = {
  result: ["tree", "voids"],
  counts: ["likes_counted", "commenters_counted"],
  reserve: ["post_id", "comment_id", "score"],
  winner: ["post_id", "comment_id", "score", "place"],
  row: ["post_id", "comment_id", "quality", "likes_counted", "commenters_counted", "score", "reason", "marks"],
};
const hasMembers = (value, kind, shape) =>
  OPTIONAL[kind].every((name) => name in value === shape[kind].includes(name));

// --- What a result says besides its rows ------------------------------------------------------------------------------------------

async function checkHead(document, rules, shape, problem) {
  const { campaign } = document;
  if (rules.title !== campaign.title) problem("title", "campaign.title");
  const frozenAt = micros(document.frozen_at);
  if (frozenAt === null) problem("spelling", "frozen_at");
  else if (frozenAt < rules.endsAt + FREEZE_AFTER) problem("frozen_too_early", "frozen_at");
  const { withdrawn, forced, tree, voids } = document;
  if (
    withdrawn !== undefined &&
    (!withdrawn.length || !withdrawn.every((each) => isHex(each, 64)) || new Set(withdrawn).size < withdrawn.length)
  ) {
    problem("spelling", "withdrawn");
  }
  if (forced !== undefined && !forced.overrides.length) problem("spelling", "forced");
  if (tree !== undefined) {
    if (!isHex(tree.root, 64)) problem("spelling", "tree.root");
    if (tree.size !== document.counts.entries) problem("tree", "tree.size");
  }
  if (voids !== undefined) {
    if (new Set(voids.map((each) => canonical([each.kind, each.reason_code]))).size < voids.length) problem("voids", "voids");
    voids.forEach((each, number) => {
      if (each.count < (each.reason_code === "other" ? 1 : LEAST_SHOWN)) problem("voids", `voids[${number}].count`);
    });
  }
  if (!hasMembers(document, "result", shape)) problem("members", "");
  if (!hasMembers(document.counts, "counts", shape)) problem("members", "counts");
  for (const [kind, list] of [["winner", document.winners], ["reserve", document.reserves]]) {
    list.forEach((each, number) => {
      if (!hasMembers(each, kind, shape)) problem("members", `${kind}s[${number}]`);
    });
  }
}

// The executed rules with their defaults; null if they cannot be read, or do not have the stated hash.
async function readRules(campaign, problem) {
  const expected = hexOf(await sha256(utf8(canonical(campaign.rules))));
  if (expected !== campaign.rules_sha256) {
    problem("rules_hash", "campaign.rules_sha256", expected);
    return null;
  }
  const rules = { ...DEFAULTS, ...campaign.rules };
  for (const name of ["criteria", "prizes", "weights", "caps", "tie_break", "beacon_order"]) rules[name] = rules[name] ?? DEFAULTS[name];
  if (!areRules(rules)) {
    problem("rules_unreadable", "campaign.rules");
    return null;
  }
  rules.weights = { quality: "0", likes: "0", comments: "0", ...rules.weights };
  rules.caps = { likes: 0, comments: 0, ...rules.caps };
  rules.criteria = rules.criteria.map((each) => ({ weight: "0", ...each }));
  rules.startsAt = micros(rules.starts_at);
  rules.endsAt = micros(rules.ends_at);
  return rules;
}

// --- Rows ---------------------------------------------------------------------------------------------------------------------------

// What a row, winner or holder is about.
const nameOf = (line) => line.post_id ?? line.comment_id ?? line.person;
const isId = (text) => /^(0|[1-9][0-9]*)$/.test(text);
const numberOf = (line) => (nameOf(line) === line.person ? BigInt(`0x${line.person}`) : BigInt(nameOf(line)));

function isSpelled(row, shape) {
  return (
    micros(row.entered_at) !== null &&
    (!shape.isSecond || isHex(row.person, 32)) &&
    (shape.isNamed ? isId(nameOf(row)) : isHex(row.person, 32)) &&
    (!shape.isScored || (isScore(row.quality) && row.likes_counted >= 0 && row.commenters_counted >= 0))
  );
}

function checkRow(row, rules, shape, where, problem) {
  const enteredAt = micros(row.entered_at);
  if (enteredAt < rules.startsAt || enteredAt >= rules.endsAt) problem("outside_of_the_period", `${where}.entered_at`);
  if (shape.isSecond && (row.reason === null) === (row.rank === null)) problem("reason", `${where}.reason`);
  if (row.marks !== undefined) checkMarks(row, rules, where, problem);
  if (shape.isScored && row.score !== scoreOf(row, rules)) problem("score", `${where}.score`, scoreOf(row, rules));
}

function checkMarks(row, rules, where, problem) {
  const jurors = row.marks.map((mark) => mark.juror);
  if (jurors.some((each, number) => number > 0 && !(jurors[number - 1] < each))) problem("mark_twice", `${where}.marks`);
  for (const [number, mark] of row.marks.entries()) {
    const at = `${where}.marks[${number}]`;
    if (!isHex(mark.juror, 32) || !isScore(mark.score) || !(mark.scores ?? []).every(isScore)) {
      problem("spelling", at);
      return;
    }
    const isByCriteria = rules.criteria.length > 0;
    if ((mark.scores !== undefined) !== isByCriteria || (isByCriteria && mark.scores.length !== rules.criteria.length)) {
      problem("mark_criteria", at);
    } else if (isByCriteria && mark.score !== weightedScore(mark.scores, rules.criteria)) {
      problem("mark_score", `${at}.score`);
    }
  }
  if (row.quality !== qualityOf(row.marks)) problem("quality", `${where}.quality`);
}

// --- The tree -------------------------------------------------------------------------------------------------------------------------

const leafOf = (row) => sha256([0], utf8(canonical(row)));
const nodeOf = (left, right) => sha256([1], left, right);

async function rootOf(rows, watch) {
  let level = [];
  for (let at = 0; at < rows.length; at += AT_ONCE) {
    await watch("tree", { done: at, of: rows.length });
    level.push(...(await Promise.all(rows.slice(at, at + AT_ONCE).map(leafOf))));
  }
  if (!level.length) return hexOf(await sha256());
  while (level.length > 1) {
    const above = [];
    for (let at = 0; at < level.length; at += 2) {
      above.push(at + 1 < level.length ? nodeOf(level[at], level[at + 1]) : level[at]);
    }
    level = await Promise.all(above);
  }
  return hexOf(level[0]);
}

// The root that the path leads to; null if no path of this length begins at this row.
export async function rootOfPath(row, index, size, path) {
  if (!(index >= 0 && index < size)) return null;
  let hash = await leafOf(row);
  let used = 0;
  for (let [at, width] = [index, size]; width > 1; [at, width] = [Math.floor(at / 2), Math.ceil(width / 2)]) {
    const isLeft = at % 2 === 0;
    if (isLeft && at + 1 >= width) continue;
    if (used === path.length) return null;
    const other = bytesOf(path[used++]);
    hash = isLeft ? await nodeOf(hash, other) : await nodeOf(other, hash);
  }
  return used === path.length ? hexOf(hash) : null;
}

// --- Who wins -----------------------------------------------------------------------------------------------------------------------------

const compare = (one, other) => (one < other ? -1 : one > other ? 1 : 0);
const TIES = {
  quality: (row) => -inMillionths(row.quality),
  likes: (row) => BigInt(-row.likes_counted),
  comments: (row) => BigInt(-row.commenters_counted),
  earliest: (row) => micros(row.entered_at),
};

function bySorting(rows, keysOf) {
  const keyed = rows.map((row) => [keysOf(row), row]);
  keyed.sort(([one], [other]) => one.map((key, at) => compare(key, other[at])).find((sign) => sign !== 0) ?? 0);
  return keyed.map(([, row]) => row);
}

function firstOfEach(rows) {
  const best = new Map();
  for (const row of rows) if (!best.has(row.person)) best.set(row.person, row);
  return best;
}

function selectByScore(eligible, rules) {
  const order = bySorting(eligible, (row) => [
    -inMillionths(scoreOf(row, rules)),
    ...rules.tie_break.map((name) => TIES[name](row)),
    micros(row.entered_at),
    numberOf(row),
  ]);
  return { ranks: new Map(order.map((row, at) => [row, at + 1])), best: [...firstOfEach(order).values()] };
}

async function selectByDraw(eligible, section, seed) {
  const drawn = await orderTickets(seed, eligible.map((row) => row.person), section.added ?? []);
  const rankOf = new Map(drawn.map((person, at) => [person, at + 1]));
  const first = firstOfEach(bySorting(eligible, (row) => [micros(row.entered_at), numberOf(row)]));
  return {
    ranks: new Map(eligible.map((row) => [row, rankOf.get(row.person)])),
    best: drawn.map((person) => first.get(person)),
  };
}

async function orderTickets(seed, persons, added) {
  const keyed = await Promise.all(
    [...new Set(persons)].map(async (person) => [
      [added.includes(person) ? 1 : 0, hexOf(await hmac(seed, bytesOf(person))), person],
      person,
    ]),
  );
  return bySorting(keyed, ([keys]) => keys).map(([, person]) => person);
}

function prizesOf(rules, place) {
  return rules.prizes
    .filter(({ places }) => places == null || (places[0] <= place && place <= places[1]))
    .map((prize) => without(prize, "image_media_id", "places"));
}

function checkSelection(document, { ranks, best }, rules, shape, problem) {
  document.sheet.forEach((row, number) => {
    if (row.rank !== null && row.rank !== ranks.get(row)) problem("rank", `sheet[${number}].rank`);
  });
  const ordered = bySorting(document.sheet, (row) => [row.rank === null ? 1 : 0, row.rank ?? 0, numberOf(row)]);
  if (ordered.some((row, number) => row !== document.sheet[number])) problem("order", "sheet");
  checkCounts(document, shape, problem);
  const line = (row) => ({
    rank: ranks.get(row),
    person: row.person,
    ...(row.post_id === undefined ? {} : { post_id: row.post_id }),
    ...(row.comment_id === undefined ? {} : { comment_id: row.comment_id }),
    ...(shape.isScored ? { score: scoreOf(row, rules) } : {}),
  });
  const winners = best.slice(0, rules.winner_count).map((row, at) => ({
    ...line(row),
    ...(shape.isSecond ? { place: at + 1 } : {}),
    prizes: prizesOf(rules, at + 1),
  }));
  const reserves = best.slice(rules.winner_count, rules.winner_count + rules.reserve_count).map(line);
  if (!same(document.winners, winners)) problem("winners", "winners");
  if (!same(document.reserves, reserves)) problem("reserves", "reserves");
}

function checkCounts({ sheet, counts }, shape, problem) {
  const ranked = sheet.filter((row) => row.rank !== null);
  const sum = (name) => sheet.reduce((total, row) => total + row[name], 0);
  const expected = {
    entries: sheet.length,
    ranked: ranked.length,
    persons: new Set(ranked.map((row) => row.person)).size,
    excluded: counts.excluded,
    ...Object.fromEntries(shape.counts.map((name) => [name, sum(name)])),
  };
  const excluded = Object.entries(counts.excluded);
  const total = excluded.reduce((whole, [, count]) => whole + count, 0);
  if (!same(counts, expected) || total !== sheet.length - ranked.length) {
    problem("counts", "counts");
    return;
  }
  if (!shape.isSecond) return;
  const numberWith = (reason) => sheet.filter((row) => row.reason === reason).length;
  const shown = (reason) => (numberWith(reason) >= LEAST_SHOWN ? numberWith(reason) : 0);
  const aboutPersons = excluded.filter(([reason]) => !ABOUT_ENTRIES.includes(reason) && reason !== "other");
  if (
    ABOUT_ENTRIES.some((reason) => (counts.excluded[reason] ?? 0) !== shown(reason)) ||
    excluded.some(([, count]) => count <= 0) ||
    aboutPersons.reduce((whole, [, count]) => whole + count, 0) > numberWith("not_eligible")
  ) {
    problem("counts", "counts.excluded");
  }
}

// --- Draws: draw-spec.md --------------------------------------------------------------------------------------------------------------------

function u64(number) {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(number));
  return bytes;
}

function withLength(text) {
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, utf8(text).length);
  return joined(length, utf8(text));
}

// The seed that the order follows from; null if it cannot be computed.
async function checkDraw(document, eligible, rules, problem) {
  const section = document.draw;
  const { beacon } = section;
  const current = [...new Set(eligible.map((row) => row.person))].sort();
  const [removed, added] = [section.removed ?? [], section.added ?? []];
  const publishedAt = micros(section.list_published_at);
  const areTickets = [...current, ...removed, ...added].every((each) => isHex(each, 32));
  if (publishedAt === null || !isHex(section.nonce, 64) || !areTickets) {
    problem("spelling", "draw");
    return null;
  }
  if (publishedAt < rules.endsAt + FREEZE_AFTER || publishedAt >= LATEST) {
    problem("frozen_too_early", "draw.list_published_at");
    return null;
  }
  const isSet = (list) => list.every((each, at) => at === 0 || list[at - 1] < each);
  const isAbsentIfEmpty = [section.removed, section.added].every((list) => list == null || list.length);
  if (
    !isAbsentIfEmpty ||
    ![removed, added].every(isSet) ||
    removed.some((each) => current.includes(each)) ||
    !added.every((each) => current.includes(each))
  ) {
    problem("draw_list", "draw.removed");
    return null;
  }
  const tickets = [...current.filter((each) => !added.includes(each)), ...removed].sort();
  // The id of a campaign is a number of 63 bits; 0 stands for any other.
  const id = isId(document.campaign.id) && BigInt(document.campaign.id) < 2n ** 63n ? document.campaign.id : "0";
  const list = await sha256(utf8("feed-draw-1/list"), u64(id), u64(tickets.length), ...tickets.map(bytesOf));
  const seed = await sha256(
    utf8("feed-draw-1/seed"),
    list,
    bytesOf(section.nonce),
    ...[beacon.source, beacon.round, beacon.value].map(withLength),
  );
  const expected = {
    tickets: tickets.length,
    list_sha256: hexOf(list),
    nonce_sha256: hexOf(await sha256(bytesOf(section.nonce))),
    seed: hexOf(seed),
    publicly_verifiable: beacon.source !== "own",
  };
  for (const [name, value] of Object.entries(expected)) {
    if (section[name] !== value) problem(`draw_${name}`, `draw.${name}`, String(value));
  }
  if (section.earlier.length) problem("draw_earlier", "draw.earlier");
  await checkBeacon(beacon, rules, publishedAt, problem);
  checkCorrections(section, rules, publishedAt, problem);
  return section.seed === expected.seed ? seed : null;
}

// When a source is waited for; null if the rules do not name it.
function windowOf(source, rules, publishedAt) {
  const number = rules.beacon_order.indexOf(source);
  if (number < 0) return null;
  const wait = BigInt(rules.beacon_wait_hours) * 3600n * MICROS_PER_SECOND;
  const start = publishedAt + BigInt(number) * wait;
  return { notBefore: start + BEACON_DELAY, until: start + wait };
}

const isRound = (text) => text.length <= 40 && /^[0-9A-Za-z]+(-[0-9A-Za-z]+)*$/.test(text);
const isPublicNumber = (text) => text.length <= 100 && /^[0-9]+( [0-9]+)*$/.test(text);

async function checkBeacon(beacon, rules, publishedAt, problem) {
  const appearedAt = beacon.appeared_at === null ? null : micros(beacon.appeared_at);
  const isSignature = beacon.signature === null || (isHex(beacon.signature, beacon.signature.length) && beacon.signature.length % 2 === 0);
  if (
    (beacon.appeared_at !== null && appearedAt === null) ||
    !isSignature ||
    !beacon.entered_by.every((each) => isHex(each, 32))
  ) {
    problem("spelling", "draw.beacon");
    return;
  }
  if (beacon.source === "own") {
    const own = { source: "own", name: "", round: "", value: beacon.value, appeared_at: null, signature: null, entered_by: [] };
    if (!same(beacon, own)) problem("draw_beacon", "draw.beacon");
    if (!isHex(beacon.value, 64)) problem("spelling", "draw.beacon.value");
    return;
  }
  const window = windowOf(beacon.source, rules, publishedAt);
  if (window === null || appearedAt === null) {
    problem("draw_beacon", "draw.beacon.source");
    return;
  }
  if (appearedAt < window.notBefore || appearedAt >= window.until) problem("draw_beacon_time", "draw.beacon.appeared_at");
  if (beacon.source === "drand") {
    await checkDrand(beacon, appearedAt, window.notBefore, problem);
    return;
  }
  if (beacon.name !== rules.beacon) problem("draw_beacon", "draw.beacon.name");
  if (!isRound(beacon.round) || !isPublicNumber(beacon.value)) problem("spelling", "draw.beacon");
  if (beacon.signature !== null || beacon.entered_by.length !== 2 || new Set(beacon.entered_by).size !== 2) {
    problem("draw_beacon", "draw.beacon.entered_by");
  }
}

async function checkDrand(beacon, appearedAt, notBefore, problem) {
  if (beacon.name !== QUICKNET.sha256) {
    problem("draw_chain", "draw.beacon.name");
    return;
  }
  const passed = notBefore - QUICKNET.genesis;
  const round = passed <= 0n ? 1n : (passed + QUICKNET.period - 1n) / QUICKNET.period + 1n;
  if (beacon.round !== String(round)) {
    problem("draw_round", "draw.beacon.round", String(round));
    return;
  }
  if (appearedAt !== QUICKNET.genesis + (round - 1n) * QUICKNET.period) problem("draw_beacon_time", "draw.beacon.appeared_at");
  if (beacon.signature === null || beacon.signature.length !== 96) problem("draw_signature", "draw.beacon.signature");
  else if (beacon.value !== hexOf(await sha256(bytesOf(beacon.signature)))) problem("draw_value", "draw.beacon.value");
  if (beacon.entered_by.length) problem("draw_beacon", "draw.beacon.entered_by");
}

function checkCorrections({ corrected, beacon }, rules, publishedAt, problem) {
  if (corrected == null) return;
  const window = windowOf("public_number", rules, publishedAt);
  if (window === null || beacon.source !== "public_number" || !corrected.length) {
    problem("draw_corrected", "draw.corrected");
    return;
  }
  let previousAt = publishedAt;
  for (const [number, wrong] of corrected.entries()) {
    const right = corrected[number + 1] ?? beacon;
    const where = `draw.corrected[${number}]`;
    const [appearedAt, correctedAt] = [micros(wrong.appeared_at), micros(wrong.corrected_at)];
    if (appearedAt === null || correctedAt === null || !wrong.entered_by.every((each) => isHex(each, 32))) {
      problem("spelling", where);
      return;
    }
    if (!isRound(wrong.round) || !isPublicNumber(wrong.value)) problem("spelling", where);
    const isInTime = window.notBefore <= appearedAt && appearedAt < window.until;
    const earliest = previousAt > appearedAt ? previousAt : appearedAt;
    if (!isInTime || correctedAt <= earliest || correctedAt >= LATEST) problem("draw_corrected", where);
    const editors = new Set(wrong.entered_by);
    if (editors.size !== 2 || wrong.entered_by.length !== 2 || right.entered_by.every((each) => editors.has(each))) {
      problem("draw_corrected", `${where}.entered_by`);
    }
    if (["round", "value", "appeared_at"].every((name) => wrong[name] === right[name])) problem("draw_corrected", where);
    previousAt = correctedAt;
  }
}

// --- Amendments ---------------------------------------------------------------------------------------------------------------------------

// The holders of the places after the amendments; null if the chain is wrong.
async function checkChain(document, resultHash, amendments, rules, keys, problem) {
  const format = document.format === "feed-result-1" ? "feed-amendment-1" : "feed-amendment-2";
  let places = document.winners.map((each) => without(each, "prizes", "place"));
  let reserves = document.reserves;
  let [previous, earliest, isSound] = [resultHash, micros(document.frozen_at), true];
  const identity = ({ post_id = null, comment_id = null, person }) => [post_id, comment_id, person];
  for (const [number, each] of amendments.entries()) {
    const where = `amendments[${number}]`;
    const wrong = (code, member) => {
      isSound = false;
      problem(code, `${where}${member}`);
    };
    if (each.format !== format) wrong("amendment_format", ".format");
    const chained = [document.campaign.id, resultHash, number + 1, previous];
    if (!same([each.campaign_id, each.result_sha256, each.number, each.previous_sha256], chained)) wrong("amendment_chain", "");
    const madeAt = micros(each.made_at);
    if (madeAt === null || earliest === null) wrong("spelling", ".made_at");
    else if (madeAt < earliest) wrong("amendment_time", ".made_at");
    const signed = await signedBy(each, [], keys, madeAt);
    if (signed === "unknown_key") wrong("amendment_key", ".signature");
    else if (signed === "wrong") wrong("amendment_signature", ".signature");
    else if (signed === "key_over") wrong("amendment_key_over", ".made_at");
    if (places !== null) {
      const staysEmpty = rules !== null && rules.unclaimed === "void" && each.reason === "not_claimed";
      const turn = each.passed_over.length;
      const next = reserves[turn] ?? null;
      let code = null;
      if (!(each.place >= 1 && each.place <= places.length) || !same(places[each.place - 1], each.leaves)) code = "amendment_leaves";
      else if (staysEmpty) code = each.enters !== null || turn ? "amendment_kept_empty" : null;
      else if (!same(each.passed_over.map(identity), reserves.slice(0, turn).map(identity))) code = "amendment_passed_over";
      else if (!same(each.enters, next)) code = "amendment_enters";
      if (code === null) {
        places = places.map((holder, at) => (at === each.place - 1 ? each.enters : holder));
        reserves = reserves.filter((reserve) => !same(reserve, each.enters));
      } else {
        wrong(code, "");
        places = null;
      }
    }
    previous = hexOf(await sha256(utf8(canonical(each))));
    earliest = madeAt ?? earliest;
  }
  return isSound ? places : null;
}

// --- Whole documents, step by step ------------------------------------------------------------------------------------------------------------------------

// A page that shows the steps is told of each, awaited, so that it can let the browser breathe: `watch(step, {done, of, found})`.
// Problems belong to the step that was announced last; `found` is what the end of a step adds to it.
const unwatched = async () => {};

function recorder() {
  const problems = [];
  const problem = (code, where, expected = "") => problems.push({ code, where, expected });
  return { problems, problem };
}

const unreadable = (why) => ({ problems: [{ code: "unreadable", where: why, expected: "" }], signed: "not_checked" });

function readable(text, attachments, type) {
  const document = parseStrictly(text);
  if (!isObject(document)) throw new Unreadable("not an object");
  for (const [name, attached] of Object.entries(attachments)) {
    if (name in document && !attached(document[name])) throw new Unreadable(name);
  }
  const rest = without(document, ...Object.keys(attachments));
  if (!type(rest)) throw new Unreadable("the members of the document");
  return { document: rest, amendments: document.amendments ?? [] };
}

// Verifies a published result. Without keys (null) the signatures are not checked. Throws CannotCheck.
export async function verifyResult(text, keys = null, watch = unwatched) {
  await watch("document", {});
  let read;
  try {
    read = readable(text, { amendments: listOf(isAmendment), people: mapOf(isText) }, isResult);
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(error.message);
    throw error;
  }
  const { document, amendments } = read;
  const { problems, problem } = recorder();
  const told = (step, more = {}) => watch(step, { problems, ...more });
  await told("signature");
  const unsigned = document.format === "feed-result-1" ? [] : ["sheet"];
  const signed = await signedBy(document, unsigned, keys, micros(document.frozen_at));
  await told("rules", { signed });
  const rules = await readRules(document.campaign, problem);
  if (rules !== null) await checkSheet(document, rules, problem, told);
  await told("amendments");
  const resultHash = hexOf(await sha256(utf8(canonical(document))));
  const places = await checkChain(document, resultHash, amendments, rules, keys, problem);
  await told("end");
  return {
    format: document.format,
    problems,
    signed,
    sha256: resultHash,
    holders: problems.length || places === null ? [] : places.map((each) => (each === null ? null : nameOf(each))),
    notChecked: ["campaign.rules", ...(document.draw?.beacon.source === "drand" ? ["draw.beacon.signature"] : [])],
  };
}

async function checkSheet(document, rules, problem, told) {
  await told("head");
  const shape = shapeOf(document.format, rules);
  const before = [];
  await checkHead(document, rules, shape, (...found) => {
    before.push(found[0]);
    problem(...found);
  });
  const { sheet } = document;
  await told("rows", { done: 0, of: sheet.length });
  const misshapen = sheet.filter((row) => !hasMembers(row, "row", shape));
  if (misshapen.length) problem("members", "sheet");
  if (misshapen.length || before.includes("members")) return;
  const misspelled = sheet.findIndex((row) => !isSpelled(row, shape));
  if (misspelled >= 0) {
    problem("spelling", `sheet[${misspelled}]`);
    return;
  }
  if (new Set(sheet.map(numberOf)).size < sheet.length) problem("entry_twice", "sheet");
  const skipped = new Set(document.skipped.flatMap((each) => [each.post_id, each.comment_id]));
  for (const [number, row] of sheet.entries()) {
    if (number % AT_ONCE === 0) await told("rows", { done: number, of: sheet.length });
    checkRow(row, rules, shape, `sheet[${number}]`, problem);
    if (skipped.has(nameOf(row))) problem("judged_and_skipped", `sheet[${number}]`);
  }
  if (document.tree !== undefined) {
    await told("tree", { done: 0, of: sheet.length });
    if ((await rootOf(sheet, told)) !== document.tree.root) problem("tree", "tree.root");
  }
  const eligible = sheet.filter((row) => row.rank !== null);
  if ((rules.method === "draw") !== (document.draw !== undefined)) {
    problem("draw_missing", "draw");
  } else if (document.draw === undefined) {
    await told("order");
    checkSelection(document, selectByScore(eligible, rules), rules, shape, problem);
  } else {
    await told("draw");
    const seed = await checkDraw(document, eligible, rules, problem);
    const isZero = (row) => row.quality === "0.000000" && row.likes_counted === 0 && row.commenters_counted === 0;
    if (shape.isScored && !sheet.every(isZero)) problem("draw_counts_nothing", "sheet");
    await told("order");
    if (seed !== null) checkSelection(document, await selectByDraw(eligible, document.draw, seed), rules, shape, problem);
  }
}

// Verifies the proof of one entry. Without keys (null) the signatures are not checked. Throws CannotCheck.
export async function verifyProof(text, keys = null, watch = unwatched) {
  await watch("document", {});
  let proof;
  try {
    proof = readable(text, {}, isProof).document;
  } catch (error) {
    if (error instanceof Unreadable) return unreadable(error.message);
    throw error;
  }
  const { problems, problem } = recorder();
  const { result, row } = proof;
  const amendments = proof.amendments ?? [];
  const told = (step, more = {}) => watch(step, { problems, ...more });
  await told("signature");
  const signed = await signedBy(result, [], keys, micros(result.frozen_at));
  await told("rules", { signed });
  const rules = await readRules(result.campaign, problem);
  const places = rules === null ? null : await checkProof(proof, amendments, rules, keys, problem, told);
  await told("end");
  const isOwn = (each) => each !== null && nameOf(each) === nameOf(row) && each.person === row.person;
  const place = problems.length || places == null ? -1 : places.findIndex(isOwn);
  return {
    format: proof.format,
    problems,
    signed,
    row,
    place: place < 0 ? null : place + 1,
    notChecked: ["campaign.rules", "the other rows"],
  };
}

async function checkProof(proof, amendments, rules, keys, problem, told) {
  await told("head");
  const { result, row, index, path } = proof;
  const shape = shapeOf(result.format, rules);
  if (result.tree === undefined) {
    problem("proof_format", "result.format");
    return null;
  }
  const before = [];
  await checkHead(result, rules, shape, (...found) => {
    before.push(found[0]);
    problem(...found);
  });
  await told("path");
  if (!path.every((each) => isHex(each, 64))) {
    problem("spelling", "path");
  } else {
    const root = await rootOfPath(row, index, result.tree.size, path);
    if (root === null) problem("proof_index", "index");
    else if (root !== result.tree.root) problem("proof_path", "path");
  }
  await told("row");
  if (!hasMembers(row, "row", shape)) problem("members", "row");
  if (!hasMembers(row, "row", shape) || before.includes("members")) return null;
  if (!isSpelled(row, shape)) {
    problem("spelling", "row");
    return null;
  }
  checkRow(row, rules, shape, "row", problem);
  checkRank(proof, rules, shape, problem);
  await told("amendments");
  if (!amendments.length) return result.winners;
  const [{ result_sha256: resultHash }] = amendments;
  if (!isHex(resultHash, 64) || (result.withdrawn ?? []).includes(resultHash)) {
    problem("amendment_chain", "amendments[0].result_sha256");
  }
  return checkChain(result, resultHash, amendments, rules, keys, problem);
}

// Whether rank and position of the row fit the winners and reserves that are signed.
function checkRank({ result, row, index }, rules, shape, problem) {
  if ((row.rank === null) === index < result.counts.ranked) problem("rank", "row.rank");
  if (row.rank === null) return;
  if (shape.isScored && row.rank !== index + 1) problem("rank", "row.rank", String(index + 1));
  const lines = [...result.winners, ...result.reserves];
  const ofPerson = lines.filter((each) => each.person === row.person);
  const own = ofPerson.filter((each) => nameOf(each) === nameOf(row));
  const isFull = lines.length >= rules.winner_count + rules.reserve_count;
  if (own.some((each) => each.rank !== row.rank || each.score !== row.score)) problem("rank", "row.rank");
  else if (!ofPerson.length && (!isFull || lines.some((each) => row.rank < each.rank))) problem("winners", "result.winners");
  else if (ofPerson.some((each) => row.rank < each.rank)) problem("winners", "result.winners");
}

// A result or a proof, by its format.
export async function verify(text, keys = null, watch = unwatched) {
  return /"format"\s*:\s*"feed-proof-1"/.test(text.slice(0, 1000)) ? verifyProof(text, keys, watch) : verifyResult(text, keys, watch);
}

async function main() {
  const [{ readFileSync, realpathSync }, { pathToFileURL }] = await Promise.all([import("node:fs"), import("node:url")]);
  if (import.meta.url !== pathToFileURL(realpathSync(process.argv[1])).href) return;
  const decode = (path) => new TextDecoder("utf-8", { fatal: true }).decode(readFileSync(path));
  const [, , path, keyPath] = process.argv;
  const keys = keyPath === undefined ? null : await readKeys(decode(keyPath));
  const found = await verify(decode(path), keys);
  console.log(JSON.stringify(found, null, 1));
  process.exitCode = found.problems.length || !["authentic", "not_checked"].includes(found.signed) ? 1 : 0;
}

// In Node, where this file was started rather than imported.
if (typeof process !== "undefined" && process.argv && process.argv[1]) main();
