// Keeps the time that is left on campaigns and prizes right. The text is no live region: it is read when a reader comes to it, never announced.

const chinese = document.documentElement.lang !== "en";

function words(milliseconds) {
  if (milliseconds <= 0) return chinese ? "时间已到" : "The time has come";
  const seconds = Math.ceil(milliseconds / 1000);
  const days = Math.floor(seconds / 86400);
  const hours = Math.floor((seconds % 86400) / 3600);
  const minutes = Math.floor((seconds % 3600) / 60);
  if (days) return chinese ? `还有 ${days} 天 ${hours} 小时` : `${days} d ${hours} h left`;
  if (hours) return chinese ? `还有 ${hours} 小时 ${minutes} 分钟` : `${hours} h ${minutes} min left`;
  if (minutes >= 10) return chinese ? `还有 ${minutes} 分钟` : `${minutes} min left`;
  const rest = seconds % 60;
  return chinese ? `还有 ${minutes} 分 ${rest} 秒` : `${minutes} min ${rest} s left`;
}

// A clock that is wrong on this device must not end anything early: the difference to the server's is measured once, but for a page
// that the browser had kept, whose time is an old one. The server keeps a page for some seconds, too.
const KEPT_MS = 10000;
let offset = 0;
const served = document.querySelector("[data-served-at]");
const loading = performance.getEntriesByType("navigation")[0];
if (served && loading && loading.transferSize > 0) {
  offset = Date.parse(served.dataset.servedAt) + performance.now() - loading.responseStart - Date.now();
  if (Math.abs(offset) < KEPT_MS) offset = 0;
}

function update() {
  for (const place of document.querySelectorAll("[data-countdown]")) {
    const text = words(Date.parse(place.dataset.countdown) - Date.now() - offset);
    if (place.textContent !== text) place.textContent = text;
  }
}

update();
setInterval(update, 1000);
