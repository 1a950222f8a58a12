"""Accepted and refused calls, checks 1 to 6 of wire.md section 3: shape, installation, address, ttl, window, algorithm."""

from collections.abc import Callable
from typing import Any

from contract.making.seeds import (
    HMAC,
    HMAC_CALL_KEY,
    HOME,
    INSTALLATION,
    NOW,
    Signed,
    b64,
    jcs,
    kid,
    nonce,
    public,
    sign,
    uuid,
    written,
)

Case = dict[str, Any]
TOOL_CALL = uuid("tool call")


def body(**changes: Any) -> dict[str, Any]:
    bind = {"aud": HOME, "dir": "call", "kid": kid(public("control")), "nonce": nonce("call"), "v": 1}
    bind |= changes.pop("bind", {})
    whole = {"args": {}, "bind": bind, "run_id": uuid("run"), "tool": "wp.site.health"}
    return whole | changes


def call(value: Any = None, **how: Any) -> Signed:
    raw = value if isinstance(value, bytes) else jcs(body() if value is None else value)
    return sign(raw, **({"message_id": TOOL_CALL} | how))


def accepted(name: str, message: Signed, **where: Any) -> Case:
    return {"name": name, "pinned": "paired", "now": NOW, "current_home": HOME, "accept": True} | written(message) | where


def refused(name: str, code: str, message: Signed, **where: Any) -> Case:
    case = accepted(name, message, **where)
    del case["accept"]
    return case | {"refuse": code}


def header(name: str, value: Any) -> Signed:
    message = call()
    full = f"X-WP-Agent-{name}"
    if value is None:
        del message.headers[full]
    else:
        message.headers[full] = value
    return message


def tampered(change: Callable[[Signed], None], message: Signed | None = None) -> Signed:
    message = call() if message is None else message
    change(message)
    return message


def shape_cases() -> list[Case]:
    """Check 1: size, each header once, a string, of its alphabet."""
    cases = []
    names = ("Installation", "ToolCallId", "Timestamp", "TTL", "SignatureAlg", "Signature")
    for name in names:
        good = call().headers[f"X-WP-Agent-{name}"]
        cases += [
            refused(f"a call without the header {name} is refused", "call.shape", header(name, None)),
            refused(f"a call with the header {name} twice is refused", "call.shape", header(name, [good, good])),
            refused(f"a call with two values joined in the header {name} is refused", "call.shape", header(name, f"{good}, {good}")),
            refused(f"a call with an empty header {name} is refused", "call.shape", header(name, "")),
            refused(f"a call with a line feed after the header {name} is refused", "call.shape", header(name, good + "\n")),
            refused(f"a call with 5,000 bytes in the header {name} is refused", "call.shape", header(name, "A" * 5_000)),
        ]
    wrong = {
        "Installation": [INSTALLATION.upper(), INSTALLATION.replace("-", ""), "{" + INSTALLATION + "}", "../../etc/passwd"],
        "ToolCallId": [TOOL_CALL.upper(), TOOL_CALL[:14] + "1" + TOOL_CALL[15:], TOOL_CALL + "\u0000"],
        "Timestamp": ["0790000000", "179000000", "17900000000", "-790000000", "1.79000000", "1790000e10", "+790000000", " 1790000000"],
        "TTL": ["0", "-1", "1e2", "+180", "0180", "180.0", "0x5f", "1234567"],
        "SignatureAlg": ["none", "ED25519", "hmac-sha1", "ed25519ph", "ed25519 "],
    }
    for name, values in wrong.items():
        cases += [refused(f"the {name} {value!r} is refused", "call.shape", header(name, value)) for value in values]
    good = call().headers["X-WP-Agent-Signature"]
    padded = good[:85] + chr(ord(good[85]) + 1) + "=="
    for what, value in {
        "in hex": bytes(64).hex(),
        "in base64url": b64(b"\xff" * 64).replace("/", "_"),
        "cut short": good[:40],
        "with a space inside": good[:10] + " " + good[11:],
        "with padding bits that are not zero": padded,
        "without padding": good.rstrip("="),
    }.items():
        cases.append(refused(f"a signature {what} is refused", "call.shape", header("Signature", value)))
    cases.append(refused("a header that is a number is refused", "call.shape", header("TTL", 180)))
    cases.append(
        refused("a header in two spellings is refused", "call.shape", tampered(lambda m: m.headers.update({"x_wp_agent_ttl": "180"})))
    )
    cases.append(refused("an empty body is refused", "call.shape", call(b"")))
    cases.append(refused("a packed body is refused", "call.shape", tampered(lambda m: m.headers.update({"Content-Encoding": "gzip"}))))
    cases.append(
        refused(
            "a control key that is not base64 is refused",
            "call.shape",
            tampered(lambda m: m.headers.update({"X-WP-Agent-ControlKey": "??"})),
        )
    )
    return cases + size_cases()


