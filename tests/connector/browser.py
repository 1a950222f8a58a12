"""A person at the site's own admin pages: logs in with a password and sends the forms that stand there."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from contextlib import contextmanager

import httpx

from lab.site import Site

PAGE = "/wp-admin/tools.php?page=presswarden"


@contextmanager
def logged_in(site: Site, user: str | None = None, password: str | None = None) -> Iterator[httpx.Client]:
    """A client with the cookies of a login."""
    name, word = (user or site.admin[0]), (password or site.admin[1])
    with httpx.Client(timeout=30, base_url=site.url, cookies={"wordpress_test_cookie": "WP Cookie check"}) as client:
        client.post("/wp-login.php", data={"log": name, "pwd": word, "testcookie": "1"})
        yield client


def nonce_on(page: str, verb: str) -> str:
    """The nonce of one form of the page."""
    form = re.search(rf'<form[^>]*>(?:(?!</form>).)*name="presswarden_do" value="{verb}".*?</form>', page, re.S)
    assert form, f"no form {verb} on the page"
    found = re.search(r'name="presswarden_nonce" value="([0-9a-f]+)"', form.group(0))
    assert found
    return found.group(1)


def submit(client: httpx.Client, verb: str, **fields: str) -> httpx.Response:
    """Send one form as the page holds it, and come back to the page."""
    nonce = nonce_on(client.get(PAGE).text, verb)
    sent = client.post(
        "/wp-admin/admin-post.php", data={"action": "presswarden", "presswarden_do": verb, "presswarden_nonce": nonce, **fields}
    )
    assert sent.status_code == 302, sent.text[:500]
    return client.get(sent.headers["location"])


def notices(page: str) -> list[str]:
    """The texts of the page's own notices."""
    found = re.findall(r'<div class="notice [^"]*" role="status"><p>(.*?)</p>', page, re.S)
    return [html.unescape(text) for text in found]
