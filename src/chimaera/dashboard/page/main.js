// SPDX-FileCopyrightText: 2026 The Chimaera Authors
// SPDX-License-Identifier: BSD-3-Clause
//
// One request a second, one document, all panels. Nothing is asked while the page
// cannot be seen.

import { showClients } from "./clients.js";
import { showDevices } from "./devices.js";
import { byId, setText } from "./dom.js";
import { duration } from "./format.js";
import { History } from "./history.js";
import { prepareLive } from "./live.js";
import { showMemory } from "./memory.js";
import { showMethods } from "./methods.js";
import { showTiles } from "./tiles.js";
import { showErrors, showStuck } from "./troubles.js";
import { showWorkers } from "./workers.js";

const EVERY_MS = 1000;
// Where the server does not answer it need not be asked so often.
const AGAIN_MS = 5000;
const TIMEOUT_MS = 8000;

const PANELS = [showTiles, showStuck, showWorkers, showMethods, showClients,
  showMemory, showDevices, showErrors];

const history = new History();
let timer = null;
let asking = false;
let paused = false;
let updates = 0;
let seen = null; // when the last document came, by performance.now()

/** Ask for a document and show it; return how long to wait for the next one. */
async function once() {
  let response;
  try {
    response = await fetch("api/metrics", {
      cache: "no-store",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    say("lost", "The page's server does not answer: the runtime has ended, or the " +
      "tunnel to it is closed.");
    return AGAIN_MS;
  }
  if (response.status === 403) {
    say("lost", "The token is not valid any more: `chimaera dashboard` prints a new " +
      "address.");
    return AGAIN_MS;
  }
  const document = await response.json().catch(() => ({ error: "no JSON" }));
  if (response.ok) {
    show(document);
    return EVERY_MS;
  }
  if (document.ended) {
    say("ended", "The runtime has ended. What is shown is the last that it said.");
    return AGAIN_MS;
  }
  say("lost", `No answer: ${document.error}.`);
  return EVERY_MS;
}

function show(metrics) {
  seen = performance.now();
  byId("notice").hidden = true;
  health(metrics.health, metrics.health);
  setText(byId("name"), metrics.name);
  document.title = metrics.name ? `${metrics.name} – Chimaera` : "Chimaera";
  setText(byId("uptime"), duration(metrics.uptime_s));
  setText(byId("pid"), String(metrics.pid));
  setText(byId("directory"), metrics.runtime_dir);
  history.begin(metrics);
  for (const panel of PANELS) {
    try {
      panel(metrics, history);
    } catch (error) {
      console.error(panel.name, error); // the other panels are still of use
    }
  }
  history.end();
  updates += 1;
  document.body.dataset.updates = updates;
}

/** Tell that there is nothing new, and since when. */
function say(state, text) {
  health(state, state === "ended" ? "ended" : "no answer");
  const since = seen === null ? ""
    : ` Last heard of ${duration((performance.now() - seen) / 1000)} ago.`;
  setText(byId("notice"), state === "ended" ? text : text + since);
  byId("notice").hidden = false;
}

function health(state, text) {
  byId("health").dataset.health = state;
  setText(byId("health"), text);
}

async function round() {
  timer = null;
  if (asking || paused || document.hidden) return;
  asking = true;
  const began = performance.now();
  const wait = await once().finally(() => { asking = false; });
  if (paused || document.hidden) return;
  timer = setTimeout(round, Math.max(100, wait - (performance.now() - began)));
}

function goOn() {
  clearTimeout(timer);
  round();
}

byId("pause").addEventListener("click", () => {
  paused = !paused;
  byId("pause").setAttribute("aria-pressed", String(paused));
  setText(byId("pause"), paused ? "Go on" : "Pause");
  goOn();
});
document.addEventListener("visibilitychange", goOn);
prepareLive();
goOn();
