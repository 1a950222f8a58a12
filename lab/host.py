"""A hosting company in front of a site: strips, blocks, alters, asks for passwords, as real ones do. `with Host() as host`, the site's home is `host.url`.

    host.target = site.port; host.manner = Manner.NO_PRETTY_LINKS        from now on

Limits: loopback HTTP; one manner at a time; what a host does inside of PHP (functions switched off) is the site's own settings.
"""

from __future__ import annotations

import gzip
import http.client
import threading
from contextlib import suppress
from enum import StrEnum
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Self

from lab.gate import Answer
from lab.recorder import send
from lab.server import free_port

Headers = tuple[tuple[str, str], ...]
_PER_HOP = frozenset({"connection", "keep-alive", "transfer-encoding", "te", "upgrade", "proxy-connection", "content-length"})
_PAGE = (("Content-Type", "text/html; charset=utf-8"),)


class Manner(StrEnum):
    """What the host does to what passes."""

    PLAIN = "passes everything as it is"
    NO_AUTHORIZATION = "strips the Authorization header"
    NO_OWN_HEADERS = "strips headers it does not know from requests"
    NO_OWN_ANSWER_HEADERS = "strips headers it does not know from answers"
    FORWARDS = "adds forwarding headers of its own"
    LOWER_CASE = "writes all header names in lower case"
    NO_PRETTY_LINKS = "answers 404 for every /wp-json/ address"
    FORBIDS_PRETTY_LINKS = "answers 403 for every /wp-json/ address"
    NO_REST = "blocks REST in both of its forms"
    PASSWORD = "asks for a password (basic auth) before every page"
    CHALLENGE = "shows strangers a page that tests their browser"
    MAINTENANCE = "shows a maintenance page (503) for everything"
    REDIRECTS = "redirects everything to another name"
    NO_BODIES = "drops the bodies of requests"
    REWRITES_REQUESTS = "writes request bodies anew"
    REWRITES_ANSWERS = "writes answer bodies anew"
    COMPRESSES = "compresses answers that nobody asked to be compressed"
    HANGS_UP = "closes the connection in the middle of an answer"


def is_rest(path: str) -> bool:
    return is_pretty(path) or "rest_route=" in path


def is_pretty(path: str) -> bool:
    return "/wp-json" in path.partition("?")[0]


class Host:
    """Passes requests on to `target`, in its manner."""

    def __init__(self) -> None:
        self.port = free_port()
        self.target = 0
        self.manner = Manner.PLAIN
        host = self

        class Passing(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def log_message(self, *_: object) -> None:
                """Quiet."""

            def pass_on(self) -> None:
                with suppress(BrokenPipeError, ConnectionResetError):
                    host.answer(self)

            do_GET = do_POST = do_HEAD = do_PUT = do_DELETE = do_OPTIONS = pass_on

        self._server = ThreadingHTTPServer(("127.0.0.1", self.port), Passing)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join(5)

    def answer(self, asked: BaseHTTPRequestHandler) -> None:
        body = asked.rfile.read(int(asked.headers.get("Content-Length") or 0))
        headers = tuple((key, value) for key, value in asked.headers.items() if key.lower() not in _PER_HOP)
        found = self._refusal(asked.path)
        if found is None:
            try:
                found = send(self.target, asked.command, asked.path, self._headers(headers), self._body(body))
            except (OSError, http.client.HTTPException):
                found = Answer(502, _PAGE, b"<p>Bad gateway")
        self._send(asked, self._altered(found))

    def _refusal(self, path: str) -> Answer | None:
        match self.manner:
            case Manner.NO_PRETTY_LINKS if is_pretty(path):
                return Answer(404, _PAGE, b"<h1>Not Found</h1>")
            case Manner.FORBIDS_PRETTY_LINKS if is_pretty(path):
                return Answer(403, _PAGE, b"<h1>Forbidden</h1>")
            case Manner.NO_REST if is_rest(path):
                return Answer(403, _PAGE, b"<h1>Forbidden</h1>")
            case Manner.PASSWORD:
                return Answer(401, (*_PAGE, ("WWW-Authenticate", 'Basic realm="Staging"')), b"<h1>Authorization Required</h1>")
            case Manner.CHALLENGE:
                return Answer(403, _PAGE, b"<title>Just a moment...</title><script>/* are you a browser? */</script>")
            case Manner.MAINTENANCE:
                return Answer(503, (*_PAGE, ("Retry-After", "600")), b"<p>Back soon")
            case Manner.REDIRECTS:
                return Answer(301, (("Location", f"http://localhost:{self.port}{path}"),), b"")
            case _:
                return None

    def _headers(self, headers: Headers) -> Headers:
        match self.manner:
            case Manner.NO_AUTHORIZATION:
                return tuple(pair for pair in headers if pair[0].lower() != "authorization")
            case Manner.NO_OWN_HEADERS:
                return tuple(pair for pair in headers if not pair[0].lower().startswith("x-"))
            case Manner.FORWARDS:
                return (
                    *headers,
                    ("X-Forwarded-For", "203.0.113.9"),
                    ("X-Forwarded-Proto", "https"),
                    ("Via", "1.1 cache"),
                    ("X-Real-IP", "203.0.113.9"),
                )
            case Manner.LOWER_CASE:
                return tuple((key.lower(), value) for key, value in headers)
            case _:
                return headers

    def _body(self, body: bytes) -> bytes:
        match self.manner:
            case Manner.NO_BODIES:
                return b""
            case Manner.REWRITES_REQUESTS:
                return body.replace(b":", b": ") if body.startswith(b"{") else body
            case _:
                return body

    def _altered(self, found: Answer) -> Answer:
        match self.manner:
            case Manner.NO_OWN_ANSWER_HEADERS:
                return Answer(found.status, tuple(pair for pair in found.headers if not pair[0].lower().startswith("x-")), found.body)
            case Manner.REWRITES_ANSWERS:
                return Answer(found.status, found.headers, found.body + b"\n<!-- served by your host -->")
            case Manner.COMPRESSES:
                return Answer(found.status, (*found.headers, ("Content-Encoding", "gzip")), gzip.compress(found.body))
            case _:
                return found

    def _send(self, asked: BaseHTTPRequestHandler, found: Answer) -> None:
        asked.send_response(found.status)
        for key, value in found.headers:
            if key.lower() not in _PER_HOP:
                asked.send_header(key.lower() if self.manner is Manner.LOWER_CASE else key, value)
        asked.send_header("Content-Length", str(len(found.body)))
        asked.end_headers()
        if asked.command == "HEAD":
            return
        if self.manner is Manner.HANGS_UP:
            asked.wfile.write(found.body[: len(found.body) // 2])
            asked.close_connection = True
            return
        asked.wfile.write(found.body)
