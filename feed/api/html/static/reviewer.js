// The page of a reviewer: the next case appears at once while the decision is sent, single-key shortcuts that can be switched off,
// and the time that is left of a lease. Every form works without this script. Written for ES2020.

import { announce, isSignIn } from "./forms.js";

const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);
const SWITCH = "feed.shortcuts";
const TIMEOUT_MS = 20000;
const HIDING = new Set(["reject", "remove"]);
// Decisions are sent one after another, in the order in which they were made.
let sending = Promise.resolve();
let number = 0;
let waiting = null;
let isLeaving = false;

// Shortcuts

function areOn() {
  try {
    return localStorage.getItem(SWITCH) !== "off";
  } catch {
    return true;
  }
}

const box = document.getElementById("keys-on");
if (box) {
  document.getElementById("keys-switch").hidden = false;
  box.checked = areOn();
  box.addEventListener("change", () => {
    try {
      localStorage.setItem(SWITCH, box.checked ? "on" : "off");
    } catch { /* It holds for this page only. */ }
    document.body.classList.toggle("keys-off", !box.checked);
  });
}
document.body.classList.toggle("keys-off", !areOn());

const isField = (element) => element instanceof HTMLElement && (element.isContentEditable
  || element.matches("textarea, select, input:not([type=radio]):not([type=checkbox])"));

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.altKey || event.metaKey || event.repeat || event.isComposing || event.keyCode === 229) return;
  if (event.key === "Escape") {
    if (isField(event.target)) event.target.blur();
    const opener = waiting;
    stopAsking();
    opener?.focus();
    return;
  }
  if (!(box ? box.checked : areOn()) || isField(event.target) || event.defaultPrevented) return;
  if (event.key === "?") {
    const keys = document.getElementById("keys");
    if (!keys) return;
    keys.open = !keys.open;
    if (keys.open) keys.querySelector("summary").focus();
    event.preventDefault();
    return;
  }
  if (event.shiftKey) return;
  if (/^[0-9]$/.test(event.key)) {
    const reason = document.querySelector(`#case [data-number="${event.key}"]`);
    if (!reason) return;
    reason.checked = true;
    event.preventDefault();
    if (waiting) waiting.click();
    else reason.focus();
    return;
  }
  const act = { n: writeNote, v: unveilNext }[event.key];
  if (act) {
    if (act()) event.preventDefault();
    return;
  }
  if (!/^[a-z]$/.test(event.key)) return;
  const target = document.querySelector(`main [data-key="${event.key}"]:not(:disabled)`);
  if (!target) return;
  event.preventDefault();
  target.click();
});

function writeNote() {
  const note = document.querySelector("#case textarea[name=note]");
  if (note) note.focus();
  return Boolean(note);
}

function unveilNext() {
  const next = document.querySelector("#case .unveil:not(:checked)");
  if (!next) return false;
  next.checked = true;
  next.focus();
  return true;
}

// A verdict that hides needs a reason: it waits for one.

function ask(button) {
  waiting = button;
  const reasons = button.form.querySelector(".reasons");
  if (!reasons) return;
  reasons.classList.add("asked");
  const words = button.form.querySelector(".pending-verdict");
  words.hidden = false;
  words.textContent = say(`${button.firstChild.textContent.trim()}：请选择理由，再按一次或按数字键；Esc 取消`,
    `${button.firstChild.textContent.trim()}: choose a reason, then press again, or press its number; Esc cancels`);
  (reasons.querySelector("input:checked") || reasons.querySelector("input")).focus();
}

function stopAsking() {
  waiting = null;
  for (const each of document.querySelectorAll(".reasons.asked")) each.classList.remove("asked");
  for (const each of document.querySelectorAll(".pending-verdict")) each.hidden = true;
}

// Decisions

document.addEventListener("submit", (event) => {
  const form = event.target;
  if (!(form instanceof HTMLFormElement) || form.dataset.decide === undefined || !event.submitter) return;
  event.preventDefault();
  const fields = new FormData(form);
  const verdict = event.submitter.value;
  if (HIDING.has(verdict) && !fields.get("reason_code")) {
    ask(event.submitter);
    return;
  }
  if (form.dataset.sent) return;
  form.dataset.sent = "1";
  stopAsking();
  fields.append("verdict", verdict);
  decide(form.getAttribute("action"), new URLSearchParams([...fields]), form, event.submitter);
}, true);

function decide(action, body, form, button) {
  const order = ++number;
  const caseId = body.get("case_id");
  const words = button.firstChild.textContent.trim();
  const isShown = showAhead(body.get("next"));
  if (!isShown) button.setAttribute("aria-busy", "true");
  sending = sending.then(() => (isLeaving ? null : send(action, body))).then((answer) => {
    if (!answer || isSignIn(answer.response.url)) {
      document.dispatchEvent(new CustomEvent("feed:signed-out", { detail: { form } }));
      if (answer) location.assign(answer.response.url);
      isLeaving = true;
      return;
    }
    const { response, page } = answer;
    if (!response.ok) {
      fail(caseId, words, page, action, body, isShown, form);
      return;
    }
    // An earlier answer knows nothing of the later decision.
    if (order !== number && isShown) return;
    take(page, response.url, isShown);
    announce(`${words}。${page.querySelector("#case-title")?.textContent.trim() ?? ""}`);
  }).catch(() => fail(caseId, words, null, action, body, isShown, form)).finally(() => {
    button.removeAttribute("aria-busy");
    delete form.dataset.sent;
  });
}

