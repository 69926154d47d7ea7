# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# One browser for all tests; each opens a page of its own. The page asks once a second,
# so tests wait for numbers of updates, never for times. Where hours are to pass, the
# timers of the page are made fast.
"""The live page in a browser."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import chimaera
from chimaera import errors, testing
from chimaera.dashboard import Dashboard, server, source
from python import programs
from python.browser import WAIT_S, Browser, browser
from python.dashboard_document import HOSTILE, FakeRuntime, document

DASH = "\u2013"
FAST_TIMERS = """
  const slow = window.setTimeout.bind(window);
  window.setTimeout = (run, ms) => slow(run, ms / 100);
"""

# Texts that can be seen with too little contrast to what is behind them.
FAINT = """
  const parse = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([red, green, blue]) => [red, green, blue].map((value) => {
    const part = value / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }).reduce((sum, value, at) => sum + value * [0.2126, 0.7152, 0.0722][at], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const colour = parse(getComputedStyle(node).backgroundColor);
      if (colour.length === 3 || colour[3] === 1) return colour;
    }
    return [255, 255, 255];
  };
  const faint = [];
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const node = walker.currentNode.parentElement;
    if (!walker.currentNode.data.trim() || !node.checkVisibility()) continue;
    const [one, other] = [light(parse(getComputedStyle(node).color)),
      light(behind(node))].sort((a, b) => b - a);
    const contrast = (one + 0.05) / (other + 0.05);
    if (contrast < 4.5) faint.push(`${walker.currentNode.data}: ${contrast}`);
  }
  return faint;
"""


@pytest.fixture(autouse=True)
def _quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let pages end sooner: there are many here; but hear of the end, however late."""
    monkeypatch.setattr(server, "LOOK_EVERY_S", 0.02)
    monkeypatch.setattr(server, "FAREWELL_S", WAIT_S)


@pytest.fixture(scope="module")
def running() -> Iterator[Browser]:
    with browser() as started:
        yield started


@pytest.fixture
def web(running: Browser) -> Iterator[Browser]:
    """Give a clean tab, and look at the end whether the browser has complained."""
    running.appear(width=1280)
    running.complaints()
    yield running
    running.driver.get("about:blank")


def shown(web: Browser, fake: FakeRuntime, **options: int) -> Iterator[Dashboard]:
    with Dashboard(fake) as page:
        web.open(page.url, **options)
        yield page


@pytest.fixture
def fake() -> FakeRuntime:
    return FakeRuntime(document())


@pytest.fixture
def page(web: Browser, fake: FakeRuntime) -> Iterator[Dashboard]:
    yield from shown(web, fake)


def changed(**parts: Any) -> dict[str, Any]:
    return {**copy.deepcopy(document()), **parts}


# ---- what is shown ----------------------------------------------------------------


@pytest.mark.usefixtures("page")
def test_the_page_shows_what_the_document_says(web: Browser) -> None:
    said = document()
    assert web.text("#health") == "ok"
    assert web.text("#pid") == "4711"
    assert web.text("#directory") == said["runtime_dir"]
    assert f"{said['tasks']:,} so far" in web.text("#tiles")
    methods = web.cells("#methods")
    expected = {
        f"{pool['id']} {method['name']}": f"{method['tasks']:,}"
        for pool in said["pools"]
        for method in pool["methods"]
    }
    assert {key: row["tasks"] for key, row in methods.items()} == expected
    assert methods["300.0 Echo"]["p50"] == "400 ns"
    assert methods["300.0 Echo"]["p99"] == "2.00 µs"
    assert methods["400.0 Reduce"]["p99"] == "26.0 ms"
    clients = web.cells("#clients")
    assert {key: row["tasks"] for key, row in clients.items()} == {
        f"client {client['id']}": f"{client['tasks']:,}" for client in said["clients"]
    }
    assert list(clients) == ["client 3", "client 2", "client 1"]
    assert clients["client 3"]["loaned"] == "70.0 MiB"
    assert "3.00 GiB of 4.00 GiB free" in web.text("#devices")
    assert "queue 3, at most 32" in web.text("#devices")
    assert "311 MiB" in web.text("#memory")
    assert "main of 3 clients\n48.0 MiB" in web.text("#memory")
    assert "201 MiB of 512 MiB" in web.text("#memory")
    workers = web.text("#workers")
    assert "terrain HillShade for 2.4 s" in workers
    assert web.complaints() == []


def test_rates_are_of_the_runtimes_own_clock(web: Browser) -> None:
    fake = FakeRuntime()  # a second passes at each call
    for _ in shown(web, fake, updates=3):
        methods = web.cells("#methods")
        assert methods["300.0 Echo"]["rate"] == "900 k"
        assert methods["400.0 Reduce"]["rate"] == "310"
        assert "316 MiB/s" in web.text("#devices")
        assert web.text("[data-tile=rate]") == "1.03 M"


