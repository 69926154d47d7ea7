// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What was: differences between documents, over the last minutes and no longer.

export const SAMPLES_MAX = 120;
const SERIES_MAX = 2000;
// After a longer pause, as of a page that was hidden, a rate would be of the pause.
const PAUSE_S = 5;

export class History {
  constructor() {
    this.previous = new Map(); // key -> counter
    this.series = new Map(); // key -> array of numbers, null where nothing is known
    this.time = null;
    this.begin(null);
  }

  /** Begin a round: `document` was just received. */
  begin(document) {
    const now = document === null ? null : document.uptime_s;
    const passed = this.time === null ? null : now - this.time;
    this.passed = passed !== null && passed > 0 && passed < PAUSE_S ? passed : null;
    this.time = now;
    this.counters = new Map();
    this.touched = new Set();
  }

  /** How fast a counter grows, each second; null where that is not known. */
  rate(key, counter) {
    // What was not there began at 0.
    const before = this.previous.get(key) ?? 0;
    this.counters.set(key, counter);
    // What is smaller than it was is another one with the same key.
    if (this.passed === null || counter < before) return null;
    return (counter - before) / this.passed;
  }

  /** Add a value to a series and return the series. */
  add(key, value) {
    let values = this.series.get(key);
    if (values === undefined) {
      values = [];
      if (this.series.size < SERIES_MAX) this.series.set(key, values);
    }
    values.push(value);
    if (values.length > SAMPLES_MAX) values.shift();
    this.touched.add(key);
    return values;
  }

  /** End a round: forget what was not seen in it. */
  end() {
    this.previous = this.counters;
    for (const key of this.series.keys()) {
      if (!this.touched.has(key)) this.series.delete(key);
    }
  }
}
