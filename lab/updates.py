"""Plays api.wordpress.org and downloads.wordpress.org on loopback: offers, packages, checksums.

A site is pointed at it with `site.use_updates(server.url)`. What it offers is changed by method
calls while it runs. It keeps a list of what was asked and what was downloaded.
"""

from __future__ import annotations

import hashlib
import json
import threading
import urllib.parse
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from lab import packages
from lab.errors import LabError
from lab.offers import UPDATED, Asked, Offer, core_offers, translation_offer
from lab.packages import Kind


@dataclass
class UpdateServer:
    """The server and its catalogue. Starts at once; `stop()` or leaving the context ends it."""

    asked: list[Asked] = field(default_factory=list)
    _offers: dict[str, Offer] = field(default_factory=dict)
    _closed: set[str] = field(default_factory=set)
    _translations: dict[tuple[str, str], bytes] = field(default_factory=dict)
    _core: tuple[str, Path, bytes] | None = None
    _lock: threading.Lock = field(default_factory=threading.Lock)
    _server: ThreadingHTTPServer | None = None

    @classmethod
    def start(cls) -> Self:
        """A running server with an empty catalogue."""
        found = cls()
        found._server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *given: _Answers(found, *given))
        found._server.daemon_threads = True
        threading.Thread(target=found._server.serve_forever, args=(0.05,), daemon=True).start()
        return found

    def stop(self) -> None:
        """End the server."""
        if self._server is not None:
            self._server.shutdown()
            self._server.server_close()
            self._server = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None) -> None:
        self.stop()

    @property
    def url(self) -> str:
        """Its address, for `site.use_updates`."""
        if self._server is None:
            raise LabError("the update server does not run", "it was stopped", "start another one")
        return f"http://127.0.0.1:{self._server.server_port}"

    # The catalogue -----------------------------------------------------------------------------

    def offer(self, slug: str, version: str, kind: Kind | str = Kind.GOOD, *, theme: bool = False, package: bytes | None = None) -> Offer:
        """Offer that version from now on. `package` gives other bytes than the catalogue's own."""
        found = Offer(slug, version, Kind(kind), theme, package)
        with self._lock:
            self._offers[slug] = found
        return found

    def withdraw(self, slug: str) -> None:
        """Offer nothing for that component any more."""
        with self._lock:
            self._offers.pop(slug, None)

    def close_plugin(self, slug: str) -> None:
        """The directory closed this plugin: no offer, and its information says so."""
        self.withdraw(slug)
        self._closed.add(slug)

    def offer_core(self, version: str, tree: Path) -> None:
        """Offer a WordPress, packed from a tree of the lab."""
        packed = packages.zipped_folder(tree, "wordpress")
        with self._lock:
            self._core = (version, tree, packed)

    def offer_translation(self, slug: str, locale: str, phrases: dict[str, str]) -> None:
        """Offer a language pack of a plugin."""
        with self._lock:
            self._translations[(slug, locale)] = packages.language_pack(slug, locale, UPDATED, phrases)

    def sha256(self, slug: str) -> str:
        """The hash of the package as the next download gets it."""
        offer = self._offers[slug]
        return hashlib.sha256(offer.bytes_of_download(offer.downloads)).hexdigest()

    def downloads(self, slug: str) -> int:
        """How often the offered package was fetched."""
        return self._offers[slug].downloads

    # The answers -------------------------------------------------------------------------------

    def answer(self, path: str, fields: dict[str, Any]) -> Any:
        """The API's answer to a question, as JSON; None where there is no such page."""
        with self._lock:
            if "/plugins/update-check/" in path:
                return self._plugins(fields)
            if "/themes/update-check/" in path:
                return self._themes(fields)
            if "/core/version-check/" in path:
                return self._versions()
            if "/core/checksums/" in path:
                return {"checksums": self._checksums(fields)}
            if "/plugins/info/" in path:
                return self._information(fields)
            if "/translations/" in path:
                return {"translations": []}
            return None

    def _plugins(self, fields: dict[str, Any]) -> dict[str, Any]:
        installed = json.loads(fields.get("plugins", "{}")).get("plugins") or {}
        have = json.loads(fields.get("translations", "{}")) or {}
        found: dict[str, Any] = {"plugins": {}, "no_update": {}, "translations": []}
        for file, about in installed.items():
            slug = file.split("/")[0].removesuffix(".php")
            offer = self._offers.get(slug)
            if offer is not None and not offer.theme:
                group = "no_update" if about.get("Version") == offer.version else "plugins"
                found[group][file] = {"id": f"w.org/plugins/{slug}", "plugin": file, **offer.entry()}
            for (owner, locale), _ in self._translations.items():
                installed_pack = have.get(slug) if isinstance(have, dict) else None
                if owner == slug and not is_current(installed_pack, locale):
                    found["translations"].append(translation_offer(slug, locale, about.get("Version", "")))
        return found

    def _themes(self, fields: dict[str, Any]) -> dict[str, Any]:
        installed = json.loads(fields.get("themes", "{}")).get("themes") or {}
        found: dict[str, Any] = {"themes": {}, "no_update": {}, "translations": []}
        for slug, about in installed.items():
            offer = self._offers.get(slug)
            if offer is not None and offer.theme:
                group = "no_update" if about.get("Version") == offer.version else "themes"
                found[group][slug] = {"theme": slug, **offer.entry()}
        return found

    def _versions(self) -> dict[str, Any]:
        if self._core is None:
            return {"offers": [], "translations": []}
        return {"offers": core_offers(self._core[0]), "translations": []}

    def _checksums(self, fields: dict[str, Any]) -> Any:
        if self._core is None or fields.get("version") != self._core[0]:
            return False
        tree = self._core[1]
        files = (path for path in tree.rglob("*") if path.is_file() and "wp-content" not in path.parts)
        return {str(path.relative_to(tree)): hashlib.md5(path.read_bytes()).hexdigest() for path in files}

    def _information(self, fields: dict[str, Any]) -> dict[str, Any]:
        slug = fields.get("request[slug]") or fields.get("slug") or ""
        if slug in self._closed:
            return {"error": "closed", "name": slug, "slug": slug, "description": "This plugin has been closed."}
        offer = self._offers.get(slug)
        if offer is None:
            return {"error": "Plugin not found."}
        return {"name": slug, "version": offer.version, "download_link": "https:/" + offer.path, **offer.entry()}

    def package(self, path: str) -> tuple[Kind, bytes] | None:
        """The package at that path, counted as a download."""
        with self._lock:
            for slug, offer in self._offers.items():
                if path in (offer.path, offer.path + ".moved"):
                    self._offers[slug] = replace(offer, downloads=offer.downloads + 1)
                    kind = Kind.GOOD if path.endswith(".moved") else offer.kind
                    return kind, offer.bytes_of_download(offer.downloads)
            for (slug, locale), pack in self._translations.items():
                if path.endswith(f"/translation/plugin/{slug}-{locale}.zip"):
                    return Kind.GOOD, pack
            if self._core is not None and path.endswith(f"/wordpress-{self._core[0]}.zip"):
                return Kind.GOOD, self._core[2]
            return None


