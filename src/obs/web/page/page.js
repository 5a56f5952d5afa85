"use strict";
// The page is complete without this script. It fetches the page again, replaces the parts that have
// changed, so that selections and focus survive, and counts ages in between.
const EVERY = 5000, TIMEOUT = 10000, TYPING = 150;
const $ = (id) => document.getElementById(id);
const known = { at: performance.now(), now: Number($("main").dataset.now) };
let timer = 0, round = 0, failing = null;

function duration(seconds) {
  for (const [unit, size, next, small] of [["d", 86400, "h", 3600], ["h", 3600, "m", 60], ["m", 60, "s", 1]])
    if (seconds >= size) {
      const rest = Math.floor((seconds % size) / small);
      return Math.floor(seconds / size) + " " + unit + (rest ? " " + rest + " " + next : "");
    }
  return seconds + " s";
}
// Ages use the collector's clock: the clock of this device may be wrong.
const sinceFetch = () => (performance.now() - known.at) / 1000;
const clock = (at) => new Date(at * 1000).toLocaleTimeString([], { hour: "2-digit", minute: "2-digit", second: "2-digit" });
function set(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

function tick() {
  const main = $("main"), banner = $("offline"), now = known.now + sinceFetch();
  banner.hidden = failing == null;
  main.classList.toggle("old", failing != null);
  $("pulse").className = "dot " + (failing != null ? "bad" : "good");
  if (failing != null) set(banner, `${failing} Showing data from ${clock(Number(main.dataset.generated))}.`);
  set($("updated"), failing != null ? "no connection" : "updated " + duration(Math.floor(sinceFetch())) + " ago");
  for (const node of document.querySelectorAll("time[data-at]"))
    set(node, duration(Math.max(0, Math.floor(now - Number(node.dataset.at)))) + " ago");
}

function withoutAges(node) {
  const copy = node.cloneNode(true);
  for (const age of copy.querySelectorAll("time[data-at]")) age.textContent = "";
  return copy.innerHTML;
}
function replace(before, after) {
  if (withoutAges(before) !== withoutAges(after)) before.replaceChildren(...document.adoptNode(after).childNodes);
}
const parts = (root) => new Map([...root.querySelectorAll("[data-part]")].map((node) => [node.dataset.part, node]));
function draw(next) {
  const here = parts(document), there = parts(next);
  if ([...here.keys()].join() === [...there.keys()].join())
    for (const [name, node] of here) replace(node, there.get(name));
  else {  // a section has come or gone
    const typing = document.activeElement === $("filter");
    for (const name of ["verdict", "content"]) replace($(name), next.getElementById(name));
    if (typing) $("filter")?.focus();
  }
  for (const [name, value] of Object.entries(next.getElementById("main").dataset)) $("main").dataset[name] = value;
  document.title = next.title;
  document.querySelector("link[rel=icon]").href = next.querySelector("link[rel=icon]").href;
}

const typed = () => $("filter")?.value ?? "";
function address() {
  const url = new URL(location.href);
  url.hash = "";
  url.searchParams.delete("filter");
  if (typed()) url.searchParams.set("filter", typed());
  return url;
}
async function refresh() {
  clearTimeout(timer);
  const mine = ++round, asked = address();
  let why = null;
  try {
    const response = await fetch(asked, { cache: "no-store", signal: AbortSignal.timeout(TIMEOUT) });
    const next = response.ok ? new DOMParser().parseFromString(await response.text(), "text/html") : null;
    if (mine !== round) return;
    if (next?.getElementById("main")) {
      known.at = performance.now();
      known.now = Number(next.getElementById("main").dataset.now);
      draw(next);
    } else why = response.ok ? "The collector's response cannot be displayed." : response.status === 401 ? "Authentication required: reload the page." : `The collector returned an error (HTTP ${response.status}).`;
  } catch (error) {
    if (mine !== round) return;
    why = "The collector is not responding.";
  }
  failing = why;
  tick();
  clearTimeout(timer);
  if (!document.hidden) timer = setTimeout(refresh, EVERY);
}
document.addEventListener("visibilitychange", () => document.hidden ? clearTimeout(timer) : refresh());
document.addEventListener("input", (event) => {
  if (event.target.id !== "filter") return;
  clearTimeout(timer);
  timer = setTimeout(() => { history.replaceState(null, "", address()); refresh(); }, TYPING);
});
document.addEventListener("submit", (event) => event.preventDefault());
setInterval(tick, 1000);
timer = setTimeout(refresh, EVERY);