def size_cases() -> list[Case]:
    head, tail = b'{"args":{"pad":"', jcs(body())[len('{"args":{') :]
    cases = []
    for size in (1_048_576, 1_048_577):
        times = size - len(head) - len(tail) - 1
        message = call(head + b"x" * times + b'"' + tail)
        message.parts = [head.decode(), {"repeat": "x", "times": times}, '"' + tail.decode()]
        if size == 1_048_576:
            cases.append(accepted("a body of exactly 1 MiB passes", message))
        else:
            cases.append(refused("a body of 1 MiB and one byte is refused", "call.too_large", message))
    return cases


def state_cases() -> list[Case]:
    """Checks 2 to 6: installation, address, ttl, window, algorithm."""
    confirm = body(tool="control.confirm")
    hmac_body = body(bind={"kid": kid(HMAC_CALL_KEY)})
    late = {"site_time": NOW}

    def at(seconds: int) -> Signed:
        return call(timestamp=str(NOW + seconds))

    return [
        accepted("an honest read passes", call()),
        accepted("an honest inventory read passes", call(body(tool="wp.site.inventory"))),
        accepted("an honest pause passes", call(body(tool="control.pause", args={"reason": "caf\u00e9 \u2028 \U0001f600 </script>"}))),
        accepted("an honest read in HMAC mode passes", call(hmac_body, signer=HMAC_CALL_KEY, alg=HMAC), pinned="hmac"),
        accepted("headers in lower case with underscores pass", under(call())),
        accepted(
            "a tool the catalogue does not know passes these checks and is refused after the claim", call(body(tool="wp.site.unheard_of"))
        ),
        accepted(
            "a site on a local host passes over plain HTTP",
            call(body(bind={"aud": "http://127.0.0.1:8080"})),
            pinned="local",
            current_home="http://127.0.0.1:8080",
        ),
        refused("a call for another installation is refused", "call.installation", call(installation=uuid("other installation"))),
        refused("a call to a site that is not paired is refused", "call.installation", call(), pinned="unpaired"),
        refused("a confirmation to a site that is not paired is refused", "call.installation", call(confirm), pinned="unpaired"),
        refused("a call to a revoked installation is refused", "call.revoked", call(), pinned="revoked"),
        refused(
            "a call for another installation to a revoked one is refused as unknown",
            "call.installation",
            call(installation=uuid("other installation")),
            pinned="revoked",
        ),
        refused("a call beyond the limit of its address is refused", "call.rate_address", call(), limit_open=False),
        accepted("a ttl of 300 seconds passes", call(ttl="300")),
        accepted("a ttl of one second passes", call(ttl="1")),
        refused("a ttl of 301 seconds is refused", "call.ttl", call(ttl="301")),
        accepted("a call in its last second passes", at(-180)),
        refused("a call one second after its end is refused", "call.window", at(-181), extra=late),
        accepted("a call 30 seconds ahead of the site's clock passes", at(30)),
        refused("a call 31 seconds ahead of the site's clock is refused", "call.window", at(31), extra=late),
        refused("a call from a clock 10 minutes behind is refused with the site's time", "call.window", at(-600), extra=late),
        refused("a call from a clock 10 minutes ahead is refused with the site's time", "call.window", at(600), extra=late),
        refused(
            "a call is refused when the site's clock jumped back an hour",
            "call.window",
            call(),
            now=NOW - 3600,
            extra={"site_time": NOW - 3600},
        ),
        accepted("a call after the year 2038 passes", call(timestamp=str(2**31 + 10)), now=2**31 + 20),
        refused(
            "an old call is refused after the year 2038",
            "call.window",
            call(timestamp=str(2**31 - 400)),
            now=2**31 + 20,
            extra={"site_time": 2**31 + 20},
        ),
        refused("HMAC on a site that pinned Ed25519 is refused", "call.algorithm", call(signer=HMAC_CALL_KEY, alg=HMAC)),
        refused("HMAC keyed with the public key is refused", "call.algorithm", call(signer=public("control"), alg=HMAC)),
        refused("Ed25519 on a site that pinned HMAC is refused", "call.algorithm", call(hmac_body), pinned="hmac"),
    ]


def under(message: Signed) -> Signed:
    message.headers = {name.lower().replace("-", "_"): [value] for name, value in message.headers.items()}
    return message


def all_cases() -> list[Case]:
    return shape_cases() + state_cases()
