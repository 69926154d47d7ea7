// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// A colour for each method, the same in all panels.

const COLOURS_MAX = 10;
const given = new Map(); // key of a method -> number of its colour

/** The key of a method, by which its row, colour and series are found. */
export function methodKey(poolId, method) {
  return `${poolId} ${method}`;
}

/** The number of a method's colour: `--colour-N` of the style. */
export function colourOf(key) {
  let colour = given.get(key);
  if (colour === undefined) {
    colour = given.size % COLOURS_MAX;
    // Bounded: pools come and go for days.
    if (given.size >= 1000) given.clear();
    given.set(key, colour);
  }
  return colour;
}
