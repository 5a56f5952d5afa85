// Shows what the server has drawn. Texts are inserted as text; only Markdown, which the server
// renders with its HTML escaped, is inserted as HTML.

const RANGES = { "now-15m": "Last 15 minutes", "now-1h": "Last 1 hour", "now-3h": "Last 3 hours",
  "now-6h": "Last 6 hours", "now-24h": "Last 24 hours", "now-7d": "Last 7 days" };
const REFRESH = ["", "5s", "10s", "30s", "1m", "5m"];
const MILLISECONDS = { s: 1_000, m: 60_000, h: 3_600_000 };
const uid = location.pathname.match(/^\/d\/([^/]+)/)?.[1];
const query = new URLSearchParams(location.search);
const shown = new Map();  // id of a panel: its element
const drawings = new Map();  // id of a panel: how it was last drawn
const folded = new Map();  // id of a row: whether it is folded
const find = (id) => document.getElementById(id);
let board = null, loading = null, timer = 0;

const make = (tag, attributes = {}, ...children) => {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "style") Object.assign(node.style, value);
    else if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
    else if (name in node && typeof value !== "string") node[name] = value;
    else node.setAttribute(name, value);
  }
  node.append(...children.filter((child) => child !== null && child !== undefined));
  return node;
};

const anchor = (link, text, kind) => make("a", {
  href: link.url, title: link.title, class: kind, target: link.blank ? "_blank" : null, rel: "noreferrer",
}, text);

// ── Requests

const theme = () => query.get("theme") || localStorage.getItem("theme") || "dark";

async function load() {
  loading?.abort();
  clearTimeout(timer);
  const control = loading = new AbortController();
  const request = new URLSearchParams(query);
  request.set("theme", theme());
  request.set("width", String(Math.max(find("grid").clientWidth - 32, 320)));
  document.body.dataset.state = "loading";
  try {
    const answer = await fetch(`/api/d/${uid}?${request}`, { signal: control.signal });
    if (!answer.ok) throw new Error(await answer.text());
    for await (const line of lines(answer.body)) take(line);
    document.body.dataset.state = "done";
  } catch (error) {
    if (control.signal.aborted) return;
    problem(error instanceof TypeError ? "The preview server does not respond; is it still running?" : error.message);
    document.body.dataset.state = "failed";
  }
  wait();
}

async function* lines(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  for (;;) {
    const { done, value } = await reader.read();
    if (done) break;
    const parts = (rest + value).split("\n");
    rest = parts.pop();
    for (const part of parts) yield JSON.parse(part);
  }
}

function take(line) {
  if (line.error) problem(line.error);
  else if (line.board) { problem(line.wrong.join("\n")); begin(line); }
  else if (line.panel) draw(line.panel);
}

function problem(text) {
  find("problem").textContent = text;
  find("problem").hidden = !text;
}

function wait() {
  const [, number, unit] = (query.get("refresh") ?? board?.refresh ?? "").match(/^(\d+)([smh])$/) ?? [];
  if (number) timer = setTimeout(() => document.hidden ? wait() : load(), number * MILLISECONDS[unit]);
}

function go(changes) {
  for (const [name, value] of Object.entries(changes)) {
    query.delete(name);
    for (const each of [value].flat()) query.append(name, each);
  }
  history.replaceState(null, "", `?${query}`);
  load();
}

// ── The frame of a dashboard

function begin(line) {
  board = line;
  document.title = line.board.title;
  find("crumbs").replaceChildren(make("a", { href: "/" }, "Dashboards"), " › ", line.board.title);
  find("crumbs").title = line.board.description;
  controls(line);
  if (!document.querySelector(".picker[open]")) {
    find("variables").replaceChildren(...line.variables.filter((each) => !each.hidden).map(variable));
  }
  find("links").replaceChildren(...line.links.map((link) => anchor(link, link.title)));
  place();
}