@pytest.mark.usefixtures("page")
def test_a_name_that_is_a_script_is_harmless(web: Browser) -> None:
    assert HOSTILE in web.text("#errors")
    assert web.run("return document.querySelector('[data-key=\"500.0 Echo\"] .muted')"
                   ".textContent") == HOSTILE  # fmt: skip
    assert web.run("return document.title") == "analysis \u2013 Chimaera"
    assert web.run("return document.querySelectorAll('img, script').length") == 2
    assert web.complaints() == []


def test_what_cannot_be_known_is_a_dash(web: Browser) -> None:
    said = changed(clients=[], devices=[], errors=[])
    method = said["pools"][0]["methods"][0]
    method["run_s"] = {**method["run_s"], "count": 0, "p50_s": None, "p99_s": None}
    for _ in shown(web, FakeRuntime(said)):
        assert web.cells("#methods")["200.0 Read"]["p99"] == DASH
        assert web.text("#devices-none") == "No block device."
        assert web.text("#errors-none") == "None."


def test_errors_and_stuck_workers_open_their_stacks(web: Browser) -> None:
    stuck = {"worker": 1, "since_s": 12.25, "run": " in Reduce", "stack": "#0 Spin"}
    for _ in shown(web, FakeRuntime(changed(stuck=[stuck]))):
        assert "worker 1 for 12 s" in web.text("#stuck")
        web.click("#stuck summary")
        assert "#0 Spin" in web.text("#stuck pre")
        assert "block 3 of 512 bytes is freed" in web.text("#errors")
        web.click("#errors li:nth-child(2) summary")
        count = web.updates()
        web.wait_for_updates(count + 2)
        # It stays open while the page goes on.
        assert "Dispatcher" in web.text("#errors li:nth-child(2) pre")


@pytest.mark.usefixtures("page")
def test_tables_are_sorted_by_keyboard_and_filtered(web: Browser) -> None:
    def methods() -> list[str]:
        return list(web.cells("#methods"))

    def head() -> str:
        return web.text("#methods [aria-sort]").strip()

    assert methods()[0] == "300.0 Echo"
    assert head().startswith("tasks")
    from selenium.webdriver.common.keys import Keys

    buttons = web.driver.find_elements("css selector", "#methods thead button")
    p99 = next(button for button in buttons if button.text == "p99")
    p99.send_keys(Keys.ENTER)
    assert methods()[0] == "400.0 HillShade"
    p99.send_keys(Keys.SPACE)
    assert methods()[0] == "300.0 Echo"
    assert head().startswith("p99")
    web.driver.find_element("id", "filter").send_keys("TERRAIN")
    assert sorted(methods()) == ["400.0 HillShade", "400.0 Reduce"]


def test_live_tasks_are_asked_for_when_wanted(web: Browser, page: Dashboard) -> None:
    assert "only when told to" in web.text("#live-summary")
    web.click("#look")
    web.wait_for_text("#live-summary", "0 tasks have begun")
    assert page.port


RECENT = """
  const done = arguments[arguments.length - 1];
  const at = (count, slow) => ({count: count + slow, p50_s: 1e-6, p99_s: 1e-6,
    buckets: slow ? [[1e-6, count], [5e-3, slow]] : [[1e-6, count]]});
  import("/recent.js").then(({percentiles, forget}) => {
    const look = (histogram, now) => {
      const {p50, p99, recent} = percentiles("key", histogram, now);
      return [p50, p99, recent];
    };
    const answers = [look(at(1000, 0), 0), look(at(1100, 0), 1)];
    answers.push(look(at(1100, 50), 40));
    forget(40);
    // The window has gone on: the slow ones are over, and nothing is new.
    answers.push(look(at(1100, 50), 75), look(at(1200, 50), 76), look(at(7, 0), 77));
    answers.push(look({count: 0}, 78));
    done(answers);
  });
"""


@pytest.mark.usefixtures("page")
def test_percentiles_are_of_the_last_minute(web: Browser) -> None:
    web.driver.set_script_timeout(WAIT_S)
    assert web.driver.execute_async_script(RECENT) == [
        [1e-6, 1e-6, False],  # nothing to compare with: of all time
        [1e-6, 1e-6, True],
        [1e-6, 5e-3, True],
        [1e-6, 1e-6, False],
        [1e-6, 1e-6, True],
        [1e-6, 1e-6, False],  # fewer than before: another pool
        [None, None, False],
    ]


# ---- bounds -----------------------------------------------------------------------


