// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Percentiles of the last minute. The runtime's histograms are of all time: after an
// hour they hardly move. What they have gained since an earlier look is a histogram,
// too. Two looks are kept for each, so that a window is 30 to 60 seconds.

const HALF_S = 30;
const LOOKS_MAX = 2000;

const looks = new Map(); // key -> {older, newer: {time, histogram}}

/**
 * Percentiles of a method: {p50, p99, recent}. `recent` tells whether they are of the
 * last minute, or of all time since nothing was sampled lately.
 */
export function percentiles(key, histogram, now) {
  if (!histogram || histogram.count === 0) return { p50: null, p99: null, recent: false };
  let kept = looks.get(key);
  // Fewer than before: another pool under the same id.
  if (kept === undefined || histogram.count < kept.newer.histogram.count) {
    kept = { older: null, newer: { time: now, histogram } };
    if (looks.size < LOOKS_MAX) looks.set(key, kept);
  } else if (now - kept.newer.time >= HALF_S) {
    kept.older = kept.newer;
    kept.newer = { time: now, histogram };
  }
  kept.seen = now;
  const base = kept.older ?? kept.newer;
  const gained = histogram.count - base.histogram.count;
  if (gained === 0) {
    return { p50: histogram.p50_s, p99: histogram.p99_s, recent: false };
  }
  const rows = difference(histogram.buckets, base.histogram.buckets);
  return { p50: at(rows, 0.5 * gained), p99: at(rows, 0.99 * gained), recent: true };
}

/** Forget what was not asked for in this round. */
export function forget(now) {
  for (const [key, kept] of looks) {
    if (kept.seen !== now) looks.delete(key);
  }
}

function difference(buckets, before) {
  const known = new Map(before);
  return buckets.map(([bound, count]) => [bound, count - (known.get(bound) ?? 0)]);
}

/** The bound below which so many runs are. */
function at(rows, wanted) {
  let sum = 0;
  for (const [bound, count] of rows) {
    sum += count;
    if (sum >= wanted) return bound;
  }
  return rows.at(-1)[0];
}
