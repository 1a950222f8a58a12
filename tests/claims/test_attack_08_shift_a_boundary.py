"""Attack 8: write the same signed string in another way, or a body that two readers understand differently.

Layers. For another spelling of a header: the fixed alphabet of each, without which a number's other spellings give the same signed string. For another
spelling of the body: the signature over the bytes received. For a body that was signed and is ambiguous (the control plane makes none; this is about a
fault there): the strict reader of the body, and for a member nobody knows its exact keys.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.claims.attacks import Attack
from tests.claims.raw import PREFIX, exchange, request
from tests.claims.victims import Paired
from tests.connector.wire import Answer, Message

STILL_AMBIGUOUS = ("1.0 for 1", "1e0 for 1", "a byte order mark", "a NUL behind it", "an array for the empty object", "UTF-16")

pytestmark = [pytest.mark.site, pytest.mark.req("P2", "W2")]


def respelled(message: Message) -> dict[str, Message]:
    """Headers that mean the same to a lenient reader."""
    found = {}
    for name in ("Timestamp", "TTL"):
        value = message.headers[PREFIX + name]
        for spelling in (
            f"0{value}", f"+{value}", f"{value}.0", f"{value}e0", f"{value}\t1", f"{value};", f"{value},{value}", f"0x{int(value):x}",
            f"{value}\x0b", f"{value}abc", value.translate({ord("1"): "\u00b9"}), f"{value} {value}", f"{float(value):.1e}",
        ):  # fmt: skip
            found[f"{name}: {spelling!r}"] = message.with_header(PREFIX + name, spelling)
    sent, ttl = message.headers[PREFIX + "Timestamp"], message.headers[PREFIX + "TTL"]
    found["a digit moved from the life to the time"] = message.with_header(PREFIX + "Timestamp", sent + ttl[0]).with_header(
        PREFIX + "TTL", ttl[1:]
    )
    found["a digit moved from the time to the life"] = message.with_header(PREFIX + "Timestamp", sent[:-1]).with_header(
        PREFIX + "TTL", sent[-1] + ttl
    )
    found["time and life in one header"] = message.with_header(PREFIX + "Timestamp", f"{sent}\\n{ttl}")
    for name in ("Installation", "ToolCallId"):
        value = message.headers[PREFIX + name]
        for spelling in (
            value.upper(),
            "{" + value + "}",
            value.replace("-", ""),
            f"urn:uuid:{value}",
            value[:-1],
            value + "0",
            f"{value}\x0b",
            f"x{value}",
        ):
            found[f"{name}: {spelling!r}"] = message.with_header(PREFIX + name, spelling)
    ids = message.headers[PREFIX + "Installation"], message.headers[PREFIX + "ToolCallId"]
    found["a letter moved between the ids"] = message.with_header(PREFIX + "Installation", ids[0] + ids[1][0]).with_header(
        PREFIX + "ToolCallId", ids[1][1:]
    )
    found["the ids change places"] = message.with_header(PREFIX + "Installation", ids[1]).with_header(PREFIX + "ToolCallId", ids[0])
    signature = message.headers[PREFIX + "Signature"]
    for spelling in (
        signature.rstrip("="),
        signature.replace("+", "-").replace("/", "_") + "=",
        f"{signature[:40]} {signature[40:]}",
        f"{signature}\x0b",
        signature[:-3] + chr(ord(signature[-3]) + 1) + "==",
    ):
        found[f"Signature: {spelling!r}"] = message.with_header(PREFIX + "Signature", spelling)
    return found


def rewritten(message: Message) -> dict[str, bytes]:
    """Other bytes that a lenient reader takes for the same body."""
    body, value = message.body, json.loads(message.body)
    return {
        "spaces": json.dumps(value).encode(),
        "line feeds": json.dumps(value, indent=1).encode(),
        "keys in another order": json.dumps(dict(reversed(value.items())), separators=(",", ":")).encode(),
        "1.0 for 1": body.replace(b'"v":1', b'"v":1.0'),
        "1e0 for 1": body.replace(b'"v":1', b'"v":1e0'),
        "an escaped slash": body.replace(b"http://", b"http:\\/\\/"),
        "an escaped letter": body.replace(b"wp.site", b"\\u0077p.site"),
        "a byte order mark": b"\xef\xbb\xbf" + body,
        "a NUL behind it": body + b"\0",
        "a line feed behind it": body + b"\n",
        "an array for the empty object": body.replace(b'"args":{}', b'"args":[]'),
        "UTF-16": body.decode().encode("utf-16"),
    }


def ambiguous(message: Message) -> dict[str, bytes]:
    """Bodies that two readers understand differently; the attack is that they are signed."""
    body, again = message.body, rewritten(message)
    tool = b'"tool":"wp.site.health"'
    return {
        **{name: again[name] for name in STILL_AMBIGUOUS},
        "two tools": body.replace(tool, tool + b',"tool":"control.pause"'),
        "two tools, one escaped": body.replace(tool, tool + b',"\\u0074ool":"control.pause"'),
        "two arguments": body.replace(b'"args":{}', b'"args":{},"args":{"user":1}'),
        "two audiences inside": body.replace(b'"bind":{', b'"bind":{"aud":"https://victim.example",'),
        "a member that nobody knows": body.replace(tool, tool + b',"user":1'),
        "a member that PHP hides": body.replace(tool, tool + b',"\\u0000x":1'),
        "minus zero": body.replace(b'"v":1', b'"v":-0'),
        "a number beyond what all read alike": body.replace(b'"args":{}', b'"args":{"n":9007199254740993}'),
        "half a character": body.replace(b"wp.site", b"wp.\xc3.site"),
        "a lone surrogate": body.replace(b"health", b"\\ud800health"),
        "nested too deep": body.replace(b'"args":{}', b'"args":' + b'{"a":' * 40 + b"1" + b"}" * 40),
        "a list of bodies": b"[" + body + b"]",
        "a text": json.dumps(body.decode()).encode(),
        "nothing": b"null",
        "the version as text": body.replace(b'"v":1', b'"v":"1"'),
        "the tool as a list": body.replace(b'"tool":"wp.site.health"', b'"tool":["wp.site.health"]'),
        "the tool in capitals": body.replace(b"wp.site.health", b"WP.site.health"),
    }  # fmt: skip


def post(paired: Paired, message: Message) -> Answer:
    return exchange(request(paired.site.url, "/wp-json/presswarden/v1/call", message))


def signed(paired: Paired, body: bytes) -> Message:
    return Message(body, paired.here.headers(str(uuid.uuid4()), body))


def test_no_other_spelling_of_a_message_is_taken(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    message = paired_site.here.message("wp.site.health")
    for name, header in respelled(message).items():
        answer = post(paired_site, header)
        attack.repelled(name, answer.status in {0, 400, 404}, (answer.status, answer.body[:200]))
    for name, body in rewritten(message).items():
        attack.refused(name, post(paired_site, replace(message, body=body)), "call.signature")
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    assert post(paired_site, message).status == 200


def test_no_body_that_two_readers_understand_differently_is_taken(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    for name, body in ambiguous(paired_site.here.message("wp.site.health")).items():
        attack.refused(name, post(paired_site, signed(paired_site, body)), "call.body")
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    for reason in ("a – ü 語 \U0001f512", "\x7f\u200b", '"\\/', "{}[]:,", "-0 1.0 e5"):
        assert post(paired_site, paired_site.here.message("wp.site.health", {"x": reason})).code == "call.args"


def test_a_message_in_its_one_spelling_is_answered(paired_site: Paired) -> None:
    message = signed(paired_site, paired_site.here.body("wp.site.health"))
    assert paired_site.here.receipt_holds(message, post(paired_site, message))


def test_without_the_alphabets_other_spellings_of_a_header_are_run(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("alphabet")
    for name in ("TTL", "Timestamp"):
        for spelling in ("{}abc", "0{}", "+{}", "{}.0", "{};"):
            message = paired.here.message("wp.site.health")
            value = message.headers[PREFIX + name]
            assert post(paired, message.with_header(PREFIX + name, spelling.format(value))).status == 200, (name, spelling)


def test_without_the_signature_other_spellings_of_a_body_are_run(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("signature")
    for name in ("spaces", "keys in another order", "an escaped slash", "an escaped letter", "a line feed behind it"):
        message = paired.here.message("wp.site.health")
        assert post(paired, replace(message, body=rewritten(message)[name])).status == 200, name


def test_without_the_strict_reader_the_second_of_two_tools_is_run(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("body")
    body = paired.here.body("wp.site.health").replace(b'"tool":"wp.site.health"', b'"tool":"wp.site.health","tool":"control.revoke"')
    assert post(paired, signed(paired, body.replace(b'"args":{}', b'"args":{"reason":""}'))).result == {"revoked": True}
