// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// Processes that are attached.

import { byId } from "./dom.js";
import { bytes, count, latency, rate } from "./format.js";
import { Table } from "./table.js";

const figure = (id, title, value, text, hint) => ({
  id, title, hint,
  value: (item) => value(item.client),
  text: (item) => text(value(item.client)),
});

const COLUMNS = [
  {
    id: "client", title: "client", name: true,
    value: (item) => item.client.id, text: (item) => String(item.client.id),
  },
  figure("pid", "pid", (client) => client.pid, String),
  figure("uid", "user", (client) => client.uid, String, "number of the user"),
  {
    id: "rate", title: "tasks/s", hint: "over the last second",
    value: (item) => item.rate, text: (item) => rate(item.rate),
  },
  figure("tasks", "tasks", (client) => client.tasks, count, "so far"),
  figure("failed", "failed", (client) => client.failed, count, "so far"),
  figure("flight", "in flight", (client) => client.in_flight, count),
  figure("p99", "p99", (client) => client.run_s?.p99_s ?? null, latency),
  figure("memory", "memory", (client) => client.memory_bytes, bytes),
  figure("loaned", "loaned", (client) => client.loaned_bytes, bytes),
  figure("pinned", "pinned", (client) => client.pinned_bytes ?? null,
    (value) => value === null ? "–" : bytes(value)),
];

const table = new Table(byId("clients"), "Clients", COLUMNS, "tasks");

export function showClients(metrics, history) {
  table.update(metrics.clients.map((client) => {
    const key = `client ${client.id}`;
    return { key, client, rate: history.rate(key, client.tasks), search: key };
  }));
}
