// Keeps the field that is typed into, and the button that sends it, above the keyboard of a phone. Some browsers make the page smaller;
// others, as WeChat on iOS, only what is seen of it: styles know that part as `--covered`. Written for ES2020.

import { isText } from "./fields.js";

const seen = window.visualViewport;
const AIR = 12;

function follow() {
  // A page that is zoomed in is seen in part, too, without a keyboard.
  const covered = seen.scale > 1.01 ? 0 : document.documentElement.clientHeight - seen.offsetTop - seen.height;
  document.documentElement.style.setProperty("--covered", `${Math.max(0, Math.round(covered))}px`);
  const field = document.activeElement;
  const button = field && isText(field) ? field.form?.querySelector("button.primary") : null;
  if (!button) return;
  const end = button.getBoundingClientRect().bottom;
  const below = end - (seen.offsetTop + seen.height) + AIR;
  // Where both do not fit, the field is what matters.
  const fits = end - field.getBoundingClientRect().top + AIR <= seen.height;
  if (below > 0 && fits) window.scrollBy({ top: below });
}

if (seen) {
  seen.addEventListener("resize", follow);
  document.addEventListener("focusin", follow);
}