function controls(line) {
  const [, , from, to] = line.range;
  const chosen = to === "now" && from in RANGES ? from : "";
  const own = /^\d+$/.test(from) ? `${clock(line.range[0])} to ${clock(line.range[1])}` : `${from} to ${to}`;
  const ranges = Object.entries(RANGES).map(([value, text]) => make("option", { value }, text));
  if (!chosen) ranges.unshift(make("option", { value: "" }, own));
  find("range").replaceChildren(...ranges);
  find("range").value = chosen;
  const every = query.get("refresh") ?? line.refresh;
  const steps = REFRESH.includes(every) ? REFRESH : [...REFRESH, every];
  find("refresh").replaceChildren(...steps.map((value) => make("option", { value }, value || "Off")));
  find("refresh").value = every;
}

const clock = (time) => new Date(time).toLocaleString(undefined, { dateStyle: "short", timeStyle: "short" });

function variable(each) {
  const all = each.chosen.includes("$__all");
  const names = new Map(each.options.map(([text, value]) => [value, text]));
  const chosen = all ? "All" : each.chosen.map((value) => names.get(value) ?? value).join(" + ");
  const options = make("div", { class: "options" });
  const picker = make("details", { class: "picker" }, make("summary", {}, make("b", {}, chosen || "None")), options);
  const choose = (value, on) => {
    const others = each.chosen.filter((one) => one !== value && one !== "$__all");
    const wanted = !each.multi || value === "$__all" ? [value] : on ? [...others, value] : others;
    each.chosen = wanted.length ? wanted : each.all ? ["$__all"] : [];
    for (const box of options.querySelectorAll("label input")) box.checked = each.chosen.includes(box.value);
    if (!each.multi) picker.open = false;
    go({ [`var-${each.name}`]: each.chosen });
  };
  if (each.options.length > 8) {
    options.append(make("input", { type: "search", placeholder: "Search", "aria-label": `Search ${each.label}`,
      oninput: (event) => {
        const wanted = event.target.value.toLowerCase();
        for (const label of options.querySelectorAll("label")) label.hidden = !label.textContent.toLowerCase().includes(wanted);
      } }));
  }
  for (const [text, value] of [...(each.all ? [["All", "$__all"]] : []), ...each.options]) {
    const box = make("input", { type: each.multi ? "checkbox" : "radio", name: each.name, value,
      onchange: (event) => choose(value, event.target.checked) });
    box.checked = each.chosen.includes(value);
    options.append(make("label", {}, box, text));
  }
  // While it is open it stays as it is; then the choices that depend on it are shown.
  picker.addEventListener("toggle", () => { if (!picker.open && each.multi) load(); });
  return make("div", { class: "variable", title: each.error }, make("span", {}, each.label), picker);
}

// Rows fold and unfold; panels below move with them.
function place() {
  const grid = find("grid");
  const panels = board.panels.map((panel) => ({ ...panel }));
  const nested = new Set(panels.flatMap((panel) => panel.within));
  const rows = panels.filter((panel) => panel.type === "row").sort((a, b) => a.place.y - b.place.y);
  for (const [index, row] of rows.entries()) {
    const end = rows[index + 1]?.place.y ?? Infinity;
    row.inside = row.collapsed
      ? panels.filter((panel) => row.within.includes(panel.id))
      : panels.filter((panel) => panel.type !== "row" && !nested.has(panel.id) && panel.place.y > row.place.y && panel.place.y < end);
    row.high = Math.max(0, ...row.inside.map((panel) => panel.place.y + panel.place.h)) - row.place.y - 1;
  }
  const present = new Set();
  const gone = new Set();
  let away = 0;
  const offsets = new Map();
  for (const row of rows) {
    const fold = folded.get(row.id) ?? row.collapsed;
    offsets.set(row.id, away);
    for (const panel of row.inside) fold ? gone.add(panel.id) : offsets.set(panel.id, away);
    if (fold !== row.collapsed) away += (fold ? -1 : 1) * Math.max(row.high, 0);
  }
  for (const panel of panels) {
    if (gone.has(panel.id)) continue;
    present.add(panel.id);
    const node = shown.get(panel.id) ?? (panel.type === "row" ? rowOf(panel) : panelOf(panel));
    shown.set(panel.id, node);
    head(node, panel);
    const top = panel.place.y + (offsets.get(panel.id) ?? 0) + 1;
    node.style.gridArea = `${top} / ${panel.place.x + 1} / span ${panel.place.h || 1} / span ${panel.place.w || 24}`;
    if (node.isConnected) continue;
    grid.append(node);
    if (drawings.has(panel.id)) draw(drawings.get(panel.id));
  }
  for (const [id, node] of shown) if (!present.has(id)) node.remove();
}

