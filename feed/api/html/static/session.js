// What a page does when its session has changed meanwhile. Written for ES2020.
//
// A form that was sent after the session had ended (`feed:signed-out`, of forms.js) is kept in this tab. When the same account is
// back on a page with that form, its fields are filled again. A page that comes back from the browser's memory is shown only
// while its account is still signed in.

import { fillFields, identityOf, isText, readFields } from "./fields.js";
import { announce } from "./forms.js";

const KEPT = "feed:kept-form";
// Claims and what staff do with them: their fields are kept nowhere. `kept_form.py` has the same rule.
const PRIVATE = /^\/prizes\/|\/winners\//;
const account = () => document.querySelector("#act [name=form_account]")?.value ?? "";

document.addEventListener("feed:signed-out", (event) => {
  const form = event.detail.form;
  if (PRIVATE.test(form.getAttribute("action") ?? location.pathname)) return;
  const owner = new FormData(form).get("form_account");
  if (!owner || ![...form.elements].some((each) => each.name && isText(each) && each.value.trim())) return;
  const kept = { owner, action: form.getAttribute("action"), same: identityOf(form), fields: readFields(form) };
  try {
    sessionStorage.setItem(KEPT, JSON.stringify(kept));
  } catch {
    // Storage is full or forbidden: the sign-in page has what was sent.
  }
});

function restore() {
  const mine = account();
  if (!mine) return;
  let kept = null;
  try {
    kept = JSON.parse(sessionStorage.getItem(KEPT) ?? "null");
    if (kept && kept.owner !== mine) {
      sessionStorage.removeItem(KEPT);
      return;
    }
  } catch {
    return;
  }
  const form = kept && [...document.forms]
    .find((each) => each.getAttribute("action") === kept.action && identityOf(each) === kept.same);
  if (!form) return;
  fillFields(form, kept.fields);
  sessionStorage.removeItem(KEPT);
  form.closest("details")?.setAttribute("open", "");
  const first = [...form.elements].find(isText);
  first?.scrollIntoView({ block: "center" });
  announce(document.documentElement.lang === "en" ? "What you wrote is back in its box." : "你写的内容已经放回输入框。");
}

// Shown from memory: hidden until it is known that this browser is still signed in as the account of the page.
async function check() {
  const mine = account();
  if (!mine) return;
  document.documentElement.hidden = true;
  let found = null;
  try {
    const response = await fetch("/sign-in/state", { cache: "no-store", credentials: "same-origin" });
    found = (await response.json()).user_id;
  } catch {
    found = null;
  }
  if (found === mine) document.documentElement.hidden = false;
  else location.reload();
}

window.addEventListener("pageshow", (event) => {
  const navigation = performance.getEntriesByType("navigation")[0];
  if (event.persisted || navigation?.type === "back_forward") check();
});

restore();
