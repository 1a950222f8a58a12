"""The recorder passes a site's answers on unchanged, keeps them, and sends a kept request again."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from lab.browser import Browser
from lab.errors import LabError
from lab.recorder import Recorder, send


class _Echo(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self._answer(b"<p>" + body + b"</p>")

    def do_GET(self) -> None:
        self._answer(b'<form action="/in"><input name="a" value="1"><textarea name="b">two</textarea><button name="go" value="x"></form>')

    def _answer(self, body: bytes) -> None:
        self.send_response(200)
        self.send_header("Set-Cookie", "one=1")
        self.send_header("Set-Cookie", "two=2")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def echo() -> Iterator[int]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Echo)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_port
    server.shutdown()
    server.server_close()
    thread.join()


def test_what_passes_is_kept_and_can_be_sent_again_altered(echo: int) -> None:
    with Recorder() as recorder:
        recorder.target = echo
        answer = send(recorder.port, "POST", "/call", {"X-WP-Agent-Signature": "s"}, b"first")
        assert answer.body == b"<p>first</p>"
        assert [value for key, value in answer.headers if key == "Set-Cookie"] == ["one=1", "two=2"]
        (kept,) = recorder.calls()
        assert (kept.body, kept.answer) == (b"first", b"<p>first</p>")
        assert recorder.replay(kept).body == b"<p>first</p>"
        assert recorder.replay(kept, body=b"other").body == b"<p>other</p>"


def test_a_form_is_filled_and_sent_to_its_own_address(echo: int) -> None:
    browser = Browser(f"http://127.0.0.1:{echo}")
    page = browser.get("/")
    form = page.form_with("go")
    assert form.fields == {"a": "1", "b": "two"}
    landed = browser.submit(page, form, {"a": "9"}, "go")
    assert landed.url.endswith("/in")
    assert "a=9" in landed.html
    assert "go=x" in landed.html


def test_a_missing_form_and_a_foreign_address_are_told(echo: int) -> None:
    browser = Browser(f"http://127.0.0.1:{echo}")
    with pytest.raises(LabError, match="no form"):
        browser.get("/").form_with("absent")
    with pytest.raises(LabError, match="leads away"):
        browser.get("http://127.0.0.1:1/")
