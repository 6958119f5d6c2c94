// Takes the revealed details of a claim out of the page: when it is left, hidden for a minute, or open for five.

const OPEN_MS = 300000;
const HIDDEN_MS = 60000;
let timer = 0;
let closing = 0;

function hide() {
  for (const place of document.querySelectorAll("[data-secret]")) {
    place.replaceChildren();
    place.hidden = true;
    const notice = document.getElementById("hidden-again");
    if (notice) notice.hidden = false;
  }
}

function watch() {
  const secret = document.querySelector("[data-secret]:not([hidden])");
  if (!secret) return;
  // Where the form was sent without script in between, back and reload open the page of the prize instead of sending it again.
  history.replaceState(null, "", secret.dataset.path);
  clearTimeout(closing);
  closing = setTimeout(hide, OPEN_MS);
  secret.focus({ preventScroll: true });
}

// Before the browser may keep the page for its back button.
window.addEventListener("pagehide", hide);
document.addEventListener("visibilitychange", () => {
  clearTimeout(timer);
  if (document.hidden) timer = setTimeout(hide, HIDDEN_MS);
});
document.addEventListener("feed:swapped", watch);
watch();
