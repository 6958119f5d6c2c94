// Sends forms without leaving the page. Every form works without this script: it sends the same request, gets the same page as the
// browser would, and takes from it the parts that `data-swap` names. Written for ES2020.
//
//   <form method="post" action="/posts/1/comments" data-swap="#comments" data-done="已发表">
//   <button form="act" formaction="/posts/1/like" data-swap="#post-1-actions">
//
// data-swap   selectors of the elements to replace, separated by commas; those within the form's page and the new page. Without it the
//             browser goes on to the page that the form leads to; an answer that has no address of its own replaces `#main`
// data-plain  the browser sends the form itself: the sign-in, and files that are too large to be held in memory
// data-done   what a screen reader says afterwards
// data-focus  selectors, separated by commas: the first one with an element gives it the focus afterwards; without it the element with the id of what had the focus, or the new part
// data-refresh  selectors of parts that a page with a problem replaces, too: what was outdated, for instance the version that is agreed to
// data-confirm  asks before sending
// data-back   of a button of the shared form: a page that surely has the parts; without it the page that the browser shows
// data-address  the browser's address becomes that of the new page, so that a reload shows the same

import { isChanged } from "./fields.js";
import { begin, isOutdated, swap } from "./swaps.js";

const TIMEOUT_MS = 20000;
const UPLOAD_TIMEOUT_MS = 600000;
const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);
const OUTCOME = "[data-problem]:not([hidden]), [data-outcome]";
let composing = false;

// Whether a response is the sign-in: the request had no session any more.
export const isSignIn = (url) => /^\/sign-in(\/|$)/.test(new URL(url, location.href).pathname);

export function announce(text) {
  const place = document.getElementById("announcer");
  if (place && text) place.textContent = text;
}

// An input method confirms a word with Enter; some browsers report that key after the composition has ended, as key 229.
document.addEventListener("keydown", (event) => {
  composing = event.isComposing || event.keyCode === 229;
  if (event.key !== "Enter" || composing || event.repeat) return;
  const field = event.target;
  if (field instanceof HTMLTextAreaElement && (event.ctrlKey || event.metaKey) && field.form) {
    event.preventDefault();
    field.form.requestSubmit();
  }
}, true);
document.addEventListener("keyup", () => { composing = false; }, true);
// A tap on a button is meant, whatever the input method has not finished.
document.addEventListener("pointerdown", () => { composing = false; }, true);

document.addEventListener("submit", (event) => {
  const form = event.target;
  const submitter = event.submitter;
  if (composing) {
    event.preventDefault();
    return;
  }
  if (event.defaultPrevented || !(form instanceof HTMLFormElement)) return;
  const question = submitter?.dataset.confirm ?? form.dataset.confirm;
  if (question && !window.confirm(question)) {
    event.preventDefault();
    return;
  }
  if (form.dataset.busy) {
    event.preventDefault();
    return;
  }
  if (form.getAttribute("method") !== "post" || form.dataset.plain !== undefined) return;
  event.preventDefault();
  send(form, submitter);
});

// A page from the browser's memory: what was busy then is not busy now.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
});

async function send(form, submitter) {
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const fields = new FormData(form);
  if (submitter?.name) fields.append(submitter.name, submitter.value);
  if (form.id === "act") fields.set("back", submitter?.dataset.back ?? location.pathname + location.search);
  const isUpload = form.enctype === "multipart/form-data";
  const body = isUpload ? fields : new URLSearchParams([...fields]);
  // Many buttons belong to the one form of a page: another button may be used meanwhile, the same one may not.
  const shared = form.id === "act";
  if (shared ? submitter?.getAttribute("aria-busy") === "true" : form.dataset.busy) return;
  const number = begin();
  if (!shared) form.dataset.busy = "1";
  submitter?.setAttribute("aria-busy", "true");
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), isUpload ? UPLOAD_TIMEOUT_MS : TIMEOUT_MS);
  try {
    const response = await fetch(action, {
      method: "POST", body, headers: { accept: "text/html" }, credentials: "same-origin", signal: stop.signal,
    });
    if (response.ok && isFile(response)) {
      save(response, await response.blob());
      return;
    }
    const page = await read(response);
    if (isSignIn(response.url)) {
      document.dispatchEvent(new CustomEvent("feed:signed-out", { detail: { form } }));
      location.assign(response.url);
    } else if (!response.ok) {
      for (const [old, made] of pairs(form.dataset.refresh ?? "", page)) if (old && made) swap(old, made, number);
      showProblem(form, submitter, page.querySelector("[data-problem]:not([hidden])"), response.status);
    } else {
      form.dispatchEvent(new CustomEvent("feed:sent", { bubbles: true }));
      await showResult(form, submitter, { page, response, number });
    }
  } catch {
    showProblem(form, submitter, null, 0);
  } finally {
    clearTimeout(timer);
    delete form.dataset.busy;
    submitter?.removeAttribute("aria-busy");
  }
}