def test_thousands_of_methods_are_a_hundred_rows(web: Browser) -> None:
    said = changed()
    method = said["pools"][0]["methods"][0]
    said["pools"][0]["methods"] = [
        {**method, "id": index, "name": f"M{index}", "tasks": index}
        for index in range(5000)
    ]
    for _ in shown(web, FakeRuntime(said)):
        assert len(web.cells("#methods")) == 100
        assert web.text("#methods p") == "and 4903 more"
        web.driver.find_element("id", "filter").send_keys("M4321")
        assert list(web.cells("#methods")) == ["200.0 M4321"]


def test_hours_add_nothing(web: Browser, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "FRESH_S", 0.0)
    script = web.cdp("Page.addScriptToEvaluateOnNewDocument", source=FAST_TIMERS)

    def size() -> tuple[int, int, float]:
        web.cdp("HeapProfiler.collectGarbage")
        counters = web.cdp("Memory.getDOMCounters")
        heap = web.cdp("Runtime.getHeapUsage")["usedSize"]
        return counters["nodes"], counters["jsEventListeners"], heap

    try:
        for _ in shown(web, FakeRuntime(), updates=130):
            nodes, listeners, heap = size()
            web.wait_for_updates(430)
            later = size()
            # One node too many for each update would be 300.
            assert later[0] <= nodes + 150
            assert later[1] <= listeners
            assert later[2] <= heap + 500_000
    finally:
        web.cdp("Page.removeScriptToEvaluateOnNewDocument", **script)


@pytest.mark.usefixtures("page")
def test_nothing_is_asked_while_nobody_looks(web: Browser) -> None:
    def look(hidden: str) -> None:
        web.run(
            "Object.defineProperty(document, 'hidden',"
            f"{{value: {hidden}, configurable: true}});"
            "document.dispatchEvent(new Event('visibilitychange'))"
        )

    def asked_in_a_while() -> int:
        return int(
            web.run(
                """
                const before = window.asked;
                await new Promise((go) => setTimeout(go, 2500));
                return window.asked - before;
                """
            )
        )

    web.run(
        "window.asked = 0; const ask = window.fetch;"
        "window.fetch = (...words) => { window.asked += 1; return ask(...words); }"
    )
    look("true")
    assert asked_in_a_while() == 0
    look("false")
    web.wait_for_updates(web.updates() + 1)
    web.click("#pause")
    assert web.text("#pause") == "Go on"
    assert asked_in_a_while() == 0
    web.click("#pause")
    web.wait_for_updates(web.updates() + 1)


# ---- the end ----------------------------------------------------------------------


def test_the_end_of_the_runtime_is_said(web: Browser, fake: FakeRuntime) -> None:
    for page in shown(web, fake):
        fake.ended = True
        web.wait_for_text("#notice", "The runtime has ended")
        assert web.text("#health") == "ended"
        # What was shown stays.
        assert "300.0 Echo" in web.cells("#methods")
        page.wait()


def test_silence_and_its_end_are_said(web: Browser, fake: FakeRuntime) -> None:
    for _ in shown(web, fake):
        fake.error = errors.DeadlineExceededError("no answer in 5 s")
        web.wait_for_text("#notice", "no answer in 5 s")
        assert web.text("#health") == "no answer"
        fake.error = None
        web.wait_for_text("#health", "ok")
        assert web.text("#notice") == ""


def test_a_server_that_is_gone_is_said(web: Browser, fake: FakeRuntime) -> None:
    for page in shown(web, fake):
        page.close()
        web.wait_for_text("#notice", "the runtime has ended, or the tunnel")


# ---- looks ------------------------------------------------------------------------


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
@pytest.mark.usefixtures("page")
def test_it_fits_and_can_be_read(web: Browser, width: int, scheme: str) -> None:
    web.appear(width=width, dark=scheme == "dark")
    web.wait_for_updates(web.updates() + 1)
    assert web.run("return document.documentElement.scrollWidth") <= width
    assert web.run(FAINT) == []


@pytest.mark.usefixtures("page")
def test_all_that_can_be_used_has_a_name_and_a_place(web: Browser) -> None:
    nameless = web.run(
        """
        const used = 'button, input, a, [tabindex], section';
        return [...document.querySelectorAll(used)]
          .filter((node) => node.checkVisibility() && !(node.innerText?.trim()
            || node.ariaLabel || node.labels?.length
            || node.getAttribute('aria-labelledby')))
          .map((node) => node.outerHTML);
        """
    )
    assert nameless == []
    levels = web.run(
        "return [...document.querySelectorAll('h1, h2, h3')].map((one) => one.tagName)"
    )
    assert levels[0] == "H1"
    assert levels.count("H1") == 1


