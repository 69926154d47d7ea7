// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// All methods of all pools that have been called.

import { colourOf, methodKey } from "./colours.js";
import { byId, element, setText } from "./dom.js";
import { count, latency, rate } from "./format.js";
import { forget, percentiles } from "./recent.js";
import { draw, sparkline } from "./spark.js";
import { Table } from "./table.js";

/** Run times of sampled tasks: black in the last minute, grey those of all time. */
function percentile(id) {
  return {
    id, title: id,
    hint: "run time of sampled tasks: in the last minute; grey: since the pool exists",
    value: (item) => item.times[id],
    make: () => element("span"),
    fill(part, item) {
      setText(part, latency(item.times[id]));
      part.className = item.times.recent ? "" : "past";
    },
  };
}

const COLUMNS = [
  {
    id: "method", title: "method", name: true,
    value: (item) => item.search,
    make() {
      const swatch = element("i", { class: "swatch", "aria-hidden": "true" });
      const method = element("b");
      const pool = element("span", { class: "muted" });
      return { node: [swatch, method, " ", pool], swatch, method, pool };
    },
    fill(part, item) {
      part.swatch.dataset.colour = item.colour;
      setText(part.method, item.method.name);
      setText(part.pool, item.pool.name);
      part.pool.title = `${item.pool.name}: ${item.pool.module}, pool ${item.pool.id}`;
    },
  },
  {
    id: "rate", title: "tasks/s", hint: "over the last second",
    value: (item) => item.rate, text: (item) => rate(item.rate),
  },
  {
    id: "spark", title: "2 min",
    make: sparkline,
    fill: (part, item) => draw(part, item.series),
  },
  {
    id: "tasks", title: "tasks", hint: "so far",
    value: (item) => item.method.tasks, text: (item) => count(item.method.tasks),
  },
  {
    id: "failed", title: "failed", hint: "so far",
    value: (item) => item.method.failed,
    make: () => element("span"),
    fill(part, item) {
      setText(part, count(item.method.failed));
      part.className = item.method.failed > 0 ? "bad" : "";
    },
  },
  percentile("p50"),
  percentile("p99"),
];

const table = new Table(byId("methods"), "Methods", COLUMNS, "tasks");
byId("filter").addEventListener("input", (event) => table.filter(event.target.value));

export function showMethods(metrics, history) {
  const items = [];
  for (const pool of metrics.pools) {
    for (const method of pool.methods) {
      const key = methodKey(pool.id, method.name);
      const now = history.rate(key, method.tasks);
      const series = history.add(key, now);
      const times = percentiles(key, method.run_s, metrics.uptime_s);
      if (method.tasks === 0) continue;
      const search = `${method.name} ${pool.name} ${pool.module} ${pool.id}`;
      const colour = colourOf(key);
      items.push({ key, pool, method, rate: now, series, times, search, colour });
    }
  }
  forget(metrics.uptime_s);
  table.update(items);
}
