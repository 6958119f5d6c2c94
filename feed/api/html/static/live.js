// Keeps the numbers and regions of a page as a fresh load would have them. Written for ES2020.
//
//   <span data-live="post:12:likes">40</span>           likes or comments of a post; also inbox:unread, queue:depth, queue:overdue
//   <section id="board" data-live-region="board:7" data-live-rows="10" data-live-version="{{ board_version(board, 10) }}">
//                                                       taken from the page itself, when the first ten ranks have changed
//   <section id="numbers" data-live-region="campaign:7" data-live-seconds="15" data-live-version="{{ version }}">
//                                                       the same for the numbers of a campaign, at most every 15 seconds
//   <p data-live-new="latest" hidden><a class="button" href="/"></a></p>   offers new posts; also data-live-new="queue"
//
// Nothing moves under a pointer or the focus: what is new is offered. A field that is being changed is never replaced. Screen readers
// hear one short summary in a while.

import { isChanged } from "./fields.js";
import { announce } from "./forms.js";
import { openShared } from "./live_stream.js";
import { begin, isOutdated, swap } from "./swaps.js";

const REGION_SECONDS = 5;
const SPOKEN_MS = 15000;
const TRIES = 3;
const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);
const hovers = window.matchMedia("(hover: hover)").matches;

const all = (selector) => [...document.querySelectorAll(selector)];
const topicOf = (name) => name.split(":").slice(0, /^(post|campaign):/.test(name) ? 2 : 1).join(":");

// As feed/api/html/formats.py writes it.
export function count(number) {
  if (number < 10000) return String(number);
  return chinese ? `${Math.floor(number / 1000) / 10}万` : `${Math.floor(number / 100) / 10}k`;
}

function collect() {
  const topics = new Set();
  for (const each of all("[data-live]")) topics.add(topicOf(each.dataset.live));
  for (const each of all("[data-live-region]")) topics.add(each.dataset.liveRegion);
  for (const each of all("[data-live-new]")) topics.add(each.dataset.liveNew);
  return [...topics];
}

// --- what is spoken

let spokenAt = 0;
let summary = "";
let speaking = 0;

function speak(text) {
  summary = text;
  if (speaking) return;
  speaking = setTimeout(() => {
    speaking = 0;
    spokenAt = Date.now();
    announce(summary);
  }, Math.max(500, spokenAt + SPOKEN_MS - Date.now()));
}

// --- numbers

function show(element, number, words) {
  if (element.textContent.trim() !== words) element.textContent = words;
  if (element.dataset.live === "inbox:unread") element.hidden = number === 0;
}

let unread = null;

function showNumbers(topic, state) {
  const numbers = {
    likes: state.likes, comments: state.comments, unread: state.unread_count, depth: state.open, overdue: state.overdue,
  };
  for (const element of all("[data-live]")) {
    if (topicOf(element.dataset.live) !== topic) continue;
    const number = numbers[element.dataset.live.slice(topic.length + 1)];
    if (number !== undefined) show(element, number, count(number));
  }
  if (topic === "inbox") {
    if (unread !== null && state.unread_count > unread) {
      speak(say(`${state.unread_count} 条未读消息`, `${state.unread_count} unread`));
    }
    unread = state.unread_count;
  }
}

// --- what is new

// The fewest open cases that this page knows of: at first as it was rendered, so that none is missed before the stream begins.
let depth = parseInt(document.querySelector("[data-live='queue:depth']")?.textContent ?? "", 10);

// How many posts are newer than the first one that the page has; all, if it has none of them.
function newPosts(state) {
  const shown = new Set(all("article.post[id]").map((each) => each.id.slice("post-".length)));
  const first = state.post_ids.findIndex((each) => shown.has(each));
  return first < 0 ? state.post_ids.length : first;
}

// A link to a place in the same page would only scroll.
function loadAnew(event, to) {
  if (!to.hash || to.pathname + to.search !== location.pathname + location.search) return;
  event.preventDefault();
  history.replaceState(history.state, "", to.href);
  location.reload();
}

function offerNew(topic, state) {
  let number = 0;
  if (topic === "latest") number = newPosts(state);
  else if (topic === "queue") {
    // Decisions of others make the queue shorter: what counts is what has come since its shortest.
    depth = Number.isNaN(depth) ? state.open : Math.min(depth, state.open);
    number = state.open - depth;
  }
  for (const place of all(`[data-live-new="${topic}"]`)) {
    const wanted = `${number}`;
    if (place.dataset.count === wanted || (!number && place.hidden)) continue;
    place.dataset.count = wanted;
    place.hidden = number === 0;
    if (!number) continue;
    const more = number >= 20 && topic === "latest" ? "+" : "";
    const words = topic === "queue"
      ? say(`有 ${number} 条新任务，点这里刷新`, `${number} new cases: show them`)
      : say(`有 ${number}${more} 条新动态，点这里查看`, `${number}${more} new posts: show them`);
    const link = place.querySelector("a");
    link.textContent = words;
    link.onclick = (event) => loadAnew(event, new URL(link.href));
    speak(words);
  }
}

