// The page of a result: runs the checks of its sections ([data-check]) and shows each step in words. Written for ES2020.

import { Unavailable, check, load, usedPackage } from "./result-check.js";
import { canonical, parseStrictly } from "./verify.mjs";

const chinese = document.documentElement.lang !== "en";
const say = (zh, en) => (chinese ? zh : en);
// How long the page may be busy before it lets the browser react.
const BUSY_MS = 30;
const SHOWN_PROBLEMS = 5;
const KEYS = "/.well-known/feed-keys.json";
const STATES = {
  waiting: ["等待", "Waiting"],
  running: ["… 核对中", "… Checking"],
  passed: ["✓ 通过", "✓ Passed"],
  failed: ["✗ 不通过", "✗ Failed"],
  unknown: ["? 无法核对", "? Cannot tell"],
  skipped: ["– 未进行", "– Not done"],
};
const SIGNED = {
  unknown_key: ["签名所用的密钥不在本站公布的公钥之中", "signed with a key that is not among those of this site"],
  wrong: ["签名不符：文件在签署后被改动过", "the signature does not fit: the document was changed after it was signed"],
  key_over: ["文件的时间晚于密钥的有效期", "the document is dated after the end of its key"],
};
const CANNOT = {
  offline: ["网络不通，或者文件没有取完整。", "No connection, or the files did not arrive whole."],
  status: ["网站没有给出文件，状态 ", "The site did not give the files; status "],
  not_json: ["收到的不是文件，可能是网络的登录页。", "What arrived is no document, maybe the sign-in page of a network."],
  too_large: ["文件太大，请下载后用下面的命令核对。", "The document is too large: download it and use the commands below."],
  keys: ["公钥读不懂，所以没有可以比对的签名。", "The keys cannot be read, so that there is nothing to compare the signature with."],
  crypto: [
    "这个浏览器在本页没有密码运算功能（通常因为不是 HTTPS 页面，或浏览器太旧）。这不说明结果有问题。请换 HTTPS 地址、换浏览器，或下载后用下面的命令核对。",
    "This browser has no cryptography on this page (usually because it is not HTTPS, or the browser is old). That says nothing about the result. Use HTTPS, another browser, or the commands below.",
  ],
  crashed: ["核对程序中途停止：", "The check stopped: "],
  other_page: ["文件本身核对通过，但本页所列与文件不同，可能页面较旧。请刷新本页再核对。", "The document itself passes, but this page shows something else, maybe because it is older. Reload it and check again."],
};
const words = (pair) => say(pair[0], pair[1]);

class Check {
  constructor(section) {
    this.section = section;
    this.kind = section.dataset.check;
    this.steps = new Map([...section.querySelectorAll("[data-step]")].map((each) => [each.dataset.step, each]));
    this.button = section.querySelector("[data-run]");
    this.button.hidden = false;
    const note = section.querySelector("[data-note]");
    if (note) note.hidden = false;
    this.button.addEventListener("click", () => this.run());
    if ("byItself" in section.dataset) this.run();
  }

  async run() {
    if (this.busy) return;
    this.busy = true;
    this.button.setAttribute("aria-busy", "true");
    this.section.querySelector("[data-steps]").hidden = false;
    for (const step of this.steps.values()) setStep(step, "waiting", "");
    this.verdict("running", say("正在核对……", "Checking…"), "");
    this.current = null;
    this.reported = 0;
    this.rested = performance.now();
    const startedAt = performance.now();
    const outcome = await this.outcome();
    this.progress(null);
    const seconds = Math.max((performance.now() - startedAt) / 1000, 0.1).toFixed(1);
    this.conclude(outcome, seconds);
    this.busy = false;
    this.button.removeAttribute("aria-busy");
    this.button.textContent = say("重新核对", "Check again");
  }

  async outcome() {
    try {
      await this.watch("files", {});
      const [bytes, keys] = await Promise.all([load(this.section.dataset.url), load(KEYS)]);
      this.note("files", size(bytes.byteLength));
      const outcome = await check(this.kind, bytes, keys, (step, more) => this.watch(step, more));
      this.finish(outcome.found ? outcome.found : {}, outcome.state === "cannot");
      if (outcome.state !== "valid") return outcome;
      await this.watch("page", {});
      const same = this.kind === "proof" ? sameRow(this.section, outcome.found) : sameHolders(outcome.found);
      this.finish({}, !same);
      return same ? outcome : { state: "cannot", why: "other_page", detail: "", found: outcome.found };
    } catch (error) {
      this.finish({}, true);
      return error instanceof Unavailable
        ? { state: "cannot", why: error.code, detail: error.message, found: null }
        : { state: "cannot", why: "crashed", detail: String(error), found: null };
    }
  }

  // Called by the verification when a step begins, and from time to time during it.
  async watch(step, more) {
    if (step !== this.current) {
      this.finish(more, false);
      if (this.steps.has(step)) {
        this.current = step;
        this.begun = performance.now();
        setStep(this.steps.get(step), "running", "");
      }
    }
    if (more.of) this.progress(more.done / more.of, more.of);
    if (performance.now() - this.rested > BUSY_MS) {
      await new Promise((resolve) => setTimeout(resolve));
      this.rested = performance.now();
    }
  }

