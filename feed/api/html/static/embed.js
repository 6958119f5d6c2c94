// In the block's own frame: tells the page around it how high the block is. Written for ES2020.
//
// It listens to its parent only, if that is a site that may frame it, and answers to that origin, never to "*". All that a message can
// do is to ask for the height.

const sites = (document.documentElement.dataset.sites || "").split(" ").filter(Boolean);
let parentOrigin = null;

function mayFrame(origin) {
  if (!/^https?:\/\//.test(origin)) return false;
  return origin === location.origin || sites.some((site) => {
    if (site === "*" || site === origin) return true;
    const at = site.indexOf("//*.");
    return at > 0 && origin.startsWith(site.slice(0, at + 2)) && origin.endsWith(site.slice(at + 3));
  });
}

function tell() {
  const height = Math.ceil(document.documentElement.getBoundingClientRect().height);
  // In a part that is hidden nothing has a height.
  if (parentOrigin !== null && height > 0) window.parent.postMessage({ feed: "height", height }, parentOrigin);
}

if (window.parent !== window) {
  window.addEventListener("message", (event) => {
    if (event.source !== window.parent || !mayFrame(event.origin)) return;
    if (!event.data || event.data.feed !== "hello") return;
    parentOrigin = event.origin;
    tell();
  });
  new ResizeObserver(tell).observe(document.documentElement);
}
