# SPDX-FileCopyrightText: 2026 The Chimaera Authors
# SPDX-License-Identifier: BSD-3-Clause
#
# The server of the live page, asked by programs good and bad. What a browser makes of
# it is in test_live_page.py.
"""The server of the live page."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import json
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from chimaera import errors, testing
from chimaera.dashboard import Dashboard, handler, server, source
from chimaera.prometheus import prometheus_text
from python.dashboard_document import FakeRuntime, document

WAIT_S = 200.0


@pytest.fixture(autouse=True)
def _quick_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every page end sooner: there are many here."""
    monkeypatch.setattr(server, "LOOK_EVERY_S", 0.02)


@pytest.fixture
def fake() -> FakeRuntime:
    return FakeRuntime()


@pytest.fixture
def page(fake: FakeRuntime) -> Iterator[Dashboard]:
    with Dashboard(fake) as served:
        yield served


def get(
    page: Dashboard, path: str, *, token: bool = True, **headers: str
) -> http.client.HTTPResponse:
    """Ask once; underscores in names of headers are dashes."""
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=WAIT_S)
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    if token:
        named["Authorization"] = f"Bearer {page.access.token}"
    connection.request("GET", path, headers=named)
    return connection.getresponse()


def raw(page: Dashboard, request: bytes) -> bytes:
    """Send bytes and read all that comes back, up to a reset."""
    answer = b""
    with (
        socket.create_connection(("127.0.0.1", page.port), timeout=WAIT_S) as sock,
        contextlib.suppress(ConnectionError),
    ):
        sock.sendall(request)
        while chunk := sock.recv(65536):
            answer += chunk
    return answer


# ---- who may look ----------------------------------------------------------------


@pytest.mark.parametrize(
    "path", ["/", "/api/metrics", "/api/dump", "/metrics", "/main.js"]
)
def test_without_the_token_nothing_is_told(page: Dashboard, path: str) -> None:
    answer = get(page, path, token=False)
    assert answer.status == 403
    body = answer.read().decode()
    assert page.access.token not in body
    assert "analysis" not in body


@pytest.mark.parametrize(
    "headers",
    [
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer "},
        {"Authorization": "Basic dXNlcjpwYXNz"},
        {"Authorization": "Bearer \u00e4\u00f6"},
        {"Cookie": "chimaera=wrong; ;=;a"},
    ],
)
def test_a_wrong_token_is_refused(page: Dashboard, headers: dict[str, str]) -> None:
    connection = http.client.HTTPConnection("127.0.0.1", page.port, timeout=WAIT_S)
    connection.request("GET", "/api/metrics", headers=headers)
    assert connection.getresponse().status == 403
    assert get(page, "/?token=wrong", token=False).status == 403


def test_the_address_lets_in_and_loses_its_token(page: Dashboard) -> None:
    path = page.url.removeprefix(f"http://127.0.0.1:{page.port}")
    answer = get(page, path, token=False)
    assert answer.status == 303
    assert answer.headers["Location"] == "./"
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"chimaera-{page.port}=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    # Beside cookies that other programs of this host have set.
    others = 'user="a b"; bad name=[1]; '
    answer = get(page, "/", token=False, Cookie=others + cookie.split(";")[0])
    assert answer.status == 200
    assert "<title>Chimaera</title>" in answer.read().decode()


def test_a_token_for_a_command_line_lets_in_once(page: Dashboard) -> None:
    once = page.access.once()
    assert once != page.access.token
    assert get(page, f"/?token={once}", token=False).status == 303
    assert get(page, f"/?token={once}", token=False).status == 403
    assert get(page, "/api/metrics", token=False, Authorization=once).status == 403


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("localhost", 200),
        ("LOCALHOST:9999", 200),  # the other end of a tunnel
        ("127.0.0.1:1", 200),
        ("[::1]:8420", 200),
        ("evil.example", 403),
        ("evil.example:80", 403),
        ("localhost.evil.example", 403),
        ("127.0.0.1@evil.example", 403),
        ("", 403),
    ],
)
def test_a_host_that_is_not_ours_is_refused(
    page: Dashboard, host: str, status: int
) -> None:
    assert get(page, "/api/metrics", Host=host).status == status
    assert get(page, "/health", token=False, Host=host).status == status


def test_a_request_without_a_host_is_refused(page: Dashboard) -> None:
    token = page.access.token.encode()
    request = b"GET /api/metrics HTTP/1.1\r\nAuthorization: Bearer " + token
    assert raw(page, request + b"\r\n\r\n").startswith(b"HTTP/1.0 403")


def test_a_host_can_be_allowed(fake: FakeRuntime) -> None:
    with Dashboard(fake, hosts=["Node7.cluster"]) as page:
        assert get(page, "/api/metrics", Host="node7.cluster:80").status == 200


