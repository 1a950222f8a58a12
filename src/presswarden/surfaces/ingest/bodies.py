"""The bodies of the wire but the heartbeat's (telemetry reads that one): exact keys, exact types, bounded text. Limits: shape only; proves nothing."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from presswarden.kernel.canonical import LARGEST_INT, Json
from presswarden.kernel.errors import Malformed
from presswarden.kernel.ids import CallId, InstallationId, is_uuid4
from presswarden.sites.model import Algorithm, PairRequest

_HEX32: Final = re.compile(r"[0-9a-f]{32}\Z")
_HEX64: Final = re.compile(r"[0-9a-f]{64}\Z")
_VERSION: Final = re.compile(r"[0-9A-Za-z][0-9A-Za-z.+~_-]{0,39}\Z")
_PAIR: Final = ("alg", "connector", "home", "installation", "mac", "nonce", "php", "public_key", "signature", "wordpress")


@dataclass(frozen=True, slots=True)
class PostedReceipt:
    """A site's answer to a call that it took along, still to be verified by the dispatcher."""

    call: CallId
    status: int
    body: str
    signature: str
    seq: int


@dataclass(frozen=True, slots=True)
class Moved:
    home: str
    old_home: str
    seq: int


def pair_request(body: Mapping[str, Json]) -> PairRequest:
    """Raises `Malformed`."""
    _exactly(body, *_PAIR)
    text = {name: _text(body, name, 200) for name in _PAIR}
    versions = all(_VERSION.match(text[name]) for name in ("connector", "php", "wordpress"))
    hexes = _HEX32.match(text["nonce"]) and _HEX64.match(text["mac"])
    if not versions or not hexes or not is_uuid4(text["installation"]) or text["alg"] not in set(Algorithm):
        raise Malformed("A field of the pairing message is not of its form.")
    return PairRequest(
        installation=InstallationId(text["installation"]), alg=Algorithm(text["alg"]), home=text["home"], public_key=text["public_key"],
        signature=text["signature"], nonce=text["nonce"], mac=text["mac"], connector=text["connector"], php=text["php"],
        wordpress=text["wordpress"],
    )  # fmt: skip


def posted_receipt(body: Mapping[str, Json]) -> PostedReceipt:
    """Raises `Malformed`."""
    _exactly(body, "bind", "body", "seq", "signature", "status", "tool_call_id")
    call = _text(body, "tool_call_id", 36)
    if not is_uuid4(call):
        raise Malformed("The receipt names no call.")
    status = _whole(body, "status", least=100, most=599)
    return PostedReceipt(CallId(call), status, _text(body, "body", 1_048_576), _text(body, "signature", 100), sequence(body))


def moved(body: Mapping[str, Json]) -> Moved:
    """Raises `Malformed`."""
    _exactly(body, "bind", "home", "old_home", "seq")
    return Moved(_text(body, "home", 200), _text(body, "old_home", 200), sequence(body))


def sequence(body: Mapping[str, Json]) -> int:
    return _whole(body, "seq", least=1, most=LARGEST_INT)


def _exactly(body: Mapping[str, Json], *names: str) -> None:
    if body.keys() != {*names, "v"} or body["v"] != 1 or body["v"] is True:
        raise Malformed("The body's keys are not those of version 1.")


def _text(body: Mapping[str, Json], name: str, longest: int) -> str:
    value = body.get(name)
    if not isinstance(value, str) or len(value) > longest:
        raise Malformed(f"The field {name} is no text of at most {longest} characters.")
    return value


def _whole(body: Mapping[str, Json], name: str, *, least: int, most: int) -> int:
    value = body.get(name)
    if isinstance(value, bool) or not isinstance(value, int) or not least <= value <= most:
        raise Malformed(f"The field {name} is no whole number between {least} and {most}.")
    return value
