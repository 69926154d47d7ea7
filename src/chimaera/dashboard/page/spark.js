// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A line of the last two minutes, as high as its highest value.

import { svg } from "./dom.js";
import { SAMPLES_MAX } from "./history.js";

const WIDTH = 120;
const HEIGHT = 24;

export function sparkline() {
  const line = svg("path", { class: "line" });
  const area = svg("path", { class: "area" });
  const node = svg("svg", {
    class: "spark",
    viewBox: `0 0 ${WIDTH} ${HEIGHT}`,
    preserveAspectRatio: "none",
    "aria-hidden": "true",
  }, area, line);
  return { node, line, area };
}

/** Draw a series: the newest value is on the right. */
export function draw(spark, values) {
  let top = 0;
  for (const value of values) {
    if (value > top) top = value;
  }
  const scale = top > 0 ? (HEIGHT - 3) / top : 0;
  const first = SAMPLES_MAX - values.length;
  let path = "";
  let start = null;
  let end = null;
  values.forEach((value, index) => {
    if (value === null) return;
    const x = ((first + index) / (SAMPLES_MAX - 1)) * WIDTH;
    const y = HEIGHT - 1.5 - value * scale;
    path += `${start === null ? "M" : "L"}${x.toFixed(1)} ${y.toFixed(1)}`;
    start ??= x;
    end = x;
  });
  spark.line.setAttribute("d", path);
  const closed = start === null ? ""
    : `${path}L${end.toFixed(1)} ${HEIGHT}L${start.toFixed(1)} ${HEIGHT}Z`;
  spark.area.setAttribute("d", closed);
}
