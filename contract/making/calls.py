"""Accepted and refused calls, checks 1 to 9 of wire.md section 3 (check 10 is in plans.py)."""

from collections.abc import Callable
from typing import Any

from contract.making.pins import SMALL_ORDER_KEY
from contract.making.seeds import (
    HMAC,
    HMAC_CALL_KEY,
    HMAC_SITE_KEY,
    HOME,
    INSTALLATION,
    NOW,
    Signed,
    b64,
    canonical,
    jcs,
    key,
    kid,
    mac,
    nonce,
    public,
    sha,
    sign,
    uuid,
    written,
)

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493
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
    cases.append(refused("a header in two spellings is refused", "call.shape", tampered(lambda m: m.headers.update({"x_wp_agent_ttl": "180"}))))
    cases.append(refused("an empty body is refused", "call.shape", call(b"")))
    cases.append(refused("a packed body is refused", "call.shape", tampered(lambda m: m.headers.update({"Content-Encoding": "gzip"}))))
    cases.append(refused("a control key that is not base64 is refused", "call.shape", tampered(lambda m: m.headers.update({"X-WP-Agent-ControlKey": "??"}))))
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
    at = lambda seconds: call(timestamp=str(NOW + seconds))  # noqa: E731
    late = {"site_time": NOW}
    return [
        accepted("an honest read passes", call()),
        accepted("an honest inventory read passes", call(body(tool="wp.site.inventory"))),
        accepted("an honest pause passes", call(body(tool="control.pause", args={"reason": "caf\u00e9 \u2028 \U0001f600 </script>"}))),
        accepted("an honest read in HMAC mode passes", call(hmac_body, signer=HMAC_CALL_KEY, alg=HMAC), pinned="hmac"),
        accepted("headers in lower case with underscores pass", under(call())),
        accepted("a tool the catalogue does not know passes these checks and is refused after the claim", call(body(tool="wp.site.unheard_of"))),
        accepted("a site on a local host passes over plain HTTP", call(body(bind={"aud": "http://127.0.0.1:8080"})), pinned="local", current_home="http://127.0.0.1:8080"),
        refused("a call for another installation is refused", "call.installation", call(installation=uuid("other installation"))),
        refused("a call to a site that is not paired is refused", "call.installation", call(), pinned="unpaired"),
        refused("a confirmation to a site that is not paired is refused", "call.installation", call(confirm), pinned="unpaired"),
        refused("a call to a revoked installation is refused", "call.revoked", call(), pinned="revoked"),
        refused("a call for another installation to a revoked one is refused as unknown", "call.installation", call(installation=uuid("other installation")), pinned="revoked"),
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
        refused("a call is refused when the site's clock jumped back an hour", "call.window", call(), now=NOW - 3600, extra={"site_time": NOW - 3600}),
        accepted("a call after the year 2038 passes", call(timestamp=str(2**31 + 10)), now=2**31 + 20),
        refused("an old call is refused after the year 2038", "call.window", call(timestamp=str(2**31 - 400)), now=2**31 + 20, extra={"site_time": 2**31 + 20}),
        refused("HMAC on a site that pinned Ed25519 is refused", "call.algorithm", call(signer=HMAC_CALL_KEY, alg=HMAC)),
        refused("HMAC keyed with the public key is refused", "call.algorithm", call(signer=public("control"), alg=HMAC)),
        refused("Ed25519 on a site that pinned HMAC is refused", "call.algorithm", call(hmac_body), pinned="hmac"),
    ]


def under(message: Signed) -> Signed:
    message.headers = {name.lower().replace("-", "_"): [value] for name, value in message.headers.items()}
    return message


