"use strict";
// The timeline of a trace: rows for the CPU and each process, time from left to right. `T` is the data (page.py); times are in
// nanoseconds since it began. What is seen is [view.from, view.to). lykosTrace, at the end, is for tests and the curious.
const T = JSON.parse(document.getElementById("data").textContent);
const ROW = 30, TOP = 24, BAR = 18, NAMES = 150, NEAREST = 20, ARROWS_MOST = 3000;
const $ = (id) => document.getElementById(id);
const lines = $("lines"), overview = document.querySelector("#overview canvas");
const view = { from: 0, to: T.length, found: -1 };
const SIGNS = { notice: "▼", fault: "✖", error: "!", preempted: "◆", deferral: "◇", restart: "↻", blocked: "▮", entry: "·", interrupt: "▾", timer: "▿", end: "■" };
const STATE_COLOURS = ["running", "ready", "open", "closed", "notice", "blocked", "faulted"];
let colours = {};

// --- small things ---
function readColours() {
  const style = getComputedStyle(document.documentElement);
  for (const name of [...STATE_COLOURS, "paper", "panel", "line", "ink", "faint", "accent", "ns", "message", "gap"])
    colours[name] = style.getPropertyValue("--" + name).trim();
}
function words(ns) {
  for (const [unit, size] of [["s", 1e9], ["ms", 1e6], ["µs", 1e3]])
    if (Math.abs(ns) >= size) return (ns / size).toFixed(3).replace(/\.?0+$/, "") + " " + unit;
  return Math.round(ns) + " ns";
}
const width = () => lines.clientWidth;
const toX = (t) => (t - view.from) / (view.to - view.from) * width();
const toTime = (x) => view.from + x / width() * (view.to - view.from);
const rowTop = (row) => TOP + row * ROW + (ROW - BAR) / 2;
const nameOf = (i) => i < 0 ? "nobody known" : T.processes[i].name;
// Of a list ordered by time: the first index whose element does not end, by `end`, before t.
function firstFrom(list, t, end) {
  let low = 0, high = list.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle][end] < t) low = middle + 1; else high = middle;
  }
  return low;
}
function fitCanvas(canvas, height) {
  const scale = window.devicePixelRatio || 1, w = canvas.clientWidth;
  canvas.style.height = height + "px";
  if (canvas.width !== Math.round(w * scale) || canvas.height !== Math.round(height * scale)) {
    canvas.width = Math.round(w * scale);
    canvas.height = Math.round(height * scale);
  }
  const g = canvas.getContext("2d");
  g.setTransform(scale, 0, 0, scale, 0, 0);
  g.clearRect(0, 0, w, height);
  return g;
}