async function send(action, body) {
  const stop = new AbortController();
  const timer = setTimeout(() => stop.abort(), TIMEOUT_MS);
  try {
    const response = await fetch(action, {
      method: "POST", body, headers: { accept: "text/html" }, credentials: "same-origin", signal: stop.signal,
    });
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return { response, page };
  } finally {
    clearTimeout(timer);
  }
}

// Shows a case that is in the page already; false if it is not.
function showAhead(next) {
  const template = next && document.querySelector(`#ahead template[data-case="${CSS.escape(next)}"]`);
  const place = document.getElementById("case");
  if (!template || !place) return false;
  const made = template.content.firstElementChild;
  template.remove();
  place.replaceWith(document.importNode(made, true));
  for (const link of document.querySelectorAll("#tray li a")) link.removeAttribute("aria-current");
  focusTitle();
  tick();
  return true;
}

// Takes the parts of a page that was answered. The case that is being read or written about is never replaced by itself.
function take(page, url, isShown) {
  for (const id of ["remaining", "outcome", "tray", "ahead"]) replace(id, page);
  const here = document.getElementById("case");
  const made = page.getElementById("case");
  if (made && here && here.dataset.case !== made.dataset.case) {
    here.replaceWith(made);
    focusTitle();
  } else if (made && here && !isShown) {
    here.replaceWith(made);
    focusTitle();
  }
  history.replaceState(null, "", url);
  tick();
  showPlace();
}

function replace(id, page) {
  const here = document.getElementById(id);
  const made = page.getElementById(id);
  if (here && made) here.replaceWith(made);
}

function fail(caseId, words, page, action, body, isShown, form) {
  const problem = page && page.querySelector("#case [data-problem]:not([hidden]), [data-problem]:not([hidden])");
  const first = page && page.querySelector("#case .first-decision");
  const made = page && page.getElementById("case");
  const here = document.getElementById("case");
  if (!isShown && made && here && made.dataset.case === here.dataset.case) {
    // With what was typed, which the page repeats.
    here.replaceWith(made);
    const shown = document.querySelector("#case [data-problem]:not([hidden])");
    if (shown) {
      shown.tabIndex = -1;
      shown.focus();
    }
    return;
  }
  const entry = document.createElement("div");
  entry.className = "problem";
  const text = document.createElement("p");
  text.textContent = `#${caseId} ${words}：` + (problem ? problem.textContent.trim() : say("没有送达。", "Not sent."))
    + (first ? ` ${first.textContent.trim()}` : "");
  entry.append(text);
  const actions = document.createElement("p");
  actions.className = "actions";
  const link = document.createElement("a");
  link.href = `/console/queue/work?at=${encodeURIComponent(caseId)}`;
  link.textContent = say("回到该任务", "Back to the case");
  actions.append(link);
  if (!page) {
    const again = document.createElement("button");
    again.type = "button";
    again.className = "small";
    again.textContent = say("重试", "Try again");
    again.addEventListener("click", () => {
      entry.remove();
      decide(action, body, form, again);
    });
    actions.append(again);
  }
  entry.append(actions);
  document.getElementById("failures")?.append(entry);
}

function focusTitle() {
  const title = document.getElementById("case-title");
  if (!title) return;
  title.focus({ preventScroll: true });
  const top = document.getElementById("work")?.getBoundingClientRect().top ?? 0;
  if (top < 0) window.scrollTo({ top: 0 });
}

// Within its own row only: the page does not move.
function showPlace() {
  const row = document.querySelector("#tray ol");
  const here = row && row.querySelector("[aria-current]");
  if (here) row.scrollLeft = here.offsetLeft - (row.clientWidth - here.offsetWidth) / 2;
}

// What is left of the lease. Not announced: it changes each second.

function tick() {
  for (const place of document.querySelectorAll("[data-until]")) {
    const left = Math.ceil((Date.parse(place.dataset.until) - Date.now()) / 1000);
    place.classList.toggle("over", left <= 30);
    place.textContent = left > 0
      ? `${say("还剩", "left")} ${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`
      : say("已到期", "expired");
  }
}
setInterval(tick, 1000);
tick();
showPlace();
document.addEventListener("feed:swapped", () => {
  tick();
  showPlace();
});

// Batches

function chooseAll() {
  const all = document.getElementById("choose-all");
  if (!all) return;
  const rows = () => [...document.querySelectorAll(".rows input[name=case]:not(:disabled)")];
  const count = () => {
    const chosen = rows().filter((each) => each.checked).length;
    all.querySelector("[data-chosen]").textContent = chosen ? say(`已选 ${chosen} 条`, `${chosen} chosen`) : "";
  };
  all.hidden = false;
  all.querySelector("input").addEventListener("change", (event) => {
    for (const each of rows()) each.checked = event.target.checked;
    count();
  });
  document.addEventListener("change", (event) => {
    if (event.target.name === "case") count();
  });
}
chooseAll();

// A page of staff that the browser kept is asked for again: it may show what is decided or another user's.
window.addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});