def test_the_token_can_be_typed(web: Browser, fake: FakeRuntime) -> None:
    with Dashboard(fake) as page:
        web.driver.get(page.address)
        assert "chimaera dashboard" in web.text("main")
        assert web.run(FAINT) == []
        field = web.driver.find_element("id", "token")
        field.send_keys(page.access.token)
        field.submit()
        web.wait_for_updates(1)
        assert page.access.token not in web.driver.current_url


# ---- a real runtime -----------------------------------------------------------------

LOAD = """
import chimaera, sys
rt = chimaera.connect(runtime_dir=sys.argv[1])
echo = rt.echo()
while True:
    echo.null_many(100_000)
"""

# From now on: frames that were drawn, and the most nodes that one update has changed.
WATCH = """
  window.seen = {frames: 0, changed: 0, updates: 0};
  const frame = () => { seen.frames += 1; requestAnimationFrame(frame); };
  requestAnimationFrame(frame);
  new MutationObserver((changes) => {
    seen.changed = Math.max(seen.changed, changes.length);
    seen.updates += 1;
  }).observe(document.body, {subtree: true, childList: true, characterData: true,
    attributes: true});
"""


def test_what_is_shown_is_what_was_called(web: Browser) -> None:
    with testing.runtime() as rt, Dashboard(rt) as page:
        echo = rt.echo()
        echo.null_many(12_345)
        for _ in range(7):
            with pytest.raises(errors.ModuleExceptionError):
                echo.throw("the grid has no projection")
        web.open(page.url, updates=2)
        said = rt.metrics()
        methods = web.cells("#methods")
        null, throw = (methods[f"{echo.id} {name}"] for name in ("Null", "Throw"))
        assert (null["tasks"], null["failed"]) == ("12,345", "0")
        assert (throw["tasks"], throw["failed"]) == ("7", "7")
        for pool in said["pools"]:
            for method in pool["methods"]:
                if pool["module"] == "chimaera_echo":
                    shown = methods[f"{pool['id']} {method['name']}"]["tasks"]
                    assert shown == f"{method['tasks']:,}"
        assert "7 failed" in web.text("#tiles")
        assert "the grid has no projection" in web.text("#errors")
        assert web.complaints() == []


def test_a_pool_that_is_named_like_a_script_is_harmless(web: Browser) -> None:
    with testing.runtime() as rt, Dashboard(rt) as page:
        rt.echo(HOSTILE).null()
        web.open(page.url)
        assert web.run(
            "return [...document.querySelectorAll('#methods .muted')]"
            ".some((node) => node.textContent === arguments[0])",
            HOSTILE,
        )
        assert web.run("return document.title") == "Chimaera"
        assert web.run("return document.querySelectorAll('img, script').length") == 2
        assert web.complaints() == []


def test_it_answers_beside_a_million_tasks(web: Browser, daemon: Path) -> None:
    def pressed_beside(rt: chimaera.Runtime) -> bool:
        """Press a button, twice, and tell whether tasks have run meanwhile."""
        before = rt.metrics()["tasks"]
        for becomes in ("Go on", "Pause"):
            web.click("#pause")
            web.wait_for_text("#pause", becomes)
        return int(rt.metrics()["tasks"]) - before > 10_000

    with (
        chimaera.connect(runtime_dir=daemon) as rt,
        Dashboard(rt) as page,
        programs.python_process(LOAD, daemon) as load,
    ):
        try:
            web.open(page.url)
            assert testing.wait_until(
                lambda: rt.metrics()["tasks"] > 1_000_000, timeout_s=WAIT_S
            )
            web.run(WATCH)
            for _ in range(5):
                assert testing.wait_until(lambda: pressed_beside(rt), timeout_s=WAIT_S)
                web.wait_for_updates(web.updates() + 1)
            assert testing.wait_until(
                lambda: web.run("return seen.frames") >= 5, timeout_s=WAIT_S
            )
            # No update touches more than its texts and lines.
            assert web.run("return seen.changed") <= 500
            echo = next(row for key, row in web.cells("#methods").items()
                        if key.endswith(" Null"))  # fmt: skip
            assert int(echo["tasks"].replace(",", "")) > 1_000_000
            assert web.complaints() == []
        finally:
            load.kill()


def test_the_end_of_a_real_runtime_is_said(web: Browser, runtime_dir: Path) -> None:
    done = programs.chimaera(
        "start", "--runtime-dir", runtime_dir, "--dashboard", "0", "--json"
    )
    assert done.returncode == 0, done.stderr
    web.open(json.loads(done.stdout)["dashboard"])
    assert programs.chimaera("stop", "--runtime-dir", runtime_dir).returncode == 0
    # Or, where the browser was slow, that its page has.
    web.wait_for_text("#notice", "untime has ended")
