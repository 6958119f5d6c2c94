// The form for a post: files are sent while the text is written, each with its progress; a failed one can be sent again or replaced.
// Without this script files are sent by a form of their own. Written for ES2020.

import { announce, isSignIn } from "./forms.js";
import { Sha256 } from "./sha256.js";

const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);
const POLL_MS = 2500;
const HASHED_BYTES = 4 * 1024 * 1024;

const form = document.getElementById("write");
const items = document.getElementById("items");
const state = document.getElementById("upload-state");
const input = document.getElementById("file");
const most = Number(items.dataset.most);
const directBytes = Number(form.dataset.directBytes);
const uploadAction = document.getElementById("upload").getAttribute("action");
const postId = new URLSearchParams(uploadAction.split("?")[1]).get("post_id") ?? "";
const token = () => [...crypto.getRandomValues(new Uint8Array(16))].map((each) => each.toString(16).padStart(2, "0")).join("");
const sessionToken = () => form.elements.namedItem("session_token").value;

document.documentElement.classList.add("scripted");
for (const each of document.querySelectorAll("[data-scripted]")) each.hidden = false;
if (input) {
  input.multiple = true;
  input.required = false;
}

// Topics at the cursor.
for (const button of document.querySelectorAll("[data-insert]")) {
  button.addEventListener("click", () => {
    const field = document.getElementById("field-text");
    field.setRangeText(button.dataset.insert, field.selectionStart, field.selectionEnd, "end");
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  });
}

// One file at a time: on a slow network the first photo is there soonest.
const queue = [];
let sending = null;

input?.addEventListener("change", () => {
  add([...input.files], null);
  input.value = "";
});

function tell(words) {
  state.textContent = words;
}

function add(files, before) {
  const present = [...items.querySelectorAll(":scope > .item")];
  const isVideo = (each) => (each.type || "").startsWith("video/");
  let room = most - present.length + (before ? 1 : 0);
  const others = present.filter((each) => each !== before);
  if (files.some(isVideo) && (files.length > 1 || others.length) || others.some((each) => each.dataset.kind === "video")) {
    tell(say("一条动态可以有九张照片，或者一个视频。", "A post has up to nine photos, or one video."));
    return;
  }
  for (const file of files) {
    if (!room) {
      tell(say(`最多 ${most} 张，其余的没有添加。`, `At most ${most}: the others were not added.`));
      break;
    }
    room--;
    const item = newItem(file);
    if (before) before.replaceWith(item);
    else items.append(item);
    before = null;
    queue.push(item);
  }
  renumber();
  next();
}

function newItem(file) {
  const item = document.createElement("li");
  item.className = "item uploading";
  item.dataset.kind = (file.type || "").startsWith("video/") ? "video" : "image";
  item.file = file;
  item.token = token();
  const thumb = document.createElement("div");
  thumb.className = "thumb";
  thumb.textContent = item.dataset.kind === "video" ? say("视频", "Video") : say("照片", "Photo");
  const field = document.createElement("div");
  field.className = "field";
  const name = document.createElement("p");
  name.className = "meta";
  name.textContent = file.name;
  const progress = document.createElement("progress");
  progress.max = 100;
  progress.value = 0;
  progress.setAttribute("aria-label", say(`正在上传 ${file.name}`, `Uploading ${file.name}`));
  const problem = document.createElement("p");
  problem.className = "error";
  problem.setAttribute("role", "alert");
  problem.hidden = true;
  const moves = document.createElement("p");
  moves.className = "moves";
  const again = plainButton(say("重试", "Try again"), () => {
    problem.hidden = again.hidden = other.hidden = true;
    progress.hidden = name.hidden = false;
    queue.push(item);
    next();
  });
  const other = plainButton(say("换一张", "Another file"), () => replaceFile(item));
  const remove = plainButton(say("移除", "Remove"), () => removeItem(item));
  remove.classList.add("danger");
  again.hidden = other.hidden = true;
  moves.append(again, other, remove);
  field.append(name, progress, problem, moves);
  item.append(thumb, field);
  preview(file, thumb);
  return item;
}

function plainButton(words, act) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "small";
  button.textContent = words;
  button.addEventListener("click", act);
  return button;
}

// Drawn on a canvas: the policy of the page lets no picture in from elsewhere.
async function preview(file, thumb) {
  if (!file.type.startsWith("image/") || !window.createImageBitmap) return;
  try {
    const bitmap = await createImageBitmap(file);
    const canvas = document.createElement("canvas");
    const side = Math.min(bitmap.width, bitmap.height);
    canvas.width = canvas.height = 192;
    canvas.getContext("2d").drawImage(bitmap, (bitmap.width - side) / 2, (bitmap.height - side) / 2, side, side, 0, 0, 192, 192);
    bitmap.close();
    thumb.replaceChildren(canvas);
  } catch {
    // A format that this browser does not show: the server may.
  }
}