def test_a_token_has_to_be_one(fake: FakeRuntime) -> None:
    with Dashboard(fake, token="a" * 16) as page:
        assert page.url.endswith("?token=" + "a" * 16)
    for token in ("short", "with space and more", "semi;colon=aaaaaaaaaaa"):
        with pytest.raises(errors.BadRequestError, match="16 letters"):
            Dashboard(fake, token=token)


def test_only_this_machine_is_served(page: Dashboard) -> None:
    assert page.address == f"http://127.0.0.1:{page.port}/"


# ---- what is told ----------------------------------------------------------------


def test_every_answer_forbids_what_the_page_does_not_need(page: Dashboard) -> None:
    answers = [get(page, path) for path in ("/", "/main.js", "/api/metrics", "/none")]
    answers.append(get(page, "/", token=False))
    for answer in answers:
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "unsafe" not in policy
        assert "frame-ancestors 'none'" in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"
        assert answer.headers["Referrer-Policy"] == "no-referrer"
        assert "Python" not in answer.headers["Server"]


def test_the_page_asks_nobody_else() -> None:
    folder = Path(handler.__file__).parent / "page"
    for file in folder.iterdir():
        text = file.read_text("utf-8")
        for word in (
            "https://",
            "innerHTML",
            "outerHTML",
            "insertAdjacentHTML",
            "eval(",
        ):
            assert word not in text, f"{file.name} has {word}"
        found = text.replace("http://www.w3.org/2000/svg", "")
        assert "http://" not in found, file.name
        assert text.count("\n") <= 500, file.name


def test_the_document_is_what_the_runtime_says(fake: FakeRuntime) -> None:
    fake.answer = document()
    with Dashboard(fake) as page:
        answer = get(page, "/api/metrics")
        assert answer.headers["Content-Type"] == "application/json"
        assert json.loads(answer.read()) == fake.answer
        packed = get(page, "/api/metrics", Accept_Encoding="gzip, br")
        assert packed.headers["Content-Encoding"] == "gzip"
        assert json.loads(gzip.decompress(packed.read())) == fake.answer
        dump = json.loads(get(page, "/api/dump").read())
        assert dump["tasks"] == []


def test_prometheus_gets_the_same_figures(fake: FakeRuntime) -> None:
    fake.answer = document()
    with Dashboard(fake) as page:
        answer = get(page, "/metrics")
        assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
        assert answer.read().decode() == prometheus_text(fake.answer)
        fake.error = errors.DeadlineExceededError("no answer in 5 s")
        assert testing.wait_until(
            lambda: get(page, "/metrics").status == 503, timeout_s=WAIT_S
        )


@pytest.mark.parametrize(
    ("change", "status", "reason"),
    [
        ({}, 200, None),
        ({"health": "busy"}, 200, None),
        ({"health": "stopping"}, 503, "the runtime is stopping"),
        (
            {"stuck": [{"worker": 1, "since_s": 0.05, "run": "", "stack": ""}]},
            200,
            None,
        ),
        (
            {"stuck": [{"worker": 1, "since_s": 12.0, "run": " secret", "stack": ""}]},
            503,
            "1 of the workers is stuck",
        ),
    ],
)
def test_health_needs_no_token_and_tells_no_names(
    fake: FakeRuntime, change: dict[str, Any], status: int, reason: str | None
) -> None:
    fake.answer = {**document(), **change}
    with Dashboard(fake) as page:
        answer = get(page, "/health", token=False)
        assert answer.status == status
        assert json.loads(answer.read()).get("reason") == reason


def test_a_runtime_that_does_not_answer_is_told(fake: FakeRuntime) -> None:
    fake.error = errors.DeadlineExceededError("no answer in 5 s")
    with Dashboard(fake) as page:
        answer = get(page, "/api/metrics")
        assert answer.status == 503
        told = json.loads(answer.read())
        assert told == {
            "error": "the runtime does not answer: no answer in 5 s",
            "ended": False,
        }
        health = get(page, "/health", token=False)
        assert health.status == 503
        assert "no answer in 5 s" not in health.read().decode()