  // Ends the current step: it has failed if it has found something, `isUnknown` if it could not be computed.
  finish({ problems = [], signed = "authentic" }, isUnknown) {
    if (this.current === null) return;
    const step = this.steps.get(this.current);
    const found = problems.slice(this.reported);
    this.reported = problems.length;
    const took = duration(performance.now() - this.begun);
    const isUnsigned = this.current === "signature" && signed !== "authentic";
    if (isUnknown) setStep(step, "unknown", "");
    else if (found.length) setStep(step, "failed", found.slice(0, SHOWN_PROBLEMS).map(sentence).join("\n") + more(found.length));
    else if (isUnsigned) setStep(step, "failed", words(SIGNED[signed] || [signed, signed]));
    else setStep(step, "passed", "", [this.noted, took].filter(Boolean).join(say("，", ", ")));
    this.noted = "";
    this.current = null;
    this.progress(null);
  }

  note(step, text) {
    if (this.current === step) this.noted = text;
  }

  progress(share, of = 0) {
    const place = this.section.querySelector("[data-progress]");
    place.hidden = share === null;
    if (share === null) return;
    place.querySelector("progress").value = Math.round(share * 100);
    const done = Math.round(share * of);
    place.querySelector("[data-progress-words]").textContent = say(`已核对 ${done}，共 ${of}`, `${done} of ${of}`);
  }

  conclude({ state, why, detail, found }, seconds) {
    for (const step of this.steps.values()) if (step.dataset.state === "waiting") setStep(step, "skipped", "");
    const [first] = found ? found.problems : [];
    if (state === "valid") {
      this.verdict(state, say("✓ 核对通过", "✓ Valid"), this.passed(found, seconds));
    } else if (state === "invalid") {
      const reason = why === "problems" && first ? sentence(first) : words(SIGNED[why] || [why, why]);
      this.verdict(state, say("✗ 核对不通过", "✗ Invalid"),
        say(`${reason}。请保存文件，不要以此为准，并联系主办方。`, `${reason}. Save the document, do not rely on it, and contact the organiser.`));
    } else {
      const isDetailed = why === "status" || why === "crashed";
      this.verdict("cannot", say("? 此处无法核对", "? Cannot be checked here"), words(CANNOT[why] || CANNOT.crashed) + (isDetailed ? detail : ""));
    }
  }

  passed(found, seconds) {
    const own = usedPackage()
      ? say("（浏览器没有 Ed25519，用的是本站打包的实现）", " (by the packaged Ed25519, which this browser lacks)") : "";
    if (this.kind === "proof") {
      return say(`这一条属于签过名的结果，得分和名次重算一致${own}，用时 ${seconds} 秒。`,
        `This entry belongs to the signed result, and its score and rank are computed alike${own}, in ${seconds} s.`);
    }
    const left = found.notChecked.includes("draw.beacon.signature")
      ? say("drand 信标的签名、规则的取值范围留给 feed verify。", " Left to feed verify: the signature of the drand round, the bounds of the rules.")
      : say("规则的取值范围留给 feed verify。", " Left to feed verify: the bounds of the rules.");
    return say(`签名有效，名次和获奖者由你的浏览器重算一致${own}，用时 ${seconds} 秒。${left}`,
      `The signature is valid, and your browser has computed the same ranks and winners${own}, in ${seconds} s.${left}`);
  }

  verdict(state, word, why) {
    const place = this.section.querySelector("[data-verdict]");
    place.dataset.state = state;
    place.querySelector("[data-word]").textContent = word;
    place.querySelector("[data-why]").textContent = why;
  }
}

function setStep(step, state, found, took = "") {
  step.dataset.state = state;
  step.querySelector("[data-step-took]").textContent = took;
  step.querySelector("[data-step-state]").textContent = words(STATES[state]);
  const place = step.querySelector("[data-step-found]");
  place.hidden = !found;
  place.textContent = found;
}

function sentence({ code, where, expected }) {
  const message = document.querySelector(`[data-messages] [data-code="${CSS.escape(code)}"]`);
  const ought = expected ? say(`，应为 ${expected}`, `, expected ${expected}`) : "";
  return `${where ? `${where}${say("：", ": ")}` : ""}${message ? message.textContent : code}${ought}`;
}

const more = (count) => (count > SHOWN_PROBLEMS ? say(`\n……共 ${count} 处`, `\n… ${count} in all`) : "");
const duration = (ms) => (ms < 1000 ? say(`${Math.round(ms)} 毫秒`, `${Math.round(ms)} ms`) : say(`${(ms / 1000).toFixed(1)} 秒`, `${(ms / 1000).toFixed(1)} s`));
const size = (bytes) => (bytes < 1000000 ? `${Math.ceil(bytes / 1000)} kB` : `${(bytes / 1000000).toFixed(1)} MB`);

// Whether the page lists who holds the places by the document. In a draw by likes the page has no entries to compare.
function sameHolders(found) {
  const listed = [...document.querySelectorAll("[data-holders] [data-place]")];
  const holders = found.holders.map((holder, at) => [at + 1, holder]).filter(([, holder]) => holder !== null);
  return listed.length === holders.length && listed.every((each, at) => {
    const [place, holder] = holders[at];
    return Number(each.dataset.place) === place && (each.dataset.entry === "" || each.dataset.entry === holder);
  });
}

const sameRow = (section, found) => canonical(parseStrictly(section.dataset.row)) === canonical(found.row);

for (const section of document.querySelectorAll("[data-check]")) new Check(section);