function replaceFile(item) {
  const picker = document.createElement("input");
  picker.type = "file";
  picker.accept = "image/*,video/*";
  picker.addEventListener("change", () => { if (picker.files.length) add([picker.files[0]], item); });
  picker.click();
}

function removeItem(item) {
  item.request?.abort();
  const at = queue.indexOf(item);
  if (at >= 0) queue.splice(at, 1);
  const neighbour = item.nextElementSibling ?? item.previousElementSibling;
  item.remove();
  if (sending === item) {
    sending = null;
    next();
  }
  renumber();
  (neighbour?.querySelector("[data-remove], .danger") ?? document.getElementById("file") ?? form).focus();
  announce(say("已移除", "Removed"));
}

async function next() {
  if (sending || !queue.length) return;
  const item = queue.shift();
  sending = item;
  tell(say("正在上传…", "Uploading…"));
  try {
    const page = item.file.size > directBytes ? await sendInParts(item) : await sendWhole(item);
    const made = page && [...page.querySelectorAll("#items > .item")].pop();
    if (!made) throw new Problem(say("没有上传成功，请重试。", "The upload failed: please try again."));
    if (items.contains(item)) {
      const shown = document.importNode(made, true);
      item.replaceWith(shown);
      renumber();
    }
    tell(say("已上传", "Uploaded"));
  } catch (error) {
    if (items.contains(item)) showFailure(item, error instanceof Problem ? error.message : say("网络不通，请重试。", "No connection: please try again."));
    tell("");
  }
  if (sending === item) sending = null;
  next();
  poll();
}

class Problem extends Error {}

function showFailure(item, words) {
  item.querySelector("progress").hidden = true;
  item.querySelector(".meta").hidden = true;
  const problem = item.querySelector(".error");
  problem.hidden = false;
  problem.textContent = `${item.file.name}：${words}`;
  for (const button of item.querySelectorAll(".moves button")) button.hidden = false;
}

// A response as a page; a problem as an error with its words.
function read(request) {
  if (isSignIn(request.responseURL || location.href)) {
    document.dispatchEvent(new CustomEvent("feed:signed-out", { detail: { form } }));
    location.assign(request.responseURL);
  }
  const page = new DOMParser().parseFromString(request.responseText, "text/html");
  if (request.status >= 200 && request.status < 300) return page;
  const found = page.querySelector("[data-problem]:not([hidden])");
  const words = found && [...found.querySelectorAll("p, li")].map((each) => each.textContent.trim()).filter(Boolean);
  throw new Problem(words?.length ? [...new Set(words)].join(" ") : say(`没有成功（${request.status}）。`, `That did not work (${request.status}).`));
}

function send(item, method, url, body, headers, onProgress) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    item.request = request;
    request.open(method, url);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.addEventListener("progress", (event) => { if (event.lengthComputable) onProgress(event.loaded); });
    request.addEventListener("load", () => resolve(request));
    request.addEventListener("error", () => reject(new Error("network")));
    request.addEventListener("abort", () => reject(new Problem(say("已取消。", "Cancelled."))));
    request.addEventListener("timeout", () => reject(new Error("timeout")));
    request.send(body);
  });
}

async function sendWhole(item) {
  const body = new FormData();
  body.append("file", item.file);
  const progress = item.querySelector("progress");
  const query = new URLSearchParams({ form_token: item.token, post_id: postId });
  const headers = { accept: "text/html", "x-session-token": sessionToken() };
  return read(await send(item, "POST", `/write/photos?${query}`, body, headers, (sent) => {
    progress.value = (100 * sent) / item.file.size;
  }));
}

async function sendInParts(item) {
  const progress = item.querySelector("progress");
  const file = item.file;
  const hash = new Sha256();
  for (let at = 0; at < file.size; at += HASHED_BYTES) {
    hash.update(new Uint8Array(await file.slice(at, at + HASHED_BYTES).arrayBuffer()));
    progress.value = (10 * at) / file.size;
  }
  const own = { session_token: sessionToken(), form_account: form.elements.namedItem("form_account").value };
  const headers = { accept: "text/html", "content-type": "application/x-www-form-urlencoded" };
  const fields = new URLSearchParams({
    ...own, form_token: item.token, kind: item.dataset.kind, content_type: file.type || "application/octet-stream",
    bytes: String(file.size), sha256: hash.hex(),
  });
  const begun = await send(item, "POST", "/write/uploads", fields, headers, () => {});
  if (begun.status !== 200 || !(begun.getResponseHeader("content-type") ?? "").includes("json")) read(begun);
  const upload = JSON.parse(begun.responseText);
  const end = new URLSearchParams({ ...own, post_id: postId });
  let at = 0;
  for (const part of upload.parts) {
    let etag = "";
    if (part.url) {
      const from = at;
      const sent = await sendPart(item, part, file.slice(at, at + part.bytes), (bytes) => {
        progress.value = 10 + (90 * (from + bytes)) / file.size;
      });
      etag = sent.getResponseHeader("etag") ?? "";
    }
    end.append("part", `${part.number}:${etag.replace(/"/g, "")}`);
    at += part.bytes;
  }
  return read(await send(item, "POST", `/write/uploads/${upload.id}/complete`, end, headers, () => {}));
}