function rowOf(panel) {
  return make("button", { class: "row", type: "button", onclick: () => {
    folded.set(panel.id, !(folded.get(panel.id) ?? panel.collapsed));
    place();
  } });
}

function panelOf(panel) {
  return make("section", { class: "panel", "data-panel": String(panel.id), "data-type": panel.type },
    make("header"), make("div", { class: "content" }));
}

function head(node, panel) {
  if (panel.type === "row") {
    node.replaceChildren((folded.get(panel.id) ?? panel.collapsed) ? "›" : "⌄", make("span", {}, panel.title));
    return;
  }
  node.classList.toggle("clear", panel.transparent);
  node.classList.toggle("tight", !panel.title);
  node.querySelector("header").replaceChildren(...(panel.title ? [
    make("h2", { title: panel.title }, panel.title),
    panel.description ? make("span", { class: "about", title: panel.description, role: "note" }, "i") : "",
    ...panel.links.map((link) => anchor(link, link.title)),
  ] : []));
}

// ── Panels

const DRAWINGS = { figure, stat, table, bars, text, empty };

function draw(panel) {
  drawings.set(panel.id, panel);
  const node = shown.get(panel.id);
  if (!node?.isConnected) return;
  const content = node.querySelector(".content");
  const alone = panel.kind === "empty" && panel.errors.length > 0;
  const [wrong] = panel.errors;
  node.classList.toggle("full", panel.kind === "stat" && panel.tiles.some((tile) => tile.background));
  if (panel.kind !== "figure" || !content.querySelector(".plot")) {
    const plot = content.querySelector(".plot");
    if (plot) Plotly.purge(plot);
    content.replaceChildren();
  }
  content.querySelector(":scope > .wrong")?.remove();
  if (alone) { content.append(make("p", { class: "empty wrong" }, wrong)); return; }
  if (wrong) content.prepend(make("div", { class: "wrong", title: wrong }, wrong));
  try {
    DRAWINGS[panel.kind](content, panel, node);
  } catch (error) {  // a fault in one panel must not stop the others
    content.replaceChildren();
    empty(content, { text: `Not drawn by the preview: ${error.message}.` });
  }
}

function empty(content, panel) {
  content.append(make("div", { class: "empty" }, panel.text));
}

function text(content, panel) {
  const node = make("div", { class: panel.html === undefined ? "text verbatim" : "text" });
  if (panel.html === undefined) node.textContent = panel.text;
  else node.innerHTML = panel.html;
  content.append(node);
}

const resized = new ResizeObserver((entries) => {
  for (const { target } of entries) if (target.isConnected && target.data) Plotly.Plots.resize(target);
});

function figure(content, panel) {
  const old = content.querySelector(".plot");
  const plot = old ?? make("div", { class: "plot" });
  const beside = panel.legend?.placement === "right";
  if (!old) content.append(make("div", { class: "figure" }, plot));
  const frame = plot.parentElement;
  frame.classList.toggle("beside", beside);
  frame.querySelector(".legend")?.remove();
  if (panel.legend) frame.append(legend(panel.legend, plot));
  const layout = { ...panel.figure.layout, width: plot.clientWidth, height: plot.clientHeight };
  Plotly.react(plot, panel.figure.data, layout, { displayModeBar: false, doubleClick: false, responsive: false });
  if (old) return;
  resized.observe(plot);
  plot.on("plotly_relayout", (change) => {
    const [from, to] = [change["xaxis.range[0]"], change["xaxis.range[1]"]];
    if (from && to) go({ from: String(Date.parse(from)), to: String(Date.parse(to)) });
  });
}

