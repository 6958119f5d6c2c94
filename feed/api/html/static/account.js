// Rows of links that are wider than a phone begin at the current one. Written for ES2020.

for (const row of document.querySelectorAll(".own-menu, .choices")) {
  const current = row.querySelector("[aria-current]");
  if (current) row.scrollLeft = current.offsetLeft - row.offsetLeft - 16;
}