// --- regions

const refreshing = new Map();

// As feed/api/html/formats.py writes it.
const versionOfBoard = (state, most) => [
  ...state.rows.filter((row) => row.rank <= most).map((row) => `${row.rank}:${row.post_id}:${row.score}`),
  `${state.basis}:${state.provisional}`,
].join(" ");
const versionOfNumbers = (state) => [state.entered, state.visible, state.shortlisted, state.likes, state.comments].join(":");

function versionOf(state, most) {
  if (state.gone) return "gone";
  return state.rows ? versionOfBoard(state, most) : versionOfNumbers(state);
}

// The least time between two loads of a region, which may be costly.
const pauseOf = (region) => Number(region.dataset.liveSeconds || REGION_SECONDS) * 1000;

// Whether a person is about to use something in the region.
function isInUse(region) {
  return region.contains(document.activeElement)
    || (hovers && region.matches(":hover"))
    || [...region.querySelectorAll("input:not([type=hidden]), textarea, select")].some(isChanged);
}

function watchRegion(topic, state) {
  for (const region of all(`[data-live-region="${topic}"]`)) {
    if (!region.id) continue;
    const version = versionOf(state, Number(region.dataset.liveRows || 20));
    if (region.dataset.liveVersion === version) continue;
    const known = refreshing.get(region.id) || { at: 0, timer: 0 };
    refreshing.set(region.id, known);
    known.version = version;
    if (!known.timer) {
      // Pages that see the same change do not all ask in the same moment.
      const due = Math.max(known.at + pauseOf(region) - Date.now(), 200 + Math.random() * 800);
      known.timer = setTimeout(() => refresh(region.id, known), due);
    }
  }
}

async function refresh(id, known) {
  known.timer = 0;
  known.at = Date.now();
  const old = document.getElementById(id);
  if (!old || document.hidden) return;
  if (isInUse(old)) {
    offerRefresh(old);
    known.timer = setTimeout(() => refresh(id, known), REGION_SECONDS * 1000);
    return;
  }
  const version = known.version;
  const number = begin();
  let made = null;
  try {
    const response = await fetch(location.href, { headers: { accept: "text/html" }, credentials: "same-origin", cache: "no-cache" });
    if (response.ok && !response.redirected) {
      made = new DOMParser().parseFromString(await response.text(), "text/html").getElementById(id);
    }
  } catch {
    // The next change tries again.
  }
  // A form may have replaced it or a part of it, or a field been touched, while the page was on its way.
  if (!made || !old.isConnected || isInUse(old) || isOutdated([old], number)) {
    if (made && old.isConnected) known.timer = setTimeout(() => refresh(id, known), pauseOf(old));
    return;
  }
  // The page may be older than the event, as lists are kept for a moment: then it is asked for again, a few times.
  known.tries = made.dataset.liveVersion === version ? 0 : (known.tries || 0) + 1;
  if (known.tries && known.tries <= TRIES) {
    known.timer = setTimeout(() => refresh(id, known), pauseOf(old));
    if (made.dataset.liveVersion === old.dataset.liveVersion) return;
  } else {
    made.dataset.liveVersion = version;
  }
  // What was unfolded stays so.
  const folds = [...made.querySelectorAll("details")];
  old.querySelectorAll("details").forEach((each, place) => { if (folds[place]) folds[place].open = each.open; });
  swap(old, made, number);
  document.dispatchEvent(new CustomEvent("feed:swapped", { detail: { swap: `#${id}` } }));
  speak(made.dataset.liveRegion.startsWith("board:") ? say("榜单有更新", "The board has moved") : say("数据有更新", "The numbers have changed"));
}

function offerRefresh(region) {
  const id = `${region.id}-changed`;
  if (document.getElementById(id)) return;
  const note = document.createElement("p");
  note.id = id;
  note.className = "hint";
  note.textContent = say("有更新，移开后显示", "Changed: shown when you move on");
  region.after(note);
  const remove = () => {
    if (document.body.contains(region)) return;
    note.remove();
    document.removeEventListener("feed:swapped", remove);
  };
  document.addEventListener("feed:swapped", remove);
}

// --- the stream

const stream = openShared((topic, state) => {
  // A post that is not public any more keeps its numbers until the page is loaded again.
  if (state.gone && topic.startsWith("post:")) return;
  showNumbers(topic, state);
  offerNew(topic, state);
  watchRegion(topic, state);
});

function renew() {
  stream.want(collect());
}

if ("EventSource" in window) {
  renew();
  document.addEventListener("feed:swapped", renew);
  const follow = () => (document.hidden ? stream.pause() : stream.resume());
  document.addEventListener("visibilitychange", follow);
  window.addEventListener("pagehide", () => stream.pause());
  window.addEventListener("pageshow", follow);
  follow();
}