const read = async (response) => new DOMParser().parseFromString(await response.text(), "text/html");

const isFile = (response) => (response.headers.get("content-disposition") ?? "").startsWith("attachment");

function save(response, content) {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(content);
  link.download = /filename="?([^";]+)/.exec(response.headers.get("content-disposition"))?.[1] ?? "";
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60000);
}

const pairs = (selectors, page) => selectors.split(",").map((each) => each.trim()).filter(Boolean)
  .map((selector) => [document.querySelector(selector), page.querySelector(selector)]);

// The parts of the new page beside those of this one; null if the browser has to go there.
function partsOf(selectors, { page, response }) {
  const parts = pairs(selectors || (response.redirected ? "" : "#main"), page);
  return parts.length && parts.every(([old, made]) => old && made) ? parts : null;
}

// The parts as they are now, where the answer may be older than what a later request has put there; null if that cannot be read.
async function readAgain(selectors, { response }) {
  if (!response.redirected) return null;
  try {
    const number = begin();
    const newer = await fetch(response.url, { headers: { accept: "text/html" }, credentials: "same-origin", cache: "no-cache" });
    const parts = newer.ok && !isSignIn(newer.url) ? partsOf(selectors, { page: await read(newer), response: newer }) : null;
    if (!parts) return null;
    // What was sent meanwhile shows its own answer.
    return isOutdated(parts.map(([old]) => old), number) ? readAgain(selectors, { response: newer }) : { parts, number };
  } catch {
    return null;
  }
}

async function showResult(form, submitter, answer) {
  const selectors = submitter?.dataset.swap ?? form.dataset.swap ?? "";
  let { number } = answer;
  let parts = partsOf(selectors, answer);
  if (!parts) {
    location.assign(answer.response.url);
    return;
  }
  if (isOutdated(parts.map(([old]) => old), number)) {
    const newer = await readAgain(selectors, answer);
    parts = newer?.parts ?? [];
    number = newer?.number ?? number;
  }
  const focused = document.activeElement;
  for (const place of document.querySelectorAll("[data-problem]:not([hidden])")) place.hidden = true;
  if ((submitter?.dataset.address ?? form.dataset.address) !== undefined) history.replaceState(history.state, "", answer.response.url);
  let first = null;
  for (const [old, made] of parts) {
    // What is being typed elsewhere in the part stays.
    const stays = old.contains(focused) && isChanged(focused) && focused.form !== form;
    const shown = stays ? old : swap(old, made, number);
    first = first ?? shown;
  }
  const wanted = submitter?.dataset.focus ?? form.dataset.focus;
  const named = (wanted ?? "").split(",").map((each) => each.trim()).filter(Boolean)
    .map((selector) => document.querySelector(selector)).find(Boolean);
  const outcome = first?.querySelector(OUTCOME);
  const target = named || (focused?.id && document.getElementById(focused.id)) || outcome || first;
  if (!selectors) document.title = answer.page.title;
  if (target && (wanted || !document.contains(focused))) {
    if (target.tabIndex < 0) target.tabIndex = -1;
    target.focus({ preventScroll: target !== outcome });
  }
  announce(submitter?.dataset.done ?? form.dataset.done ?? "");
  document.dispatchEvent(new CustomEvent("feed:swapped", { detail: { swap: selectors } }));
}

function showProblem(form, submitter, problem, status) {
  // Not within the button itself.
  const near = form.id === "act" ? submitter?.parentElement?.closest("[id]") : form;
  let place = near?.querySelector("[data-problem]") ?? null;
  if (!place) {
    place = document.createElement("div");
    place.className = "problem";
    place.setAttribute("role", "alert");
    place.dataset.problem = "";
    if (near) near.prepend(place);
    else document.getElementById("main")?.prepend(place);
  }
  // Filled after it is shown, so that screen readers speak it.
  place.hidden = false;
  place.replaceChildren();
  const words = problem ? [...problem.childNodes].map((each) => document.importNode(each, true)) : [message(status)];
  setTimeout(() => place.replaceChildren(...words), 50);
  place.tabIndex = -1;
  place.focus({ preventScroll: false });
}

function message(status) {
  const text = document.createElement("p");
  text.textContent = status === 0
    ? say("网络不通，内容还在，请重试。", "No connection. What you wrote is still here: please try again.")
    : say(`没有成功（${status}），内容还在，请重试。`, `That did not work (${status}). What you wrote is still here.`);
  return text;
}

// A page that came back with what is wrong, or that says what has been done: the focus goes there, so that it is read first.
const outcome = document.querySelector("main")?.querySelector(OUTCOME);
if (outcome && (document.activeElement === document.body || document.activeElement === null)) {
  outcome.tabIndex = -1;
  outcome.focus({ preventScroll: false });
}