// --- drawing ---
function hue(i) { return i < 0 ? colours.faint : `hsl(${(i * 137.508 + 200) % 360} 45% 52%)`; }
// Spans narrower than a pixel are drawn once for each pixel and colour.
function drawSpans(g, list, y, height, colourOf, textOf) {
  let lastX = -9, lastColour = "";
  for (let i = firstFrom(list, view.from, 1); i < list.length && list[i][0] <= view.to; i++) {
    const span = list[i], x = Math.max(-2, toX(span[0])), w = Math.min(width() + 2, toX(span[1])) - x, colour = colourOf(span);
    if (w < 1 && Math.floor(x) === lastX && colour === lastColour) continue;
    g.fillStyle = colour;
    g.fillRect(x, y, Math.max(w, 0.75), height);
    if (w < 1) { lastX = Math.floor(x); lastColour = colour; }
    const text = w > 34 && textOf ? textOf(span) : "";
    if (text) {
      g.save(); g.beginPath(); g.rect(x, y, w, height); g.clip();
      g.fillStyle = colour === colours.open || colour === colours.closed || colour === colours.notice ? colours.faint : "#fff";
      g.fillText(text, x + 6, y + height / 2 + 4);
      g.restore();
    }
  }
}
function drawMarks(g, list, row) {
  if (!$("marks").checked) return;
  let lastX = -99, lastKind = -1;
  for (let i = firstFrom(list, view.from, 0); i < list.length && list[i][0] <= view.to; i++) {
    const kind = T.kinds[list[i][1]], x = toX(list[i][0]);
    if (kind === "entry" && !$("entries").checked) continue;
    if (x - lastX < 3 && lastKind === list[i][1]) continue;
    lastX = x; lastKind = list[i][1];
    g.fillStyle = kind === "fault" || kind === "error" ? colours.faulted : kind === "preempted" ? colours.ns : colours.ink;
    g.fillText(SIGNS[kind], x - 4, rowTop(row) + (kind === "entry" || kind === "blocked" ? BAR / 2 + 4 : -1) + (kind === "entry" ? 0 : 3));
  }
}
function drawArrows(g) {
  if (!$("arrows").checked) return;
  const seen = T.messages.filter((m) => m[2] >= view.from && m[0] <= view.to && m[1] >= 0 && m[3] >= 0);
  const step = Math.ceil(seen.length / ARROWS_MOST);
  g.strokeStyle = g.fillStyle = colours.message;
  g.globalAlpha = Math.max(0.15, Math.min(0.9, 150 / (seen.length + 1)));
  for (let i = 0; i < seen.length; i += step) {
    const [sent, from, arrived, to] = seen[i];
    const x = toX(sent), x2 = toX(arrived), y = rowTop(from + 1) + BAR / 2, y2 = rowTop(to + 1) + (to > from ? 0 : to < from ? BAR : 0);
    const bend = Math.max(6, Math.min(40, (x2 - x) / 2));
    g.beginPath(); g.moveTo(x, y); g.bezierCurveTo(x + bend, y, x2, y2 + (to > from ? -bend : bend), x2, y2); g.stroke();
    const up = to > from ? -1 : 1;
    g.beginPath(); g.moveTo(x2, y2); g.lineTo(x2 - 3, y2 + 6 * up); g.lineTo(x2 + 3, y2 + 6 * up); g.fill();
  }
  g.globalAlpha = 1;
}
function drawScale(g, height) {
  const rough = (view.to - view.from) / (width() / 110), power = 10 ** Math.floor(Math.log10(rough));
  const step = Math.max(1, [1, 2, 5, 10].find((n) => n * power >= rough) * power);
  g.strokeStyle = colours.line; g.fillStyle = colours.faint; g.lineWidth = 1;
  for (let t = Math.ceil(view.from / step) * step; t <= view.to; t += step) {
    const x = Math.round(toX(t)) + 0.5;
    g.beginPath(); g.moveTo(x, TOP - 6); g.lineTo(x, height); g.stroke();
    g.fillText(words(t), x + 3, 14);
  }
}
function drawHeld(g, p, row) {
  drawSpans(g, p.held, rowTop(row) + BAR - 1, 4, () => colours.ns);
  g.save(); g.globalAlpha = 0.16;
  drawSpans(g, p.held, TOP + row * ROW, ROW, () => colours.ns);
  g.restore();
}
function drawGaps(g, height) {
  g.save(); g.globalAlpha = 0.35;
  drawSpans(g, T.gaps, TOP, height - TOP, () => colours.gap);
  g.restore();
}
function draw() {
  const height = TOP + (T.processes.length + 1) * ROW + 8, g = fitCanvas(lines, height);
  g.font = '12px system-ui, "DejaVu Sans", sans-serif';
  if (view.found >= 0) {
    g.fillStyle = colours.panel; g.fillRect(0, TOP + (view.found + 1) * ROW, width(), ROW);
  }
  drawScale(g, height);
  drawSpans(g, T.cpu, rowTop(0), BAR, (s) => hue(s[2]), (s) => nameOf(s[2]));
  drawMarks(g, T.cpuMarks, 0);
  T.processes.forEach((p, i) => {
    drawSpans(g, p.spans, rowTop(i + 1), BAR, (s) => colours[STATE_COLOURS[s[2]]], (s) => T.states[s[2]]);
    drawHeld(g, p, i + 1);
  });
  drawGaps(g, height);
  drawArrows(g);
  T.processes.forEach((p, i) => drawMarks(g, p.marks, i + 1));
  drawOverview();
}
function drawOverview() {
  const g = fitCanvas(overview, 40), w = overview.clientWidth, x = (t) => t / T.length * w;
  for (const [from, to, who] of T.cpu) { g.fillStyle = hue(who); g.fillRect(x(from), 12, Math.max(0.5, x(to) - x(from)), 16); }
  for (const [from, to] of T.gaps) { g.fillStyle = colours.gap; g.fillRect(x(from), 4, Math.max(1, x(to) - x(from)), 32); }
  g.fillStyle = colours.ink; g.globalAlpha = 0.12;
  g.fillRect(0, 0, x(view.from), 40); g.fillRect(x(view.to), 0, w - x(view.to), 40);
  g.globalAlpha = 1; g.strokeStyle = colours.accent;
  g.strokeRect(x(view.from) + 0.5, 0.5, Math.max(2, x(view.to) - x(view.from) - 1), 39);
}
let waiting = false;
function later() {
  if (!waiting) { waiting = true; requestAnimationFrame(() => { waiting = false; draw(); }); }
}

