"""Calls whose signature is wrong, and the first signed call of a pairing: check 7 of wire.md section 3."""

from contract.making.calls import TOOL_CALL, Case, accepted, body, call, header, refused, tampered
from contract.making.pins import SMALL_ORDER_KEY
from contract.making.seeds import (
    HMAC,
    HMAC_CALL_KEY,
    HMAC_SITE_KEY,
    INSTALLATION,
    NOW,
    Signed,
    b64,
    canonical,
    key,
    kid,
    mac,
    public,
    sha,
    uuid,
)

GROUP_ORDER = 2**252 + 27742317777372353535851937790883648493


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
        refused(
            "a signature with R that is not canonical is refused", "call.signature", signed_as(b"\xff" * 31 + b"\x7f" + signature[32:])
        ),
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
        accepted(
            "the new key passes while two are valid",
            call(body(bind={"kid": kid(public("control-2"))}), signer="control-2"),
            pinned="rotating",
        ),
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
        refused(
            "a confirmation with another key is refused",
            "call.signature",
            with_key(public("attacker"), call(attacker, signer="attacker")),
            pinned="confirming",
        ),
        refused(
            "a confirmation signed by another key is refused",
            "call.signature",
            with_key(public("control"), call(confirm, signer="attacker")),
            pinned="confirming",
        ),
        refused("a confirmation with a key of small order is refused", "call.signature", small, pinned="confirming_small_order"),
        refused("a read before the confirmation is refused", "call.installation", with_key(public("control"), call()), pinned="confirming"),
        refused(
            "a key brought to a paired site is not believed",
            "call.signature",
            with_key(public("attacker"), call(attacker, signer="attacker")),
        ),
    ]


def all_cases() -> list[Case]:
    return signature_cases() + confirm_cases()