def is_current(installed: Any, locale: str) -> bool:
    """Whether a site says that it has the pack of that language, as new as ours."""
    header = installed.get(locale) if isinstance(installed, dict) else None
    return isinstance(header, dict) and str(header.get("PO-Revision-Date", "")) >= UPDATED


class _Answers(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    timeout = 30

    def __init__(self, server: UpdateServer, *given: Any) -> None:
        self._updates = server
        super().__init__(*given)

    def log_message(self, *_: Any) -> None:
        """Nothing is printed; the server keeps what was asked."""

    def do_POST(self) -> None:
        self._route(self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode("utf-8", "replace"))

    def do_GET(self) -> None:
        self._route("")

    do_HEAD = do_GET

    def _route(self, body: str) -> None:
        path, _, query = self.path.partition("?")
        fields = {name: values[-1] for name, values in urllib.parse.parse_qs(f"{query}&{body}").items()}
        self._updates.asked.append(Asked(self.command, path, fields))
        answer = self._updates.answer(path, fields)
        if answer is not None:
            self._send(200, "application/json", json.dumps(answer).encode())
            return
        found = self._updates.package(path)
        if found is None or found[0] is Kind.MISSING:
            self._send(404, "text/plain", b"")
            return
        kind, whole = found
        if kind is Kind.REDIRECT:
            self._send(302, "text/plain", b"", location=f"{path}.moved")
        elif kind is Kind.CUT_DOWNLOAD:
            self._head(200, "application/zip", len(whole), None)
            self.wfile.write(whole[: len(whole) // 2])
            self.close_connection = True
        else:
            self._send(200, "text/html" if kind is Kind.HTML else "application/zip", whole)

    def _head(self, status: int, kind: str, length: int, location: str | None) -> None:
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(length))
        if location is not None:
            self.send_header("Location", location)
        self.end_headers()

    def _send(self, status: int, kind: str, body: bytes, location: str | None = None) -> None:
        self._head(status, kind, len(body), location)
        if self.command != "HEAD":
            self.wfile.write(body)
