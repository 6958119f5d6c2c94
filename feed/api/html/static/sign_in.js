// The sign-in: a form is sent once, and the challenge of the server is solved. Written for ES2020.
//
// The challenge is altcha's proof of work: the counter whose derived key begins with a prefix. It is solved on this page, in
// slices, so that the page stays usable; without Web Crypto (plain HTTP) the page says so.

const english = document.documentElement.lang === "en";
const say = (zh, en) => (english ? en : zh);
const bytes = (text) => Uint8Array.from(text.match(/../g) ?? [], (each) => parseInt(each, 16));
const hex = (given) => [...given].map((each) => each.toString(16).padStart(2, "0")).join("");

for (const form of document.querySelectorAll("form[data-once]")) {
  form.addEventListener("submit", (event) => {
    if (form.dataset.sent) event.preventDefault();
    form.dataset.sent = "1";
    event.submitter?.setAttribute("aria-busy", "true");
  });
}
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-once]")) {
    delete form.dataset.sent;
    for (const button of form.querySelectorAll("[aria-busy]")) button.removeAttribute("aria-busy");
  }
});

// Browsers leave `autofocus` out where the page is not drawn yet.
if (document.activeElement === document.body) document.querySelector("main [autofocus]")?.focus();

// What session.js keeps in this tab: the reader is told that nothing is lost.
try {
  if (sessionStorage.getItem("feed:kept-form")) document.querySelector("[data-kept]")?.removeAttribute("hidden");
} catch {
  // Storage is forbidden: nothing is kept.
}

const challenged = document.querySelector("form[data-challenge]");
if (challenged) solve(challenged);

async function solve(form) {
  const words = document.getElementById("challenge-words");
  const bar = document.getElementById("challenge-progress");
  const button = form.querySelector("button.primary");
  if (!globalThis.crypto?.subtle) {
    words.textContent = say("此浏览器无法完成安全验证，请用 https 打开本页，或换一个浏览器。",
      "This browser cannot run the check: open the page over https, or use another browser.");
    return;
  }
  button.disabled = true;
  try {
    const challenge = JSON.parse(form.dataset.challenge);
    const { counter, derivedKey } = await search(challenge.parameters, (tried, expected) => {
      // The number of tries is a matter of luck: the bar slows down and never says that it is done.
      bar.value = Math.round(100 * (1 - Math.exp(-tried / expected)));
    });
    form.elements.namedItem("challenge").value = btoa(JSON.stringify({ challenge, solution: { counter, derivedKey } }));
    bar.value = 100;
    words.textContent = say("验证通过，正在发送验证码…", "Done: sending the code…");
    button.disabled = false;
    form.requestSubmit ? form.requestSubmit() : form.submit();
  } catch {
    button.disabled = false;
    words.textContent = say("安全验证没有完成，请再点一次“获取验证码”。", "The check did not work: please send the form again.");
  }
}

async function search(parameters, report) {
  const [, hash] = parameters.algorithm.split("/");
  const nonce = bytes(parameters.nonce);
  const salt = bytes(parameters.salt);
  const prefix = parameters.keyPrefix.toLowerCase();
  const expected = 16 ** prefix.length;
  const password = new Uint8Array(nonce.length + 4);
  password.set(nonce);
  const view = new DataView(password.buffer);
  for (let counter = 0; counter < 2 ** 32; counter += 1) {
    view.setUint32(nonce.length, counter);
    const key = await crypto.subtle.importKey("raw", password, "PBKDF2", false, ["deriveBits"]);
    const bits = await crypto.subtle.deriveBits(
      { name: "PBKDF2", hash, salt, iterations: parameters.cost }, key, 8 * parameters.keyLength,
    );
    const derivedKey = hex(new Uint8Array(bits));
    if (derivedKey.startsWith(prefix)) return { counter, derivedKey };
    if (counter % 8 === 7) {
      report(counter, expected);
      await new Promise((go) => setTimeout(go, 0));
    }
  }
  throw new Error("no solution");
}