function legend(what, plot) {
  const entries = [];
  const entry = (item) => {
    const node = make("button", { class: "entry", type: "button", title: item.name, onclick: () => isolate(entries, node, plot) },
      make("i", { style: { background: item.colour } }), item.name);
    entries.push({ node, trace: item.trace });
    return make("span", {}, node, ...item.links.map((link) => anchor(link, "↗", "more")));
  };
  if (what.mode === "table") {
    return make("div", { class: "legend" }, make("table", {},
      make("thead", {}, make("tr", {}, make("th", {}, "Name"), ...what.columns.map((name) => make("th", {}, name)))),
      make("tbody", {}, ...what.items.map((item) => make("tr", {}, make("td", {}, entry(item)),
        ...item.values.map((value) => make("td", {}, value)))))));
  }
  const words = (item) => item.values.map((value, index) => `  ${what.columns[index]}: ${value}`).join("");
  return make("div", { class: "legend" }, make("ul", {}, ...what.items.map((item) => make("li", {}, entry(item), make("span", {}, words(item))))));
}

function isolate(entries, node, plot) {
  const alone = entries.every((each) => each.node === node || each.node.classList.contains("off"));
  for (const each of entries) {
    const on = alone || each.node === node;
    each.node.classList.toggle("off", !on);
    if (each.trace !== null) Plotly.restyle(plot, { visible: on }, [each.trace]);
  }
}

const ruler = document.createElement("canvas").getContext("2d");

function wide(words) {
  ruler.font = "500 100px Inter, Roboto, Helvetica, Arial, sans-serif";
  return ruler.measureText(words).width / 100;
}

function stat(content, panel) {
  const { tiles, across } = panel;
  const [width, height] = [content.clientWidth, content.clientHeight];
  const widest = Math.max(...tiles.map((tile) => wide(tile.text) + .62 * wide(tile.prefix + tile.suffix)), .5);
  const named = tiles.some((tile) => tile.name);
  const sizes = (columns) => {
    const high = (height / Math.ceil(tiles.length / columns)) * (tiles[0].spark?.length ? .66 : 1), broad = width / columns - 24;
    return Math.min(broad / widest, high * (named ? .45 : .6), 60);
  };
  let columns = across === "vertical" ? tiles.length : 1;
  if (across === "auto") for (let each = 2; each <= tiles.length; each++) if (sizes(each) >= sizes(columns) * .99) columns = each;
  const value = panel.size.value ?? Math.max(sizes(columns), 12);
  const longest = Math.max(...tiles.map((tile) => wide(tile.name)), .5);
  const name = panel.size.name ?? Math.max(Math.min(value * .42, 20, (width / columns - 32) / longest), 12);
  content.append(make("div", { class: "tiles", style: { gridTemplateColumns: `repeat(${columns}, minmax(0, 1fr))` } },
    ...tiles.map((tile) => tileOf(tile, panel.centre, value, name))));
}

function tileOf(tile, centre, value, name) {
  const words = make("div", { class: "value", style: { fontSize: `${value}px` } },
    tile.prefix ? make("small", {}, tile.prefix) : "", tile.text, tile.suffix ? make("small", {}, tile.suffix) : "");
  const node = make("div", { class: centre ? "tile centre" : "tile", style: { color: tile.colour, background: tile.background ?? "" } },
    make("div", { class: "words" },
      tile.name ? make("div", { class: "name", title: tile.name, style: { fontSize: `${name}px`, color: tile.background ? "inherit" : "var(--text)" } }, tile.name) : "",
      words),
    tile.spark?.length ? spark(tile.spark, tile.line) : "");
  if (tile.links.length) node.append(anchor(tile.links[0], "", "over"));
  return node;
}

function spark(points, colour) {
  const space = "http://www.w3.org/2000/svg";
  const node = document.createElementNS(space, "svg");
  node.setAttribute("viewBox", "0 0 100 100");
  node.setAttribute("preserveAspectRatio", "none");
  const at = points.map((point, index) => point === null ? null : [100 * index / Math.max(points.length - 1, 1), 96 - 90 * point]).filter(Boolean);
  const line = at.map(([x, y]) => `${x.toFixed(2)} ${y.toFixed(2)}`).join(" L ");
  const path = (d, set) => {
    const one = document.createElementNS(space, "path");
    for (const [key, text] of Object.entries({ d, "vector-effect": "non-scaling-stroke", ...set })) one.setAttribute(key, text);
    node.append(one);
  };
  path(`M ${at[0][0]} 100 L ${line} L ${at.at(-1)[0]} 100 Z`, { fill: colour, "fill-opacity": ".18" });
  path(`M ${line}`, { fill: "none", stroke: colour, "stroke-width": "1.5" });
  return node;
}

