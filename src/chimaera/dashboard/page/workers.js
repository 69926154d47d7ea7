// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A row for each worker: what it ran at each look, as high as it was busy.

import { colourOf, methodKey } from "./colours.js";
import { byId, element, Rows, setText } from "./dom.js";
import { count, duration, percent, rate } from "./format.js";
import { SAMPLES_MAX } from "./history.js";

const ROWS_MAX = 64;
// Whoever answers the page is always seen answering.
const QUESTION = methodKey("1.0", "GetMetrics");

const dark = matchMedia("(prefers-color-scheme: dark)");
let colours = null; // of the style that is in force
dark.addEventListener("change", () => { colours = null; });

function readColours() {
  const style = getComputedStyle(document.documentElement);
  const colour = (name) => style.getPropertyValue(name).trim();
  return {
    other: colour("--idle"),
    methods: Array.from({ length: 10 }, (_, index) => colour(`--colour-${index}`)),
  };
}

const rows = new Rows(byId("workers"), make, fill);

export function showWorkers(metrics, history) {
  colours ??= readColours();
  const seen = metrics.workers.slice(0, ROWS_MAX).map(withoutQuestion);
  const workers = seen.map((worker) => {
    const key = `worker ${worker.index}`;
    const perSecond = history.rate(`${key} tasks`, worker.tasks);
    const busy = history.rate(`${key} busy`, worker.busy_s);
    const counted = (busy ?? 0) * (history.passed ?? 0);
    const cell = { ...busyPart(key, worker, counted, history.passed), perSecond };
    return { worker, perSecond, load: cell.load, cells: history.add(key, cell) };
  });
  rows.update(workers, (item) => item.worker.index);
  const left = metrics.workers.length - ROWS_MAX;
  byId("workers-more").hidden = left <= 0;
  setText(byId("workers-more"), `and ${left} more`);
}

function withoutQuestion(worker) {
  const { running } = worker;
  const asked = running !== null &&
    methodKey(running.pool_id, running.method) === QUESTION;
  return asked ? { ...worker, running: null } : worker;
}

// Worker -> {seconds, running}: time that was drawn of a run while it went on. The
// runtime counts a run when it is over, and would be drawn twice.
const drawn = new Map();

/** What a worker did since the last look: the part of its time in tasks, and in which. */
function busyPart(key, worker, counted, passed) {
  const { running } = worker;
  if (passed === null) return { load: worker.load, running };
  const before = drawn.get(key) ?? { seconds: 0, running: null };
  const fresh = Math.max(0, counted - before.seconds);
  const left = Math.max(0, before.seconds - counted);
  const held = running === null ? 0 : Math.min(passed, running.since_s);
  // The run may be over and not yet counted, for one more look.
  const waits = running === null && (counted > 0 || before.running === null);
  drawn.set(key, { seconds: waits ? 0 : left + held, running });
  const load = Math.min(1, (fresh + held) / passed);
  return { load, running: running ?? (counted > 0 ? before.running : null) };
}

function make() {
  const canvas = element("canvas", { "aria-hidden": "true" });
  const name = element("h3");
  const load = element("span", { class: "load" });
  const now = element("span", { class: "now" });
  const more = element("span", { class: "muted" });
  const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
  const node = element("li", { class: "worker" }, name, canvas,
    element("p", {}, load, " ", swatch, now, more));
  const row = { node, canvas, name, load, now, more, swatch, cells: [] };
  canvas.addEventListener("mousemove", (event) => point(row, event));
  new ResizeObserver(() => paint(row)).observe(canvas);
  return row;
}

function fill(row, { worker, perSecond, load, cells }) {
  const state = worker.asleep ? "asleep" : worker.kind;
  setText(row.name, `${worker.index} ${state}`);
  setText(row.load, percent(load));
  setText(row.now, worker.running === null ? "nothing just now" : told(worker.running));
  row.swatch.dataset.colour = worker.running === null ? "none" : colour(worker.running);
  const waiting = worker.long_waiting ? `, ${count(worker.long_waiting)} long wait` : "";
  setText(row.more, ` · ${rate(perSecond)}/s · ${count(worker.parked)} parked, ` +
    `${count(worker.rings)} rings${waiting}`);
  row.cells = cells;
  paint(row);
}

function told(running) {
  const since = running.since_s >= 1 ? ` for ${duration(running.since_s)}` : "";
  return `${running.pool} ${running.method}${since}`;
}

function colour(running) {
  return colourOf(methodKey(running.pool_id, running.method));
}

function paint(row) {
  const { canvas, cells } = row;
  const ratio = window.devicePixelRatio || 1;
  const width = Math.round(canvas.clientWidth * ratio);
  const height = Math.round(canvas.clientHeight * ratio);
  if (canvas.width !== width) canvas.width = width;
  if (canvas.height !== height) canvas.height = height;
  if (colours === null || width === 0) return;
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, width, height);
  const step = width / SAMPLES_MAX;
  cells.forEach((cell, index) => {
    const high = Math.max(cell.load * height, cell.perSecond > 0 ? 2 * ratio : 0);
    const x = Math.floor((SAMPLES_MAX - cells.length + index) * step);
    const next = Math.floor((SAMPLES_MAX - cells.length + index + 1) * step);
    const seen = cell.running !== null;
    context.fillStyle = seen ? colours.methods[colour(cell.running)] : colours.other;
    context.fillRect(x, height - high, next - x, high);
  });
}

/** Tell about the moment under the mouse. */
function point(row, event) {
  const { cells, canvas } = row;
  const place = Math.floor((event.offsetX / canvas.clientWidth) * SAMPLES_MAX);
  const cell = cells[place - (SAMPLES_MAX - cells.length)];
  canvas.title = cell === undefined ? "" : `${SAMPLES_MAX - 1 - place} looks ago: ` +
    `${percent(cell.load)}, ${cell.running ? told(cell.running) : "seen at nothing"}`;
}
