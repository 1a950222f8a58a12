"""A plain GET for the lab's tests: the status and the text, whatever the status is."""

from __future__ import annotations

import base64
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass


@dataclass(frozen=True)
class Page:
    """What a server answered."""

    status: int
    text: str
    kind: str


def get(url: str, login: tuple[str, str] | None = None, host: str | None = None, form: dict[str, str] | None = None) -> Page:
    """Fetch a page; `login` is sent as basic authentication, `form` makes it a POST."""
    request = urllib.request.Request(url, data=None if form is None else urllib.parse.urlencode(form).encode())
    if login is not None:
        request.add_header("Authorization", "Basic " + base64.b64encode(":".join(login).encode()).decode())
    if host is not None:
        request.add_header("Host", host)
    try:
        with urllib.request.urlopen(request, timeout=60) as answer:
            return Page(answer.status, answer.read().decode("utf-8", "replace"), answer.headers.get("Content-Type", ""))
    except urllib.error.HTTPError as refused:
        with refused:
            return Page(refused.code, refused.read().decode("utf-8", "replace"), refused.headers.get("Content-Type", ""))