// A part is sent again after an interruption.
async function sendPart(item, part, bytes, onProgress) {
  for (let attempt = 1; ; attempt++) {
    try {
      const sent = await send(item, "PUT", part.url, bytes, part.headers, onProgress);
      if (sent.status >= 200 && sent.status < 300) return sent;
      if (sent.status < 500 || attempt === 3) throw new Problem(say(`上传中断（${sent.status}）。`, `The upload was interrupted (${sent.status}).`));
    } catch (error) {
      if (error instanceof Problem || attempt === 3) throw error;
    }
    await new Promise((resolve) => { setTimeout(resolve, 1000 * attempt); });
  }
}

// Places in the list, and the address: a reload and the way back from the sign-in show the same photos.
function renumber() {
  const all = [...items.children];
  all.forEach((item, at) => {
    const place = item.querySelector("[data-place]");
    if (place) place.textContent = String(at + 1);
    for (const button of item.querySelectorAll("[data-move]")) {
      button.disabled = button.dataset.move === "-1" ? at === 0 : at === all.length - 1;
    }
  });
  const pick = document.getElementById("pick");
  if (pick) pick.hidden = all.length >= most || all.some((each) => each.dataset.kind === "video");
  const address = new URL(location.href);
  const ids = [...items.querySelectorAll("[name=media]")].map((each) => each.value);
  if (ids.length || postId) address.searchParams.set("media", ids.join(","));
  else address.searchParams.delete("media");
  history.replaceState(history.state, "", address);
}

items.addEventListener("click", (event) => {
  const button = event.target.closest("[data-move], [data-remove]");
  const item = button?.closest(".item");
  if (!item) return;
  event.preventDefault();
  if (button.dataset.move === undefined) {
    removeItem(item);
    return;
  }
  const other = button.dataset.move === "-1" ? item.previousElementSibling : item.nextElementSibling;
  if (!other) return;
  if (button.dataset.move === "-1") other.before(item);
  else other.after(item);
  renumber();
  // At an end of the list the button is disabled: the opposite one has the focus.
  (button.disabled ? item.querySelector("[data-move]:not(:disabled)") : button)?.focus();
  announce(say(`现在是第 ${[...items.children].indexOf(item) + 1} 张`, `Now number ${[...items.children].indexOf(item) + 1}`));
});

// Photos that are processed: only their pictures are replaced, never what is being typed.
let timer = 0;

function poll() {
  clearTimeout(timer);
  if (!items.querySelector("[data-state=processing]")) return;
  timer = setTimeout(async () => {
    if (!document.hidden) {
      try {
        const ids = [...items.querySelectorAll("[name=media]")].map((each) => each.value);
        const response = await fetch(`${location.pathname}?media=${ids.join(",")}`, { headers: { accept: "text/html" }, credentials: "same-origin" });
        const page = new DOMParser().parseFromString(await response.text(), "text/html");
        for (const made of page.querySelectorAll(".thumb[id]")) {
          const old = document.getElementById(made.id);
          if (!old || (old.dataset.state === made.dataset.state && made.dataset.state !== "processing")) continue;
          const kept = made.dataset.state === "processing" && old.querySelector("canvas");
          if (!kept) old.replaceWith(document.importNode(made, true));
          if (made.dataset.state === "failed") showFailed(made.id);
        }
      } catch {
        // Offline: the next time.
      }
    }
    poll();
  }, POLL_MS);
}

function showFailed(thumbId) {
  const item = document.getElementById(thumbId)?.closest(".item");
  if (!item || item.dataset.state === "failed") return;
  item.dataset.state = "failed";
  const words = document.createElement("p");
  words.className = "error";
  words.setAttribute("role", "alert");
  item.querySelector(".moves").before(words);
  const place = [...items.children].indexOf(item) + 1;
  words.textContent = say(`第 ${place} 张处理失败，请移除后换一张。`, `Photo ${place} cannot be used: remove it and choose another one.`);
}

// Nothing is published without the photos that are still on their way.
form.addEventListener("submit", (event) => {
  const unsent = items.querySelectorAll(".uploading").length;
  if (!unsent) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const failed = [...items.querySelectorAll(".uploading .error:not([hidden])")].length;
  const words = failed ? say("有照片没有上传成功：请重试、换一张或移除。", "A file was not uploaded: try again, choose another one or remove it.")
    : say("照片还在上传，传完就可以发布。", "Photos are still uploading: publish when they are there.");
  const place = form.querySelector("[data-problem]");
  place.hidden = false;
  const text = document.createElement("p");
  text.textContent = words;
  place.replaceChildren(text);
  place.tabIndex = -1;
  place.focus();
}, true);

document.addEventListener("feed:swapped", () => { renumber(); poll(); });
renumber();
poll();
