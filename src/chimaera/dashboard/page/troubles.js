// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What went wrong: the last errors, and workers that a method keeps.

import { byId, element, Rows, setText } from "./dom.js";
import { clock, duration } from "./format.js";

const ROWS_MAX = 64;
// The watchdog reports after milliseconds; a method that computes may take its time.
const STUCK_S = 5;

const stuckRows = new Rows(byId("stuck-list"), makeEntry, (row, stuck) => {
  setText(row.title, `worker ${stuck.worker} for ${duration(stuck.since_s)}`);
  setText(row.text, stuck.run);
  setStack(row, stuck.stack);
});

const errorRows = new Rows(byId("errors"), makeEntry, (row, error) => {
  setText(row.title, `${error.pool} ${error.method}`);
  setText(row.text, error.message);
  const client = error.client ? `client ${error.client}` : "the runtime itself";
  setText(row.facts, `${clock(error.time_s)}, code ${error.code}, ${client}`);
  setStack(row, error.stack);
});

/** A line that opens and shows a stack, if there is one. */
function makeEntry() {
  const title = element("b");
  const text = element("span", { class: "message" });
  const facts = element("span", { class: "muted" });
  const stack = element("pre", { tabindex: "0" });
  const details = element("details", {}, element("summary", {}, "stack"), stack);
  const node = element("li", { class: "entry" },
    element("p", {}, title, " ", facts), element("p", {}, text), details);
  return { node, title, text, facts, stack, details };
}

function setStack(row, stack) {
  row.details.hidden = !stack;
  setText(row.stack, stack ?? "");
}

export function showStuck(metrics) {
  const stuck = metrics.stuck.filter((one) => one.since_s >= STUCK_S);
  byId("stuck").hidden = stuck.length === 0;
  stuckRows.update(stuck.slice(0, ROWS_MAX), (one) => one.worker);
}

export function showErrors(metrics) {
  byId("errors-none").hidden = metrics.errors.length > 0;
  // Several may have come at one time; those keep their order.
  const same = new Map();
  const errors = metrics.errors.slice(0, ROWS_MAX).reverse().map((error) => {
    const what = `${error.time_s} ${error.pool_id} ${error.method} ${error.client}`;
    same.set(what, (same.get(what) ?? 0) + 1);
    return { ...error, key: `${what} ${same.get(what)}` };
  });
  errorRows.update(errors.reverse(), (error) => error.key);
}
