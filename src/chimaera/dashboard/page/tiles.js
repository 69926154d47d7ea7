// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// The figures that one looks at first.

import { byId, element, setText } from "./dom.js";
import { bytes, count, latency, rate } from "./format.js";
import { draw, sparkline } from "./spark.js";

const sum = (items, value) => items.reduce((total, item) => total + value(item), 0);

/** Of all sampled runs, by the method that has the most of them. */
function slowest(metrics) {
  let worst = null;
  for (const pool of metrics.pools) {
    for (const method of pool.methods) {
      const p99 = method.run_s?.p99_s ?? null;
      if (p99 !== null && (worst === null || p99 > worst.p99)) {
        worst = { p99, name: `${pool.name} ${method.name}` };
      }
    }
  }
  return worst;
}

const TILES = [
  {
    id: "rate",
    title: "tasks per second",
    series: (metrics, history) => history.rate("tasks", metrics.tasks),
    text: (metrics, now) => rate(now),
    note: (metrics) => `${count(metrics.tasks)} so far`,
  },
  {
    id: "flight",
    title: "in flight",
    series: (metrics) => sum(metrics.clients, (client) => client.in_flight),
    text: (metrics, now) => count(now),
    note: (metrics) => {
      const parked = sum(metrics.workers, (worker) => worker.parked);
      return `${count(parked)} parked, ${count(metrics.clients.length)} ` +
        (metrics.clients.length === 1 ? "client" : "clients");
    },
  },
  {
    id: "failed",
    title: "failed per second",
    series: (metrics, history) => history.rate("failed", metrics.failed),
    text: (metrics, now) => rate(now),
    note: (metrics) => `${count(metrics.failed)} failed, ${count(metrics.cancelled)} ` +
      `cancelled, ${count(metrics.expired)} expired`,
  },
  {
    id: "slowest",
    title: "slowest method, p99",
    series: (metrics) => slowest(metrics)?.p99 ?? null,
    text: (metrics, now) => latency(now),
    note: (metrics) => slowest(metrics)?.name ?? "no sample yet",
  },
  {
    id: "resident",
    title: "memory of the process",
    series: (metrics) => metrics.resident_bytes,
    text: (metrics, now) => bytes(now),
    note: ({ memory }) => memory === undefined ? "" :
      `${bytes(memory.loaned_bytes)} loaned, ${bytes(memory.pinned_bytes)} pinned`,
  },
];

const made = TILES.map((tile) => {
  const value = element("p", { class: "value", "data-tile": tile.id }, "–");
  const note = element("p", { class: "muted" });
  const spark = sparkline();
  byId("tiles").append(element("div", { class: "panel tile" },
    element("h2", {}, tile.title), value, note, spark.node));
  return { tile, value, note, spark };
});

export function showTiles(metrics, history) {
  for (const { tile, value, note, spark } of made) {
    const now = tile.series(metrics, history);
    setText(value, tile.text(metrics, now));
    setText(note, tile.note(metrics));
    draw(spark, history.add(`tile ${tile.id}`, now));
  }
}
