// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Shared memory: how full each segment is, and who has what of it.

import { byId, element, Rows, setPart, setText } from "./dom.js";
import { bytes } from "./format.js";

const ROWS_MAX = 12;

const figures = ["free", "loaned", "pinned"].map((name) => {
  const value = element("dd", { "data-memory": name }, "–");
  return { name: `${name}_bytes`, value, node: element("div", {},
    element("dt", {}, name), value) };
});
const segments = element("ul", { class: "plain" });
const more = element("p", { class: "muted", hidden: "" });
const holders = element("ul", { class: "plain" });
const title = element("h3", {}, "held by clients");
byId("memory").append(
  element("dl", { class: "figures" }, ...figures.map((figure) => figure.node)),
  segments, more, title, holders,
);

const segmentRows = new Rows(segments, makeBar, (row, segment) => {
  const used = segment.used_bytes;
  const known = used !== null; // only a client itself knows that of its segments
  const kind = segment.kind.replaceAll("_", " ");
  setText(row.name, segment.owner === "runtime" ? kind : `${kind} of ${segment.owner}`);
  setText(row.value, known ? `${bytes(used)} of ${bytes(segment.bytes)}`
    : bytes(segment.bytes));
  row.bar.hidden = !known;
  setPart(row.part, known && segment.bytes > 0 ? used / segment.bytes : 0);
});

const holderRows = new Rows(holders, () => {
  const name = element("span");
  const value = element("span", { class: "value" });
  return { node: element("li", { class: "pair" }, name, value), name, value };
}, (row, client) => {
  setText(row.name, `client ${client.id}, pid ${client.pid}`);
  setText(row.value, `${bytes(client.loaned_bytes)} loaned, ` +
    `${bytes(client.pinned_bytes ?? 0)} pinned`);
});

/** A name, a figure and a bar that is filled in part. */
export function makeBar() {
  const name = element("span");
  const value = element("span", { class: "value" });
  const part = element("i");
  const bar = element("div", { class: "bar", "aria-hidden": "true" }, part);
  const node = element("li", { class: "pair" }, name, value, bar);
  return { node, name, value, part, bar };
}

/** Those whose use is known, the fullest first; and of the others one row a kind. */
function together(segments) {
  const rows = segments.filter((segment) => segment.used_bytes !== null)
    .sort((one, other) => other.used_bytes - one.used_bytes);
  const others = new Map();
  for (const { kind, bytes: size, used_bytes: used } of segments) {
    if (used !== null) continue;
    const row = others.get(kind) ?? { kind, used_bytes: null, bytes: 0, count: 0 };
    others.set(kind, { ...row, bytes: row.bytes + size, count: row.count + 1 });
  }
  for (const row of others.values()) {
    const owner = row.count === 1 ? "1 client" : `${row.count} clients`;
    rows.push({ ...row, owner });
  }
  return rows;
}

export function showMemory(metrics) {
  const { memory } = metrics;
  byId("memory").closest("section").hidden = memory === undefined;
  if (memory === undefined) return;
  for (const { name, value } of figures) setText(value, bytes(memory[name]));
  const rows = together(memory.segments);
  segmentRows.update(rows.slice(0, ROWS_MAX),
    (segment) => `${segment.kind} ${segment.owner}`);
  more.hidden = rows.length <= ROWS_MAX;
  setText(more, `and ${rows.length - ROWS_MAX} more`);
  const held = (client) => client.loaned_bytes + (client.pinned_bytes ?? 0);
  const holding = metrics.clients.filter((client) => held(client) > 0)
    .sort((one, other) => held(other) - held(one));
  title.hidden = holding.length === 0;
  holderRows.update(holding.slice(0, ROWS_MAX), (client) => client.id);
}
