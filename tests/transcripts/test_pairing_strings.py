"""Pairing strings that are wrong, late, spent or lead nowhere safe: what the site's machine is told."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab import faketime
from lab.demo.control import Control
from lab.site import Lab, Site
from tests.stories.scene import Paired, install, string_for
from tests.transcripts.transcript import Transcript

pytestmark = [pytest.mark.site, pytest.mark.req("X1", "X3", "W12")]


def damaged(text: str) -> str:
    """One character lost on the way."""
    return text[:40] + text[41:]


def altered(text: str, **members: str) -> str:
    """Other members under a checksum that fits."""
    head, packed, _ = text.split(".")
    held = {**json.loads(base64.urlsafe_b64decode(packed + "=" * (-len(packed) % 4))), **members}
    body = json.dumps(held, sort_keys=True, separators=(",", ":")).encode()
    whole = f"{head}.{base64.urlsafe_b64encode(body).rstrip(b'=').decode()}"
    return f"{whole}.{hashlib.sha256(whole.encode()).hexdigest()[:8]}"


def try_to_pair(transcript: Transcript, site: Site, string: str, what: str = "<pairing string>") -> None:
    transcript.wp(site, "pair", string, typed=f"wp presswarden pair '{what}'")


def test_a_damaged_pairing_string(transcript: Transcript, control: Control, unpaired: Site) -> None:
    whole = string_for(control, "unpaired")
    try_to_pair(transcript, unpaired, damaged(whole), "<pairing string, one character missing>")
    try_to_pair(transcript, unpaired, "https://control.example/", "https://control.example/")
    transcript.remark("No try was spent: the whole string still works.")
    try_to_pair(transcript, unpaired, whole)
    control.run("site", "revoke", "unpaired", "--yes")


def test_an_expired_pairing_string(transcript: Transcript, control: Control, unpaired: Site) -> None:
    transcript.remark("The string is made eleven minutes before it is used.")
    earlier = faketime.environment(-660)
    late = json.loads(control.run("--json", "site", "pair", "unpaired", "--no-wait", environment=earlier))["pairing"]
    try_to_pair(transcript, unpaired, late)


def test_a_reused_pairing_string(transcript: Transcript, control: Control, unpaired: Site, shop: Paired) -> None:
    string = string_for(control, "unpaired")
    try_to_pair(transcript, unpaired, string)
    transcript.remark("The same string once more, on another site.")
    transcript.wp(shop.site, "pair", string, "--replace", typed="wp presswarden pair '<pairing string>' --replace")
    transcript.remark("The other site keeps the pairing it had.")
    assert shop.read()["database_answers"] is True
    control.run("site", "revoke", "unpaired", "--yes")
    transcript.remark("And after that pairing was revoked.")
    try_to_pair(transcript, unpaired, string)


@pytest.fixture
def other_control(tmp_path: Path) -> Iterator[Control]:
    """Wrong tries count for the address they come from, so they are made elsewhere."""
    found = Control(tmp_path / "other")
    found.start()
    yield found
    found.stop()


def test_the_sixth_wrong_try(transcript: Transcript, other_control: Control, unpaired: Site) -> None:
    string = string_for(other_control, "unpaired")
    wrong = altered(string, secret="0" * 32)
    for _ in range(6):
        try_to_pair(transcript, unpaired, wrong, "<pairing string with another secret>")
    transcript.remark("The right string is burnt too.")
    try_to_pair(transcript, unpaired, string)


def test_a_control_plane_on_plain_http(transcript: Transcript, control: Control, unpaired: Site) -> None:
    elsewhere = {"PRESSWARDEN_URL": "http://control.example"}
    typed = "PRESSWARDEN_URL=http://control.example presswarden site pair unpaired --no-wait"
    transcript.presswarden("site", "pair", "unpaired", "--no-wait", environment=elsewhere, typed=typed)
    made = altered(string_for(control, "unpaired"), control="http://control.example")
    transcript.remark("A string that names such an address all the same.")
    try_to_pair(transcript, unpaired, made, "<pairing string for http://control.example>")


def test_a_site_on_plain_http(transcript: Transcript, control: Control, lab: Lab) -> None:
    public = install(lab.site("public", constants={"WP_HOME": "http://site.example"}))
    try_to_pair(transcript, public, string_for(control, "public"))
    public.delete()


def test_an_unreachable_control_plane(transcript: Transcript, control: Control, unpaired: Site) -> None:
    nobody = altered(string_for(control, "unpaired"), control="http://127.0.0.1:1")
    try_to_pair(transcript, unpaired, nobody, "<pairing string for http://127.0.0.1:1>")
    page = altered(string_for(control, "unpaired"), control=unpaired.url)
    try_to_pair(transcript, unpaired, page, "<pairing string for some website>")
