// Sends forms without leaving the page. Every form works without this script: it sends the same request, gets the same page as the
// browser would, and takes from it the parts that `data-swap` names. Written for ES2020.
//
//   <form method="post" action="/posts/1/comments" data-swap="#comments" data-done="已发表">
//   <button form="act" formaction="/posts/1/like" data-swap="#post-1-actions">
//
// data-swap   selectors of the elements to replace, separated by commas; those within the form's page and the new page
// data-done   what a screen reader says afterwards
// data-focus  selectors, separated by commas: the first one with an element gives it the focus afterwards; without it the element with the id of what had the focus, or the new part
// data-refresh  selectors of parts that a page with a problem replaces, too: what was outdated, for instance the version that is agreed to
// data-confirm  asks before sending
// data-back   of a button of the shared form: a page that surely has the parts; without it the page that the browser shows
// data-address  the browser's address becomes that of the new page, so that a reload shows the same

const TIMEOUT_MS = 20000;
const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);
const latest = new Map();
let composing = false;

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
  const swap = submitter?.dataset.swap ?? form.dataset.swap;
  if (form.dataset.busy) {
    event.preventDefault();
    return;
  }
  if (swap === undefined) return;
  event.preventDefault();
  send(form, submitter, swap);
});

// A page from the browser's memory: what was busy then is not busy now.
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-busy]")) delete form.dataset.busy;
});

async function send(form, submitter, swap) {
  const action = submitter?.getAttribute("formaction") ?? form.getAttribute("action") ?? location.href;
  const fields = new FormData(form);
  if (submitter?.name) fields.append(submitter.name, submitter.value);
  if (form.id === "act") fields.set("back", submitter?.dataset.back ?? location.pathname + location.search);
  const body = form.enctype === "multipart/form-data" ? fields : new URLSearchParams([...fields]);
  // Many buttons belong to the one form of a page: another button may be used meanwhile, the same one may not.
  const shared = form.id === "act";
  if (shared ? submitter?.getAttribute("aria-busy") === "true" : form.dataset.busy) return;
  const number = (latest.get(swap) ?? 0) + 1;
  latest.set(swap, number);
  if (!shared) form.dataset.busy = "1";
  submitter?.setAttribute("aria-busy", "true");
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(action, {
      method: "POST", body, headers: { accept: "text/html" }, credentials: "same-origin", signal: stop.signal,
    });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    if (new URL(response.url).pathname.startsWith("/sign-in") && !location.pathname.startsWith("/sign-in")) {
      document.dispatchEvent(new CustomEvent("feed:signed-out", { detail: { form } }));
      location.assign(response.url);
    } else if (!response.ok) {
      for (const [old, made] of pairs(form.dataset.refresh ?? "", page)) if (old && made) old.replaceWith(made);
      showProblem(form, submitter, page.querySelector("[data-problem]:not([hidden])"), response.status);
    } else if (latest.get(swap) === number) {
      form.dispatchEvent(new CustomEvent("feed:sent", { bubbles: true }));
      showResult(form, submitter, swap, page, response.url);
    }
  } catch {
    showProblem(form, submitter, null, 0);
  } finally {
    clearTimeout(timer);
    delete form.dataset.busy;
    submitter?.removeAttribute("aria-busy");
  }
}

const pairs = (selectors, page) => selectors.split(",").map((each) => each.trim()).filter(Boolean)
  .map((selector) => [document.querySelector(selector), page.querySelector(selector)]);

function showResult(form, submitter, swap, page, url) {
  const focused = document.activeElement;
  const parts = pairs(swap, page);
  if (!parts.length || parts.some(([old, made]) => !old || !made)) {
    location.assign(url);
    return;
  }
  for (const place of document.querySelectorAll("[data-problem]:not([hidden])")) place.hidden = true;
  if ((submitter?.dataset.address ?? form.dataset.address) !== undefined) history.replaceState(history.state, "", url);
  for (const [old, made] of parts) {
    // What is being typed elsewhere in the part stays.
    if (old.contains(focused) && isTyped(focused) && focused.form !== form) continue;
    old.replaceWith(made);
  }
  const wanted = submitter?.dataset.focus ?? form.dataset.focus;
  const named = (wanted ?? "").split(",").map((each) => each.trim()).filter(Boolean)
    .map((selector) => document.querySelector(selector)).find(Boolean);
  const target = named || (focused?.id && document.getElementById(focused.id))
    || document.querySelector(swap.split(",")[0]);
  if (target && !document.contains(focused)) {
    if (target.tabIndex < 0) target.tabIndex = -1;
    target.focus({ preventScroll: true });
  } else if (wanted && target) {
    target.focus({ preventScroll: true });
  }
  announce(submitter?.dataset.done ?? form.dataset.done ?? "");
  document.dispatchEvent(new CustomEvent("feed:swapped", { detail: { swap } }));
}

const isTyped = (element) =>
  (element instanceof HTMLTextAreaElement || element instanceof HTMLInputElement) && element.value !== element.defaultValue;

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
const outcome = document.querySelector("main [data-problem]:not([hidden]), main [data-outcome]");
if (outcome && (document.activeElement === document.body || document.activeElement === null)) {
  outcome.tabIndex = -1;
  outcome.focus({ preventScroll: false });
}
