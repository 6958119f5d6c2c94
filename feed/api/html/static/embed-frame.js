// For pages with a frame of the block: <script src="…/embed/frame.js" async></script>. It gives each such frame the height that its
// block says, whenever the frame is loaded or the block changes. Written for old browsers, without a global name.
(function () {
  "use strict";
  var script = document.currentScript;
  if (!script || !window.URL) return;
  var home = new URL(script.src).origin;
  var LEAST = 40;
  var MOST = 8000;

  function isBlock(element) {
    if (!element || element.tagName !== "IFRAME" || !element.src) return false;
    var address = new URL(element.src);
    return address.origin === home && address.pathname === "/embed";
  }

  function blocks() {
    return Array.prototype.filter.call(document.getElementsByTagName("iframe"), isBlock);
  }

  // A frame that is not loaded yet still has a document of this page.
  function isLoaded(frame) {
    try {
      return !frame.contentDocument || frame.contentDocument.URL !== "about:blank";
    } catch (error) {
      return true;
    }
  }

  function greet(frame) {
    if (frame.contentWindow && isLoaded(frame)) frame.contentWindow.postMessage({ feed: "hello" }, home);
  }

  window.addEventListener("message", function (event) {
    if (event.origin !== home || !event.data || event.data.feed !== "height") return;
    var height = event.data.height;
    if (typeof height !== "number" || !(height >= LEAST && isFinite(height))) return;
    height = Math.min(height, MOST);
    blocks().forEach(function (frame) {
      if (frame.contentWindow === event.source) frame.style.height = Math.ceil(height) + "px";
    });
  });
  // Not bubbling: caught on the way down. Frames that are added or shown later load later.
  document.addEventListener("load", function (event) {
    if (isBlock(event.target)) greet(event.target);
  }, true);
  blocks().forEach(greet);
}());