function table(content, panel) {
  const least = panel.columns.reduce((sum, column) => sum + (column.width ?? column.least ?? 90), 0);
  const rows = panel.rows.map((row) => make("tr", {}, ...row.map((cell, index) => make("td", {
    title: cell.text,
    style: { textAlign: panel.columns[index].align, color: cell.bar === undefined ? cell.colour ?? "" : "", background: cell.background ?? "" },
  }, ...cellOf(cell)))));
  content.append(make("div", { class: "scroll", tabindex: "0" }, make("table", { class: "cells", style: { minWidth: `${least}px` } },
    make("colgroup", {}, ...panel.columns.map((column) => make("col", { style: { width: column.width ? `${column.width}px` : "" } }))),
    make("thead", {}, make("tr", {}, ...panel.columns.map((column) => make("th", { scope: "col", title: column.title, style: { textAlign: column.align } }, column.title)))),
    make("tbody", {}, ...rows)),
  panel.more ? make("div", { class: "more-rows" }, `${panel.more} further rows`) : ""));
}

function cellOf(cell) {
  if (cell.bar !== undefined) {
    return [make("div", { class: "bar" },
      make("span", {}, make("i", { style: { width: `${100 * cell.bar}%`, background: cell.colour } })),
      make("b", { style: { color: cell.colour } }, cell.text))];
  }
  const [first, ...others] = cell.links ?? [];
  return [first && cell.text ? anchor(first, cell.text) : cell.text, ...others.map((link) => anchor(link, `↗ ${link.title}`, "more"))];
}

function bars(content, panel) {
  content.append(make("div", { class: panel.upright ? "bars upright" : "bars" }, ...panel.bars.map((bar) => {
    const fill = make("i", { style: { [panel.upright ? "height" : "width"]: `${100 * bar.reach}%`, background: colours(panel, bar) } });
    const value = make("span", { class: "value", style: { color: bar.colour } }, bar.text);
    const name = make("span", { class: "name", title: bar.name }, bar.links.length ? anchor(bar.links[0], bar.name) : bar.name);
    const track = make("span", { class: "track", style: { background: panel.rest ? "" : "none" } }, fill);
    return make("div", { class: "gauge" }, name, track, value);
  })));
}

// In gradient mode a bar passes through the colours of the thresholds below it.
function colours(panel, bar) {
  if (panel.mode !== "gradient" || bar.scale.length < 2 || !bar.reach) return bar.colour;
  const stops = bar.scale.filter(([at]) => at < bar.reach).map(([at, colour]) => `${colour} ${(100 * at / bar.reach).toFixed(1)}%`);
  return stops.length < 2 ? bar.colour : `linear-gradient(${panel.upright ? "to top" : "to right"}, ${stops.join(", ")}, ${bar.colour} 100%)`;
}

// ── The page

async function listed() {
  const boards = await (await fetch("/api/boards")).json();
  find("controls").hidden = true;
  find("grid").replaceChildren(...boards.map((each) => make("a", { class: "list", href: `/d/${each.uid}` },
    make("b", {}, each.title), make("span", {}, each.description))));
  document.body.dataset.state = "done";
}

function dress() {
  document.documentElement.dataset.theme = theme();
}

find("range").addEventListener("change", (event) => go({ from: event.target.value, to: "now" }));
find("refresh").addEventListener("change", (event) => go({ refresh: event.target.value }));
find("again").addEventListener("click", load);
find("theme").addEventListener("click", () => {
  const other = theme() === "dark" ? "light" : "dark";
  localStorage.setItem("theme", other);
  query.delete("theme");
  dress();
  if (uid) go({});
});
document.addEventListener("click", (event) => {
  for (const picker of document.querySelectorAll(".picker[open]")) if (!picker.contains(event.target)) picker.open = false;
});
let narrow = 0;
addEventListener("resize", () => { clearTimeout(narrow); narrow = setTimeout(() => uid && load(), 400); });
dress();
if (uid) load(); else listed();
