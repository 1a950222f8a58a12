"""Attack 10: an empty signature against an empty key, arrays where strings belong, and input that is very long.

Layers. Against the empty: each header's alphabet (a signature has 64 or 32 bytes), a pinned key that can't be empty, a seal that opens or fails but never
yields nothing, and keys that exist at all. Against the odd: each header once and a string, the exact types of the body. Against the long: the size before
anything is read, the depth while parsing, and the web server's own limits for headers.
"""

from __future__ import annotations

import base64
import json
import uuid
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import rfc8785

from tests.claims.attacks import Attack
from tests.claims.doors import record
from tests.claims.raw import PREFIX, exchange, request
from tests.claims.victims import Paired, Swap
from tests.connector.wire import Answer, ControlKey, Message

pytestmark = [pytest.mark.site, pytest.mark.req("P1", "P2", "P5")]

ANY_KEY = Swap("src/Core/PinnedKey.php", 'if ( 32 !== strlen( $raw ) || str_repeat( "\\0", 32 ) === $raw ) {', "if ( false ) {")
A_BROKEN_SEAL_IS_EMPTY = Swap(
    "src/Site/Keys.php",
    "return Sealed::open( $sealed, self::master(), self::context( $slot ) );",
    "try { return Sealed::open( $sealed, self::master(), self::context( $slot ) ); } catch ( SealBroken $ignored ) { return ''; }",
)
ANY_SIGNER = Swap("src/Core/Signer.php", "if ( ! isset( $bytes[ $alg ] ) || strlen( $secret ) !== $bytes[ $alg ] ) {", "if ( false ) {")
BIG = 1_048_576


def post(paired: Paired, message: Message, *extra: tuple[str, str]) -> Answer:
    return exchange(request(paired.site.url, "/wp-json/presswarden/v1/call", message, extra))


def store(paired: Paired, **members: Any) -> None:
    """Somebody who can write the options table (another plugin's fault) empties keys."""
    text = json.dumps({**record(paired.site), **members}).replace("'", "''")
    paired.site.query(f"UPDATE wp_options SET option_value = '{text}' WHERE option_name = 'presswarden_record'")


def signed(paired: Paired, body: bytes) -> Message:
    return Message(body, paired.here.headers(str(uuid.uuid4()), body))


def with_empty_key(paired: Paired, alg: str = "hmac-sha256") -> Message:
    """A call signed with a key of no bytes."""
    own = replace(paired.here, key=ControlKey(b"", "hmac-sha256"))
    return own.message("wp.site.inventory").with_header(PREFIX + "SignatureAlg", alg)


