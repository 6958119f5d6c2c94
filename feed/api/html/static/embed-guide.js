// Copies what stands on the page of instructions. Written for ES2020.

import { announce } from "./forms.js";

const done = document.documentElement.lang !== "en" ? "已复制" : "Copied";

for (const button of document.querySelectorAll("[data-copy]")) {
  button.hidden = false;
  button.addEventListener("click", async () => {
    const code = document.getElementById(button.dataset.copy);
    try {
      await navigator.clipboard.writeText(code.textContent);
    } catch (error) {
      // No permission, or no HTTPS: selected, to be copied by hand.
      getSelection().selectAllChildren(code);
      return;
    }
    button.textContent = done;
    announce(done);
  });
}
