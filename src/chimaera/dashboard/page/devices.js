// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Block devices: how fast, how long, how full.

import { byId, element, Rows, setPart, setText } from "./dom.js";
import { byteRate, bytes, latency, rate } from "./format.js";
import { draw, sparkline } from "./spark.js";

const ROWS_MAX = 32;

const DIRECTIONS = [
  { name: "read", count: "num_reads", size: "bytes_read", times: "read" },
  { name: "write", count: "num_writes", size: "bytes_written", times: "write" },
];

const rows = new Rows(byId("devices"), make, fill);

export function showDevices(metrics, history) {
  byId("devices-none").hidden = metrics.devices.length > 0;
  const items = metrics.devices.slice(0, ROWS_MAX).map((device) => {
    const directions = DIRECTIONS.map((direction) => {
      const key = `device ${device.id} ${direction.name}`;
      const bytesNow = history.rate(`${key} bytes`, device[direction.size]);
      return {
        operations: history.rate(`${key} count`, device[direction.count]),
        bytes: bytesNow,
        series: history.add(key, bytesNow),
        ...times(device, direction.times),
      };
    });
    return { device, directions };
  });
  rows.update(items, (item) => item.device.id);
}

/** Percentiles of a direction, seconds; null where there was no sample. */
function times(device, name) {
  const histogram = device[`${name}_s`];
  if (histogram) return { p50: histogram.p50_s, p99: histogram.p99_s };
  const known = device[`num_${name}s`] > 0 ? device[`${name}_latency`] : null;
  return { p50: known ? known.p50_ns / 1e9 : null, p99: known ? known.p99_ns / 1e9 : null };
}

function make() {
  const name = element("b");
  const engine = element("span", { class: "muted" });
  const space = element("span", { class: "value" });
  const part = element("i");
  const queue = element("p", { class: "muted" });
  const body = element("tbody");
  const directions = DIRECTIONS.map((direction) => {
    const spark = sparkline();
    const cells = ["bytes", "operations", "p50", "p99"]
      .map((id) => element("td", { "data-column": id }));
    body.append(element("tr", { "data-direction": direction.name },
      element("th", { scope: "row" }, direction.name), ...cells,
      element("td", {}, spark.node)));
    return { spark, cells };
  });
  const titles = ["", "bytes/s", "ops/s", "p50", "p99", "2 min"]
    .map((title) => element("th", { scope: "col" }, title));
  const node = element("li", { class: "device" },
    element("div", { class: "pair" }, element("h3", {}, name, " ", engine), space,
      element("div", { class: "bar", "aria-hidden": "true" }, part)),
    element("div", { class: "scroll" }, element("table", {},
      element("thead", {}, element("tr", {}, ...titles)), body)),
    queue);
  return { node, name, engine, space, part, queue, directions };
}

function fill(row, { device, directions }) {
  setText(row.name, device.name);
  setText(row.engine, `${device.engine}${device.direct ? ", direct" : ""}`);
  setText(row.space, `${bytes(device.remaining_bytes)} of ` +
    `${bytes(device.total_bytes)} free`);
  const used = device.total_bytes - device.remaining_bytes;
  setPart(row.part, device.total_bytes > 0 ? used / device.total_bytes : 0);
  directions.forEach((values, index) => {
    const { spark, cells } = row.directions[index];
    const texts = [byteRate(values.bytes), rate(values.operations),
      latency(values.p50), latency(values.p99)];
    cells.forEach((cell, column) => setText(cell, texts[column]));
    draw(spark, values.series);
  });
  const bad = device.bad_pages ? `, ${device.bad_pages} bad pages` : "";
  setText(row.queue, `queue ${device.queue_depth}, at most ` +
    `${device.max_queue_depth} so far${bad}`);
}