def test_an_empty_or_odd_signature_is_refused(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    message = paired_site.here.message("wp.site.health")
    for text in (
        "",
        " ",
        "=",
        "==",
        "\t",
        "null",
        "0",
        "false",
        "[]",
        "{}",
        "A",
        "A" * 86 + "==",
        "/" * 86 + "==",
        "A" * 43 + "=",
        "A" * 87 + "=",
        "A" * 5000,
        "A" * 70000,
    ):
        attack.repelled(
            f"a signature of {len(text)} characters like {text[:8]!r}",
            post(paired_site, message.with_header(PREFIX + "Signature", text)).status in {0, 400, 401, 413, 431},
        )
    for name in list(message.headers):
        gone = Message(message.body, {key: value for key, value in message.headers.items() if key != name})
        attack.refused(f"no {name}", post(paired_site, gone), "call.shape")
        attack.refused(f"an empty {name}", post(paired_site, message.with_header(name, "")), "call.shape")
        attack.repelled(
            f"{name} as a list",
            post(paired_site, Message(message.body, {**gone.headers, f"{name}[]": message.headers[name]})).status in {0, 400},
        )
        twice = post(paired_site, message, (name, message.headers[name]))
        attack.repelled(f"{name} twice", twice.status in {0, 400}, (twice.status, twice.body[:200]))
        other = post(paired_site, message, (name, "0"))
        attack.repelled(f"{name} and another one", other.status in {0, 400}, (other.status, other.body[:200]))
        low = post(paired_site, message, (name.replace("-", "_"), "0"))
        attack.repelled(
            f"{name} and one with low lines", low.status in {0, 400} or paired_site.here.receipt_holds(message, low), low.status
        )
        message = paired_site.here.message("wp.site.health")
        attack.repelled(
            f"{name}, overlong",
            post(paired_site, message.with_header(name, message.headers[name] + "0" * 60000)).status in {0, 400, 413, 431},
        )
    assert post(paired_site, message).status == 200


def test_arrays_and_overlong_bodies_are_refused(paired_site: Paired, attack: Attack) -> None:
    paired_site.site.clear_events()
    here = paired_site.here

    def good() -> dict[str, Any]:
        """With a nonce of its own: those that come as far as the arguments use it up."""
        return dict(json.loads(here.body("wp.site.health")))

    for name in ("args", "bind", "run_id", "tool"):
        for odd in ([], [good()[name]], {}, {"0": good()[name]}, None, True, 0, ""):
            if (name, odd) != ("args", {}):
                attack.refused(
                    f"{name} is {json.dumps(odd)[:40]}",
                    post(paired_site, signed(paired_site, rfc8785.dumps({**good(), name: odd}))),
                    "call.body",
                    "call.args",
                )
    for name in good()["bind"]:
        for odd in ([], [good()["bind"][name]], {}, None, True, ""):
            bind = {**good()["bind"], name: odd}
            attack.refused(
                f"bind.{name} is {json.dumps(odd)[:40]}",
                post(paired_site, signed(paired_site, rfc8785.dumps({**good(), "bind": bind}))),
                "call.body",
                "call.bind",
                "call.audience",
            )
    longer = b'{"args":{"a":"' + b"x" * BIG + b'"}}'
    for name, body, codes in (
        ("a body one byte too long", b"x" * (BIG + 1), ("call.too_large",)),
        ("a signed body beyond a mebibyte", longer, ("call.too_large",)),
        ("half a million brackets", b"[" * 500_000 + b"]" * 500_000, ("call.body",)),
        ("depth 33", rfc8785.dumps(good()).replace(b'"args":{}', b'"args":' + b'{"a":' * 33 + b"{}" + b"}" * 33), ("call.body",)),
        ("sixty thousand arguments", rfc8785.dumps({**good(), "args": {f"k{n}": n for n in range(60_000)}}), ("call.args",)),
        ("a tool of a thousand letters", rfc8785.dumps({**good(), "tool": "wp." + "a" * 1000}), ("call.body",)),
    ):
        attack.refused(name, post(paired_site, signed(paired_site, body)), *codes)
    attack.repelled("what ran", paired_site.ran() == [], paired_site.ran())
    assert paired_site.call("wp.site.health").status == 200


def test_an_emptied_key_makes_no_empty_signature_right(mutated_site: Callable[..., Paired], attack: Attack) -> None:
    for name, hmac_mode, members in (
        ("the sealed key of a pairing with HMAC", True, {"hmac_call": ""}),
        ("both sealed keys", True, {"hmac_call": "", "hmac_site": ""}),
        ("the list of control keys", False, {"control_keys": []}),
        ("the control key itself", False, {"control_keys": [{"key": "", "not_after": 0}]}),
        (
            "three control keys",
            False,
            {"control_keys": [{"key": base64.b64encode(bytes([n]) * 32).decode(), "not_after": 0} for n in (3, 4, 5)]},
        ),
        ("control keys that are none", False, {"control_keys": [{"key": "A" * 43 + "="}, "x", 7]}),
        ("the control key, zeros", False, {"control_keys": [{"key": "A" * 43 + "=", "not_after": 0}]}),
        ("the algorithm", False, {"alg": ""}),
        ("the algorithm, turned to HMAC", False, {"alg": "hmac-sha256"}),
    ):
        paired = mutated_site(hmac=hmac_mode)
        store(paired, **members)
        for alg in ("hmac-sha256", "ed25519"):
            answer = post(paired, with_empty_key(paired, alg))
            attack.repelled(f"{name} empty, {alg}", answer.status >= 400 and paired.ran() == [], (answer.status, answer.body[:200]))
            zeros = with_empty_key(paired, alg).with_header(PREFIX + "Signature", "A" * 86 + "==")
            answer = post(paired, zeros)
            attack.repelled(
                f"{name} empty, {alg}, a signature of zeros",
                answer.status >= 400 and paired.ran() == [],
                (answer.status, answer.body[:200]),
            )
        assert not paired.site.log.exists() or "Fatal" not in paired.site.log.read_text(), name


def test_a_whole_signature_over_an_ordinary_body_is_right(paired_site: Paired) -> None:
    assert post(paired_site, paired_site.here.message("wp.site.health")).status == 200


def test_without_its_layers_an_empty_signature_under_an_empty_key_is_right(mutated_site: Callable[..., Paired]) -> None:
    def obeys(*changes: Swap) -> bool:
        paired = mutated_site(*changes, hmac=True)
        store(paired, hmac_call="", hmac_site="")
        return post(paired, with_empty_key(paired)).status == 200

    layers = (ANY_KEY, A_BROKEN_SEAL_IS_EMPTY, ANY_SIGNER)
    assert obeys(*layers)
    for layer in layers:
        assert not obeys(*(change for change in layers if change != layer)), f"{layer} alone does not stop it"


def test_without_the_sizes_long_and_deep_bodies_are_read(mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site("size")
    long = rfc8785.dumps({**json.loads(paired.here.body("wp.site.health")), "args": {"a": "x" * BIG}})
    assert post(paired, signed(paired, long)).code == "call.args"
    paired = mutated_site("body")
    deep = paired.here.body("control.pause").replace(b'"args":{}', b'"args":{"reason":"x"},"x":' + b'{"a":' * 100 + b"1" + b"}" * 100)
    assert post(paired, signed(paired, deep)).status == 200