// --- what is seen ---
function show(from, to) {
  const length = Math.max(NEAREST, Math.min(T.length, to - from));
  view.from = Math.max(0, Math.min(T.length - length, from));
  view.to = view.from + length;
  later();
}
function zoom(factor, x = width() / 2) {
  const at = toTime(x), length = (view.to - view.from) / factor;
  show(at - length * x / width(), at + length * (1 - x / width()));
}
function pan(x) { const t = x / width() * (view.to - view.from); show(view.from + t, view.to + t); }
function fit() { show(0, T.length); }
function find(text) {
  const wanted = text.trim().toLowerCase();
  view.found = wanted === "" ? -1 : T.processes.findIndex((p) => p.name.toLowerCase() === wanted);
  if (view.found < 0 && wanted !== "") view.found = T.processes.findIndex((p) => p.name.toLowerCase().includes(wanted));
  document.querySelectorAll(".name.process").forEach((e, i) => e.classList.toggle("found", i === view.found));
  if (view.found >= 0) document.querySelectorAll(".name.process")[view.found].scrollIntoView({ block: "nearest" });
  later();
  return view.found;
}

// --- what is under the pointer ---
function nearestMark(list, t, slack) {
  let best = null;
  for (let i = firstFrom(list, t - slack, 0); i < list.length && list[i][0] <= t + slack; i++)
    if ((T.kinds[list[i][1]] !== "entry" || $("entries").checked) && (!best || Math.abs(list[i][0] - t) < Math.abs(best[0] - t))) best = list[i];
  return best;
}
function spanAt(list, t) {
  const i = firstFrom(list, t, 1);
  return i < list.length && list[i][0] <= t ? list[i] : null;
}
const when = (t) => `at ${words(t)}`;
const during = (s) => `${words(s[1] - s[0])}, from ${words(s[0])} to ${words(s[1])}`;
function messageAt(i, t, slack) {
  return T.messages.find((m) => m[1] === i && Math.abs(m[0] - t) <= slack || m[3] === i && Math.abs(m[2] - t) <= slack);
}
function describe(x, y) {
  const row = Math.floor((y - TOP) / ROW) - 1, t = toTime(x), slack = (view.to - view.from) / width() * 4;
  if (row < -1 || row >= T.processes.length || y < TOP) return "";
  const out = [];
  const gap = spanAt(T.gaps, t);
  if (gap) out.push(gap[2] ? `${gap[2]} records were lost here` : "nothing was recorded here: the tracer wrote");
  if (row === -1) {
    const mark = $("marks").checked && nearestMark(T.cpuMarks, t, slack), span = spanAt(T.cpu, t);
    if (mark) out.push(`${T.texts[mark[2]]}, ${when(mark[0])}`);
    out.push(span ? `CPU 0 runs ${nameOf(span[2])}: ${during(span)}` : "CPU 0 is idle, or nothing is known");
    return out.join("\n");
  }
  const p = T.processes[row], mark = $("marks").checked && nearestMark(p.marks, t, slack), span = spanAt(p.spans, t), held = spanAt(p.held, t);
  const message = $("arrows").checked && messageAt(row, t, slack);
  if (message) out.push(`${nameOf(message[1])} → ${nameOf(message[3])}: ${T.texts[message[4]]}\nsent ${when(message[0])}, arrives ${when(message[2])}`);
  if (mark) out.push(`${T.texts[mark[2]]}, ${when(mark[0])}`);
  out.push(span ? `${p.name}: ${T.states[span[2]]}, ${during(span)}` : `${p.name}: nothing is known`);
  if (held) out.push(`not schedulable: ${T.texts[held[2]]}, ${during(held)}`);
  return out.join("\n");
}
function tip(x, y, text) {
  const e = $("tip");
  e.hidden = text === "";
  e.textContent = text;
  e.style.left = Math.min(x + 14, innerWidth - e.offsetWidth - 8) + "px";
  e.style.top = Math.min(y + 14, innerHeight - e.offsetHeight - 8) + "px";
}

