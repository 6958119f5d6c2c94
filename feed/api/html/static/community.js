// Lists, posts and comments: counters, drafts, replies in place, the photo viewer. Written for ES2020; every page works
// without it.

import { fillFields, isChanged, readFields } from "./fields.js";

const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);

// Counters: `data-count` names a field with `data-most`. The server counts code points, as here.
function count(field) {
  const place = document.querySelector(`[data-count="${field.id}"]`);
  if (!place) return;
  const most = Number(field.dataset.most);
  const left = most - [...field.value.trim().normalize("NFC")].length;
  place.textContent = left < 0 ? say(`超出 ${-left} 字`, `${-left} characters too many`)
    : say(`还可写 ${left} 字`, `${left} characters left`);
  place.classList.toggle("over", left < 0);
}

document.addEventListener("input", (event) => {
  const field = event.target;
  if (field.dataset?.most) count(field);
  const form = field.form;
  if (form?.dataset.draft) keep(form);
});

// Drafts of forms with `data-draft`, in this tab, of this account only.
const draftKey = (form) => {
  const owner = form.elements.namedItem("form_account");
  return owner ? `feed:draft:${owner.value}:${form.dataset.draft}` : "";
};

function keep(form) {
  const key = draftKey(form);
  try {
    if (!key || ![...form.elements].some(isChanged)) sessionStorage.removeItem(key);
    else sessionStorage.setItem(key, JSON.stringify(readFields(form, isChanged)));
  } catch {
    // Storage is full or forbidden: there is no draft.
  }
}

function restore(form) {
  let kept = [];
  try {
    kept = JSON.parse(sessionStorage.getItem(draftKey(form)) ?? "[]");
  } catch {
    return;
  }
  if (kept.length) fillFields(form, kept);
}

document.addEventListener("feed:sent", (event) => {
  const form = event.target;
  if (!form.dataset?.draft) return;
  try {
    sessionStorage.removeItem(draftKey(form));
  } catch {
    // As above.
  }
});

// Replies: the form is filled in place; without script the link opens the page with it filled.
const linkTo = (id) => document.querySelector(`a[data-reply="${CSS.escape(id)}"]`);

// What the form replies to; with an empty id it is a comment again.
function setReply(form, id) {
  const link = id ? linkTo(id) : null;
  const thread = link?.closest(".thread")?.id;
  form.elements.namedItem("reply_to_id").value = id;
  const place = form.querySelector(".replying");
  place.hidden = !id;
  place.querySelector("b").textContent = !id ? "" : link?.dataset.name ?? say("一条评论", "a comment");
  // A reply replaces its thread only: the rest of the list stays where it is.
  form.dataset.swap = thread ? `#${thread},#comments-title,#write-comment` : "#comments";
  if (thread) delete form.dataset.address;
  else form.dataset.address = "";
}

document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-reply]");
  const form = document.querySelector("form.say");
  if (!link || !form || event.ctrlKey || event.metaKey || event.shiftKey) return;
  event.preventDefault();
  const id = link.dataset.reply;
  const opener = id ? null : linkTo(form.elements.namedItem("reply_to_id").value);
  setReply(form, id);
  keep(form);
  const target = opener ?? form.elements.namedItem("text");
  target.focus({ preventScroll: true });
  (opener ?? form).scrollIntoView({ block: "center" });
});

// Menus close as menus do.
document.addEventListener("click", (event) => {
  for (const menu of document.querySelectorAll("details.menu[open]")) {
    if (!menu.contains(event.target)) menu.open = false;
  }
});
document.addEventListener("keydown", (event) => {
  const menu = event.key === "Escape" ? document.activeElement?.closest("details.menu[open]") : null;
  if (!menu) return;
  menu.open = false;
  menu.querySelector("summary").focus();
});

// The colour of a photo until it is there, from the average in its ThumbHash.
function colour(photo) {
  const bytes = Uint8Array.from(atob(photo.dataset.hash), (each) => each.charCodeAt(0));
  const header = bytes[0] | (bytes[1] << 8) | (bytes[2] << 16);
  const l = (header & 63) / 63;
  const p = ((header >> 6) & 63) / 31.5 - 1;
  const q = ((header >> 12) & 63) / 31.5 - 1;
  const b = l - (2 / 3) * p;
  const r = (3 * l - b + q) / 2;
  const channels = [r, r - q, b].map((each) => Math.round(255 * Math.min(1, Math.max(0, each))));
  photo.style.backgroundColor = `rgb(${channels.join(",")})`;
}

// The photo viewer: the links lead to the whole pictures without it.
let viewer = null;

function openViewer(link) {
  const photos = [...link.closest(".photos").querySelectorAll(":scope > a")];
  let at = photos.indexOf(link);
  viewer = document.createElement("dialog");
  viewer.className = "viewer";
  viewer.setAttribute("aria-label", say("照片", "Photos"));
  const figure = document.createElement("figure");
  const image = document.createElement("img");
  const caption = document.createElement("figcaption");
  caption.setAttribute("aria-live", "polite");
  figure.append(image, caption);
  const show = (next) => {
    at = (next + photos.length) % photos.length;
    const alt = photos[at].querySelector("img").alt;
    image.src = photos[at].href;
    image.alt = alt;
    caption.textContent = photos.length > 1 ? `${at + 1} / ${photos.length} · ${alt}` : alt;
  };
  const button = (name, words, sign, act) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = name;
    made.setAttribute("aria-label", words);
    made.textContent = sign;
    made.addEventListener("click", act);
    return made;
  };
  const close = button("close", say("关闭", "Close"), "✕", () => viewer.close());
  viewer.append(close, figure);
  if (photos.length > 1) {
    viewer.append(button("before", say("上一张", "Previous"), "‹", () => show(at - 1)),
      button("after", say("下一张", "Next"), "›", () => show(at + 1)));
  }
  viewer.addEventListener("keydown", (event) => {
    if (event.key === "ArrowLeft") show(at - 1);
    if (event.key === "ArrowRight") show(at + 1);
  });
  figure.addEventListener("click", (event) => { if (event.target === figure) viewer.close(); });
  // The back button of a phone closes the viewer, not the page.
  history.pushState({ viewer: true }, "");
  viewer.addEventListener("close", () => {
    viewer.remove();
    viewer = null;
    photos[at].focus();
    if (history.state?.viewer) history.back();
  });
  document.body.append(viewer);
  show(at);
  viewer.showModal();
  close.focus();
}

window.addEventListener("popstate", () => viewer?.close());

document.addEventListener("click", (event) => {
  const link = event.target.closest?.(".photos > a");
  if (!link || event.ctrlKey || event.metaKey || event.shiftKey || !("showModal" in HTMLDialogElement.prototype)) return;
  event.preventDefault();
  openViewer(link);
});

function prepare() {
  for (const photo of document.querySelectorAll(".photos > a[data-hash]:not([style])")) colour(photo);
  for (const form of document.querySelectorAll("form[data-draft]")) restore(form);
  const reply = document.querySelector("form.say [name=reply_to_id]");
  if (reply?.value && reply.form.querySelector(".replying").hidden) setReply(reply.form, reply.value);
  for (const field of document.querySelectorAll("[data-most]")) count(field);
  // What a link leads to, where the browser knows no autofocus of such elements.
  const target = document.querySelector(".comment.target");
  if (target && document.activeElement === document.body && !location.hash) target.focus();
}

document.addEventListener("feed:swapped", prepare);
prepare();
