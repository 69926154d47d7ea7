// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Numbers as people read them.

const grouped = new Intl.NumberFormat("en-US");

/** A counter, exact: 12,345,678. */
export function count(value) {
  return grouped.format(value);
}

/** Three digits and a unit: 1.23 M. */
function short(value, step, units, whole = true) {
  let index = 0;
  while (Math.abs(value) >= step && index < units.length - 1) {
    value /= step;
    index += 1;
  }
  // What was counted stays whole.
  const digits = whole && index === 0 && Number.isInteger(value) ? 0
    : value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return `${value.toFixed(digits)} ${units[index]}`.trim();
}

/** Something per second; a dash where nothing is known. */
export function rate(value) {
  return value === null ? "–" : short(value, 1000, ["", "k", "M", "G"]);
}

export function bytes(value) {
  return short(value, 1024, ["B", "KiB", "MiB", "GiB", "TiB", "PiB"]);
}

export function byteRate(value) {
  return value === null ? "–" : `${bytes(value)}/s`;
}

/** A latency in seconds: 1.25 µs; a dash where there was no sample. */
export function latency(seconds) {
  if (seconds === null || seconds === undefined) return "–";
  if (seconds < 1e-6) return `${(seconds * 1e9).toFixed(0)} ns`;
  if (seconds < 1) {
    return short(seconds * 1e6, 1000, ["µs", "ms"], false);
  }
  return duration(seconds);
}

/** How long something goes on: 2.1 s, 3 min 5 s, 2 h 7 min, 12 d 3 h. */
export function duration(seconds) {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.floor(seconds);
  if (whole < 60) return `${whole} s`;
  const steps = [[86400, "d", 3600, "h"], [3600, "h", 60, "min"], [60, "min", 1, "s"]];
  const [size, unit, smaller, rest] = steps.find(([limit]) => whole >= limit);
  const left = Math.floor((whole % size) / smaller);
  return `${Math.floor(whole / size)} ${unit} ${left} ${rest}`;
}

export function percent(part) {
  return `${Math.round(part * 100)} %`;
}

/** The time of day at which something happened. */
export function clock(seconds) {
  return new Date(seconds * 1000).toLocaleTimeString("en-GB");
}