// --- the parts around ---
function build() {
  const column = $("names-column");
  const add = (text, kind, title, small) => {
    const e = document.createElement("div");
    e.className = "name " + kind; e.textContent = text; e.title = title;
    if (small) { const s = document.createElement("small"); s.textContent = small; e.append(s); }
    column.append(e);
  };
  add("CPU 0", "cpu", "which process runs");
  for (const p of T.processes) {
    const ran = p.spans.reduce((sum, s) => sum + (s[2] === 0 ? s[1] - s[0] : 0), 0);
    add(p.name, "process", `${p.name}, oid ${p.oid}: ran for ${words(ran)}`, ran ? (100 * ran / T.length).toFixed(1) + "%" : "");
    const option = document.createElement("option");
    option.value = p.name; $("names").append(option);
  }
  $("program").textContent = `${T.program || "the system"}: ${words(T.length)}, ${T.messages.length} messages`;
  $("lost").hidden = T.lost === 0;
  $("lost").textContent = `${T.lost} records lost`;
  const key = (html, text) => { const e = document.createElement("span"); e.className = "key"; e.innerHTML = html; e.append(text); $("legend").append(e); };
  T.states.forEach((s, i) => key(`<i style="background:var(--${STATE_COLOURS[i]})"></i>`, s));
  key('<i style="background:var(--ns)"></i>', "not schedulable (NS)");
  key('<b style="color:var(--message)">➝</b>', "message");
  if (T.gaps.length) key('<i style="background:var(--gap)"></i>', "not recorded");
  T.kinds.filter((k) => k !== "entry").forEach((k) => key(`<b>${SIGNS[k]}</b>`, k));
}
function listen() {
  let drag = null;
  lines.addEventListener("wheel", (e) => {
    if (e.shiftKey || Math.abs(e.deltaX) > Math.abs(e.deltaY)) pan(e.deltaX || e.deltaY);
    else zoom(Math.exp(-e.deltaY / 300), e.offsetX);
    e.preventDefault();
  }, { passive: false });
  lines.addEventListener("pointerdown", (e) => { drag = e.offsetX; lines.setPointerCapture(e.pointerId); lines.classList.add("drag"); tip(0, 0, ""); });
  lines.addEventListener("pointermove", (e) => {
    if (drag !== null) { pan(drag - e.offsetX); drag = e.offsetX; } else tip(e.clientX, e.clientY, describe(e.offsetX, e.offsetY));
  });
  lines.addEventListener("pointerup", () => { drag = null; lines.classList.remove("drag"); });
  lines.addEventListener("pointerleave", () => tip(0, 0, ""));
  lines.addEventListener("dblclick", (e) => zoom(4, e.offsetX));
  overview.addEventListener("pointerdown", (e) => {
    const t = e.offsetX / overview.clientWidth * T.length, half = (view.to - view.from) / 2;
    show(t - half, t + half);
  });
  $("in").onclick = () => zoom(2);
  $("out").onclick = () => zoom(0.5);
  $("fit").onclick = fit;
  $("search").oninput = (e) => find(e.target.value);
  for (const id of ["arrows", "marks", "entries"]) $(id).onchange = later;
  addEventListener("resize", later);
  addEventListener("keydown", (e) => {
    if (e.target === $("search")) return;
    const done = { "+": () => zoom(2), "=": () => zoom(2), "-": () => zoom(0.5), "0": fit, ArrowLeft: () => pan(-80), ArrowRight: () => pan(80), "/": () => $("search").focus() }[e.key];
    if (done) { done(); e.preventDefault(); }
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { readColours(); later(); });
}

// For tests and the curious. `#do=[["zoom",4],["find","pong"],...]` behind the page's address calls these one after the other and
// puts what they answer into <output id="result">.
window.lykosTrace = {
  rows: () => [...document.querySelectorAll(".name")].map((e) => e.firstChild.textContent),
  view: () => ({ from: view.from, to: view.to }),
  counts: () => ({ messages: T.messages.length, processes: T.processes.length, lost: T.lost }),
  zoom: (factor, at) => { zoom(factor, at === undefined ? undefined : at * width()); return lykosTrace.view(); },
  show: (from, to) => { show(from, to); return lykosTrace.view(); },
  pan: (share) => { pan(share * width()); return lykosTrace.view(); },
  fit: () => { fit(); return lykosTrace.view(); },
  find: (text) => nameOf(find(text)),
  entries: (on) => { $("entries").checked = on; later(); return on; },
  hover: (name, time) => describe(toX(time), rowTop(name === "CPU 0" ? 0 : T.processes.findIndex((p) => p.name === name) + 1) + 2),
  pixel: (name, time) => {
    draw();
    const scale = window.devicePixelRatio || 1, row = T.processes.findIndex((p) => p.name === name) + 1;
    return [...lines.getContext("2d").getImageData(Math.round(toX(time) * scale), Math.round((rowTop(row) + 5) * scale), 1, 1).data];
  },
};
const errors = [];
addEventListener("error", (e) => { errors.push(e.message); document.body.dataset.errors = errors.join("; "); });
readColours();
build();
listen();
draw();
const asked = decodeURIComponent(location.hash).match(/^#do=(.*)$/);
if (asked) {
  $("result").textContent = JSON.stringify(JSON.parse(asked[1]).map(([what, ...args]) => window.lykosTrace[what](...args)));
}
draw();
document.body.dataset.drawn = "yes";
