// One stream of live events for all tabs of a browser: the visible tab that holds the lock has it and passes events on to the others.
// HTTP/1.1 allows six connections to a host, so a stream of its own in each tab would stop the seventh. A browser without locks or
// channels opens one for each visible tab. Hidden tabs have none: a stream begins with the present state, so nothing is missed.
// Written for ES2020.

const URL_OF_EVENTS = "/v1/events?topics=";
const TOPICS_MOST = 30;
const KINDS = ["post", "board", "latest", "inbox", "queue", "campaign"];
// Numbers of a list come last: beyond the most topics its end is left out.
const ORDER = ["inbox", "queue", "campaign", "board", "latest", "post"];
const PRIVATE = ["inbox", "queue", "campaign"];
const GATHER_MS = 50;
const REOPEN_MS = 1000;
const BACKOFF_CAP_MS = 60000;

const kindOf = (topic) => topic.split(":")[0];
const wait = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

// The topics in the order in which they are dropped from the end.
const ordered = (topics) => [...topics].sort((a, b) => ORDER.indexOf(kindOf(a)) - ORDER.indexOf(kindOf(b)));

// What a new stream about these topics would be answered; 0 without an answer.
async function ask(topics) {
  const stop = new AbortController();
  try {
    const response = await fetch(URL_OF_EVENTS + topics.join(","), {
      headers: { accept: "text/event-stream" }, credentials: "same-origin", cache: "no-store", signal: stop.signal,
    });
    return { status: response.status, afterMs: 1000 * (Number(response.headers.get("retry-after")) || 0) };
  } catch {
    return { status: 0, afterMs: 0 };
  } finally {
    stop.abort();
  }
}

// The topics that the viewer may not read (any more): without a session the private ones, without the role those of staff, which a
// banned user has none of. A server that restarts or has too many streams refuses none.
function refusedBy(status, topics) {
  const own = topics.filter((each) => PRIVATE.includes(kindOf(each)));
  const staff = own.filter((each) => kindOf(each) !== "inbox");
  if (status === 403 && staff.length) return staff;
  return status === 401 || status === 403 ? own : [];
}

// The stream itself. `deliver(topic, state)` gets the state of each topic, and each that follows.
class Source {
  constructor(deliver) {
    this.deliver = deliver;
    this.topics = [];
    this.states = new Map();
    this.source = null;
    this.failures = 0;
    this.refused = new Set();
    this.timer = 0;
  }

  // Asks for these topics; a stream that has them all stays as it is.
  want(topics) {
    const wanted = ordered(topics).filter((each) => !this.refused.has(each)).slice(0, TOPICS_MOST);
    for (const topic of wanted) {
      if (this.states.has(topic)) this.deliver(topic, this.states.get(topic));
    }
    const open = this.source && this.source.readyState !== EventSource.CLOSED;
    if (open && wanted.every((each) => this.topics.includes(each))) return;
    this.topics = wanted;
    if (!this.timer) this.timer = setTimeout(() => this.open(), open ? REOPEN_MS : GATHER_MS);
  }

  open() {
    this.timer = 0;
    if (this.source) this.source.close();
    this.source = null;
    if (!this.topics.length) return;
    const kept = new Set(this.topics);
    for (const topic of this.states.keys()) if (!kept.has(topic)) this.states.delete(topic);
    const source = this.source = new EventSource(URL_OF_EVENTS + this.topics.join(","));
    source.onopen = () => { this.failures = 0; };
    source.onerror = () => { if (source.readyState === EventSource.CLOSED) this.retry(); };
    for (const kind of KINDS) source.addEventListener(kind, (event) => this.take(event));
  }

  take(event) {
    const state = JSON.parse(event.data);
    this.states.set(state.topic, state);
    this.deliver(state.topic, state);
  }

  // The browser comes back by itself after a broken connection, not after a status, and does not tell which one it was: it is asked for.
  async retry() {
    const source = this.source;
    const { status, afterMs } = await ask(this.topics);
    if (this.source !== source) return;
    for (const topic of refusedBy(status, this.topics)) this.refused.add(topic);
    this.topics = this.topics.filter((each) => !this.refused.has(each));
    const pause = Math.max(afterMs, Math.min(BACKOFF_CAP_MS, 2000 * 2 ** this.failures));
    this.failures = Math.min(this.failures + 1, 10);
    clearTimeout(this.timer);
    // The jitter comes after the cap: browsers that were refused together come back apart.
    this.timer = setTimeout(() => this.open(), pause * (1 + Math.random()));
  }

  close() {
    clearTimeout(this.timer);
    this.timer = 0;
    if (this.source) this.source.close();
    this.source = null;
    this.states.clear();
    this.refused.clear();
    this.failures = 0;
  }
}

// Opens a share of the browser's stream: `want(topics)` says what this tab shows, `pause()` and `resume()` that it is hidden or shown.
export function openShared(deliver) {
  const shares = "locks" in navigator && "BroadcastChannel" in window;
  const channel = shares ? new BroadcastChannel("feed-live") : null;
  const tab = `${Date.now()}-${Math.random()}`;
  const others = new Map();
  let own = [];
  let shown = false;
  let leads = false;
  let release = null;
  let asking = null;

  const source = new Source((topic, state) => {
    if (channel && leads) channel.postMessage({ type: "state", topic, state });
    if (own.includes(topic)) deliver(topic, state);
  });
  const update = () => source.want(new Set([...own, ...[...others.values()].flat()]));
  const tell = (message) => { if (channel) channel.postMessage({ tab, ...message }); };

  if (channel) {
    channel.onmessage = ({ data }) => {
      if (data.type === "state" && shown && !leads && own.includes(data.topic)) deliver(data.topic, data.state);
      if (data.type === "leader" && shown) tell({ type: "want", topics: own });
      if (!leads) return;
      if (data.type === "want") others.set(data.tab, data.topics);
      if (data.type === "bye") others.delete(data.tab);
      if (data.type === "want") update();
    };
  }

  async function lead() {
    asking = new AbortController();
    try {
      await navigator.locks.request("feed-live", { signal: asking.signal }, async () => {
        leads = true;
        tell({ type: "leader" });
        await wait(GATHER_MS);
        if (leads) update();
        await new Promise((resolve) => { if (leads) release = resolve; else resolve(); });
      });
    } catch (error) {
      if (error.name !== "AbortError") throw error;
    }
  }

  function resume() {
    if (shown) return;
    shown = true;
    if (!channel) update();
    else {
      tell({ type: "want", topics: own });
      lead();
    }
  }

  function pause() {
    if (!shown) return;
    shown = false;
    leads = false;
    others.clear();
    source.close();
    tell({ type: "bye" });
    if (release) release();
    else if (asking) asking.abort();
    release = null;
  }

  return {
    want(topics) {
      own = topics;
      if (!shown) return;
      if (channel && !leads) tell({ type: "want", topics: own });
      else update();
    },
    pause,
    resume,
  };
}
