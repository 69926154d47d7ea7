// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// What the live tasks wait for, when somebody wants to know.

import { byId, setText } from "./dom.js";
import { count, latency } from "./format.js";
import { Table } from "./table.js";

const column = (id, title, value, name = false) => ({
  id, title, name, value: (item) => value(item.task),
  text: (item) => String(value(item.task)),
});

const COLUMNS = [
  column("method", "method", (task) => `${task.method} of ${task.pool_name}`, true),
  column("client", "client", (task) => task.client),
  column("worker", "worker", (task) => task.worker),
  column("waits", "waits for", (task) => task.state === "ready" ? "its turn"
    : `${task.waits_for}${task.object ? ` ${task.object}` : ""}`),
  {
    id: "waited", title: "since", value: (item) => item.task.waited_ms,
    text: (item) => latency(item.task.waited_ms / 1000),
  },
];

let table = null;

export function prepareLive() {
  byId("look").addEventListener("click", async () => {
    byId("look").disabled = true;
    const summary = await look().catch(() => "No answer.");
    setText(byId("live-summary"), summary);
    byId("look").disabled = false;
  });
}

async function look() {
  const response = await fetch("api/dump", { cache: "no-store" });
  const dump = await response.json();
  if (!response.ok) return `No answer: ${dump.error}.`;
  table ??= new Table(byId("live"), "Live tasks", COLUMNS, "waited");
  table.update(dump.tasks.map((task) => ({
    task, key: `${task.client} ${task.task}`, search: task.method,
  })));
  byId("live").hidden = dump.tasks.length === 0;
  const live = dump.tasks.length + dump.omitted;
  const said = [`${count(live)} ${live === 1 ? "task has" : "tasks have"} begun and ` +
    "not ended"];
  if (dump.silent_workers.length > 0) {
    said.push(`workers ${dump.silent_workers.join(", ")} did not answer`);
  }
  if (dump.cycles.length > 0) said.push(`deadlock: ${dump.cycles.join("; ")}`);
  return `${said.join("; ")}.`;
}