def test_many_pages_are_one_client(
    fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(source, "FRESH_S", 10 * WAIT_S)
    answers = []
    with Dashboard(fake) as page:
        get(page, "/health", token=False)
        threads = [
            threading.Thread(
                target=lambda: answers.append(get(page, "/api/metrics").status)
            )
            for _ in range(16)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert answers == [200] * 16
    assert fake.asked == 1


# ---- the end ----------------------------------------------------------------------


def test_the_end_of_the_runtime_is_told_and_ends_the_page(
    fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "FAREWELL_S", WAIT_S)
    with Dashboard(fake) as page:
        assert get(page, "/api/metrics").status == 200
        fake.ended = True
        assert testing.wait_until(
            lambda: get(page, "/api/metrics").status == 503, timeout_s=WAIT_S
        )
        page.wait()
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.1", page.port), timeout=WAIT_S)


def test_a_page_closes_twice_and_leaves_no_thread(fake: FakeRuntime) -> None:
    before = threading.active_count()
    page = Dashboard(fake)
    get(page, "/api/metrics")
    page.close()
    page.close()
    assert testing.wait_until(
        lambda: threading.active_count() <= before, timeout_s=WAIT_S
    )


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize("called", ["cut_off_slow", "service_actions"])
def test_a_bug_ends_the_page_and_not_the_patience_of_who_waits(
    fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch, called: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise LookupError("a bug")

    monkeypatch.setattr(server.Server, called, broken)
    page = Dashboard(fake)
    waiting = threading.Thread(target=lambda: (page.wait(), page.close()), daemon=True)
    waiting.start()
    waiting.join(WAIT_S)
    assert not waiting.is_alive()


def test_who_asks_while_the_page_closes_is_told(fake: FakeRuntime) -> None:
    asked = source.Source(fake)
    begun, go = threading.Event(), threading.Event()
    thread = asked._thread
    thread.submit(lambda: (begun.set(), go.wait(WAIT_S)))
    assert begun.wait(WAIT_S)
    answers: list[source.Answer] = []
    asking = threading.Thread(target=lambda: answers.append(asked.metrics()))
    asking.start()
    assert testing.wait_until(lambda: thread._work_queue.qsize() == 1, timeout_s=WAIT_S)
    thread.shutdown(wait=False, cancel_futures=True)
    asking.join(WAIT_S)
    go.set()
    asked.close()
    assert [answer.error for answer in answers] == ["the page is closed"]


# ---- broken clients ---------------------------------------------------------------


@pytest.mark.parametrize(
    ("request_bytes", "status"),
    [
        (b"\r\n\r\n", None),
        (b"\x16\x03\x01\x02\x00\x01\x00\n", None),  # the beginning of TLS
        (b"GET\r\n\r\n", None),
        (b"GET / HTTP/9.9\r\n\r\n", None),
        (b"NONSENSE / HTTP/1.0\r\n\r\n", b"501"),
        (b"POST /api/metrics HTTP/1.0\r\nContent-Length: 9\r\n\r\n123456789", b"501"),
        (b"GET /" + b"a" * 40_000 + b" HTTP/1.0\r\n\r\n", None),
        (b"GET / HTTP/1.0\r\n" + b"A: " + b"b" * 40_000 + b"\r\n\r\n", b"431"),
        (b"GET / HTTP/1.0\r\n" + b"A: b\r\n" * 200 + b"\r\n", b"431"),
        (b"GET http://[ HTTP/1.0\r\nHost: localhost\r\n\r\n", b"400"),
        (b"GET /../../etc/passwd HTTP/1.0\r\nHost: localhost\r\n\r\n", b"403"),
    ],
)
def test_a_broken_request_is_refused_and_harms_nobody(
    page: Dashboard, request_bytes: bytes, status: bytes | None
) -> None:
    answer = raw(page, request_bytes)
    if status and answer:  # what is not read to its end may be reset
        assert answer.split(b" ", 2)[1] == status
    assert b"Traceback" not in answer
    assert get(page, "/api/metrics").status == 200


def test_a_path_outside_the_page_leads_nowhere(page: Dashboard) -> None:
    for path in ("/../server.py", "/%2e%2e/server.py", "/page/main.js", "//etc/passwd"):
        assert get(page, path).status == 404


def test_connections_are_bounded_and_come_free(page: Dashboard) -> None:
    held = [
        socket.create_connection(("127.0.0.1", page.port), timeout=WAIT_S)
        for _ in range(server.CONNECTIONS_MAX)
    ]
    # All are in before the next one is refused.
    assert testing.wait_until(
        lambda: get(page, "/health", token=False).status == 503, timeout_s=WAIT_S
    )
    for sock in held:
        sock.close()
    assert testing.wait_until(
        lambda: get(page, "/health", token=False).status == 200, timeout_s=WAIT_S
    )


def test_who_says_nothing_is_cut_off(
    fake: FakeRuntime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server, "CONNECTION_S", 0.5)
    with Dashboard(fake) as page:
        assert raw(page, b"GET / HTTP/1.0\r\nA: ") == b""


def test_who_goes_away_in_the_middle_harms_nobody(page: Dashboard) -> None:
    for _ in range(100):
        sock = socket.create_connection(("127.0.0.1", page.port), timeout=WAIT_S)
        linger = b"\x01\x00\x00\x00\x00\x00\x00\x00"
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        sock.sendall(b"GET /health HTTP/1.0\r\nHost: localhost\r\n\r\n")
        sock.close()  # a reset
    assert testing.wait_until(
        lambda: get(page, "/api/metrics").status == 200, timeout_s=WAIT_S
    )