def signature_cases() -> list[Case]:
    """Check 7: only a pinned, live key over exactly these bytes."""
    honest = call()
    raw = honest.body
    signature = key("control").sign(canonical(INSTALLATION, TOOL_CALL, str(NOW), "180", raw)).signature
    s_plus_l = signature[:32] + (int.from_bytes(signature[32:], "little") + GROUP_ORDER).to_bytes(32, "little")

    def signed_as(value: bytes) -> Signed:
        return header("Signature", b64(value))

    def over(text: bytes) -> Signed:
        return signed_as(key("control").sign(text).signature)

    def with_body(new: bytes) -> Signed:
        return tampered(lambda m: setattr(m, "body", new))

    text = canonical(INSTALLATION, TOOL_CALL, str(NOW), "180", raw)
    receipt = "\n".join(("presswarden-receipt-1", INSTALLATION, TOOL_CALL, "200", sha(raw), sha(b"{}"))).encode()
    order = f"presswarden-order-1\n{INSTALLATION}\n{sha(raw)}".encode()
    reordered = b'{"tool":"wp.site.health",' + raw[1:].replace(b',"tool":"wp.site.health"', b"")
    cases = [
        refused("another tool call id under the same signature is refused", "call.signature", header("ToolCallId", uuid("another"))),
        refused("another timestamp under the same signature is refused", "call.signature", header("Timestamp", str(NOW + 1))),
        refused("another ttl under the same signature is refused", "call.signature", header("TTL", "181")),
        refused("a digit moved from timestamp to ttl is refused", "call.signature", header("TTL", "18")),
        refused("an attacker's key is refused", "call.signature", call(signer="attacker")),
        refused("the site's own key is refused as a caller", "call.signature", call(signer="site")),
        refused("S plus the group order is refused", "call.signature", signed_as(s_plus_l)),
        refused("a signature of zeros is refused", "call.signature", signed_as(bytes(64))),
        refused("a signature with R of small order is refused", "call.signature", signed_as(SMALL_ORDER_KEY + signature[32:])),
        refused("a signature with R that is not canonical is refused", "call.signature", signed_as(b"\xff" * 31 + b"\x7f" + signature[32:])),
        refused("an HMAC-sized signature is refused under Ed25519", "call.signature", signed_as(mac(HMAC_CALL_KEY, text))),
        refused("a signature over the body alone is refused", "call.signature", over(raw)),
        refused("a signature with a final line feed is refused", "call.signature", over(text + b"\n")),
        refused("a receipt's signature is refused as a call's", "call.signature", over(receipt)),
        refused("a standing order's signature is refused as a call's", "call.signature", over(order)),
        refused("re-serialised JSON is refused", "call.signature", with_body(raw.replace(b'":', b'": '))),
        refused("another key order is refused", "call.signature", with_body(reordered)),
        refused("an empty object turned into a list is refused", "call.signature", with_body(raw.replace(b'"args":{}', b'"args":[]'))),
        refused("an argument added after signing is refused", "call.signature", with_body(raw.replace(b'"args":{}', b'"args":{"a":1}'))),
        refused("a byte order mark added after signing is refused", "call.signature", with_body(b"\xef\xbb\xbf" + raw)),
        refused("a line feed added after signing is refused", "call.signature", with_body(raw + b"\n")),
        refused("a byte cut off after signing is refused", "call.signature", with_body(raw[:-1])),
        accepted("the new key passes while two are valid", call(body(bind={"kid": kid(public("control-2"))}), signer="control-2"), pinned="rotating"),
        accepted("the old key passes while two are valid", call(), pinned="rotating"),
        refused("the old key is refused after the overlap", "call.signature", call(), pinned="rotated"),
        refused("a third key is refused while two are valid", "call.signature", call(signer="control-3"), pinned="rotating"),
        refused("the site's HMAC key is refused as a caller's", "call.signature", hmac_call(HMAC_SITE_KEY), pinned="hmac"),
        refused("an empty HMAC key is refused", "call.signature", hmac_call(b""), pinned="hmac"),
        refused("an HMAC key of zeros is refused", "call.signature", hmac_call(bytes(32)), pinned="hmac"),
        refused("an Ed25519-sized signature is refused under HMAC", "call.signature", call(alg=HMAC), pinned="hmac"),
    ]
    for bit in (0, 7, 255, 256, 480, 511):
        flipped = bytearray(signature)
        flipped[bit // 8] ^= 1 << bit % 8
        cases.append(refused(f"a signature with bit {bit} flipped is refused", "call.signature", signed_as(bytes(flipped))))
    for index in range(0, len(raw), max(1, len(raw) // 12)):
        changed = bytearray(raw)
        changed[index] ^= 1
        cases.append(refused(f"a body with byte {index} changed is refused", "call.signature", with_body(bytes(changed))))
    return cases


def hmac_call(signer: bytes) -> Signed:
    return call(body(bind={"kid": kid(HMAC_CALL_KEY)}), signer=signer, alg=HMAC)


def confirm_cases() -> list[Case]:
    """The first signed call: the only one before a pairing is confirmed."""
    confirm = body(tool="control.confirm")

    def with_key(raw: bytes, message: Signed) -> Signed:
        return tampered(lambda m: m.headers.update({"X-WP-Agent-ControlKey": b64(raw)}), message)

    forged = b"\x01" + bytes(63)
    small = with_key(SMALL_ORDER_KEY, call(body(tool="control.confirm", bind={"kid": kid(SMALL_ORDER_KEY)})))
    small.headers["X-WP-Agent-Signature"] = b64(forged)
    hmac_confirm = call(body(tool="control.confirm", bind={"kid": kid(HMAC_CALL_KEY)}), signer=HMAC_CALL_KEY, alg=HMAC)
    attacker = body(tool="control.confirm", bind={"kid": kid(public("attacker"))})
    return [
        accepted("the confirmation with the fingerprinted key passes", with_key(public("control"), call(confirm)), pinned="confirming"),
        accepted("the confirmation in HMAC mode passes without a key", hmac_confirm, pinned="confirming_hmac"),
        accepted("the confirmation sent again to a paired site passes these checks", with_key(public("control"), call(confirm))),
        refused("a confirmation without the key is refused", "call.signature", call(confirm), pinned="confirming"),
        refused("a confirmation with another key is refused", "call.signature", with_key(public("attacker"), call(attacker, signer="attacker")), pinned="confirming"),
        refused("a confirmation signed by another key is refused", "call.signature", with_key(public("control"), call(confirm, signer="attacker")), pinned="confirming"),
        refused("a confirmation with a key of small order is refused", "call.signature", small, pinned="confirming_small_order"),
        refused("a read before the confirmation is refused", "call.installation", with_key(public("control"), call()), pinned="confirming"),
        refused("a key brought to a paired site is not believed", "call.signature", with_key(public("attacker"), call(attacker, signer="attacker"))),
    ]


def all_cases() -> list[Case]:
    return shape_cases() + state_cases() + signature_cases() + confirm_cases()

