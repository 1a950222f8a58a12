"""Pairing strings, transcripts with their words and proofs, and key rotation."""

import base64
import json
from pathlib import Path
from typing import Any

from contract.making.pins import PINS, SMALL_ORDER_KEY
from contract.making.seeds import CONTROL, ED25519, HMAC, HOME, INSTALLATION, NOW, b64, hkdf, jcs, key, kid, mac, nonce, public, seed, sha

PREFIX = "presswarden-1."
SECRET = seed("pairing secret")[:16]
Case = dict[str, Any]


def fields(**changes: Any) -> dict[str, Any]:
    whole = {"control": CONTROL, "fingerprint": sha(public("control")), "installation": INSTALLATION, "secret": SECRET.hex(), "v": 1}
    return whole | changes


def wrapped(payload: bytes) -> str:
    start = PREFIX + base64.urlsafe_b64encode(payload).decode().rstrip("=")
    return f"{start}.{sha(start.encode())[:8]}"


def text(**changes: Any) -> str:
    return wrapped(jcs(fields(**changes)))


def verifier(secret: bytes) -> bytes:
    return hkdf(secret, b"", "presswarden-pair-1 verifier")


def string_cases() -> list[Case]:
    good = text()
    start, checksum = good.rsplit(".", 1)
    spaced = "\n  " + good[:40] + " \r\n\t" + good[40:] + " \n"
    accepted = {
        "a pairing string": good,
        "a pairing string with white space around and inside": spaced,
        "a local control plane over plain HTTP": text(control="http://localhost:8000"),
    }
    accepted |= {
        f"the control plane {url}": text(control=url)
        for url in ("http://127.9.9.9:1", "http://[::1]:8000", "http://panel.localhost", "https://control.example:8443/base")
    }
    bad: dict[str, tuple[str, str]] = {
        "nothing": ("pairing.format", ""),
        "another product's string": ("pairing.format", "token-" + good),
        "version 2": ("pairing.format", good.replace("presswarden-1", "presswarden-2")),
        "no checksum": ("pairing.format", start),
        "a checksum in capitals": (
            "pairing.format",
            f"{start}.{checksum.upper()}A"[: len(good)] if checksum.isdigit() else f"{start}.{checksum.upper()}",
        ),
        "one letter changed": ("pairing.checksum", good[:30] + ("A" if good[30] != "A" else "B") + good[31:]),
        "one letter missing": ("pairing.checksum", good[:30] + good[31:]),
        "the end cut off": ("pairing.format", good[:-3]),
        "another checksum": ("pairing.checksum", f"{start}.00000000"),
        "a payload that is not JSON": ("pairing.format", wrapped(b"hello")),
        "a payload that is a list": ("pairing.format", wrapped(b"[]")),
        "a key twice": ("pairing.format", wrapped(jcs(fields())[:-1] + b',"v":1}')),
        "an unknown key": ("pairing.format", text(extra=1)),
        "another payload version": ("pairing.format", text(v=2)),
        "a secret that is too short": ("pairing.format", text(secret="00" * 15)),
        "an installation that is no uuid": ("pairing.format", text(installation="1")),
        "a fingerprint that is too short": ("pairing.format", text(fingerprint="ab")),
        "a control plane with a slash at the end": ("pairing.format", text(control=CONTROL + "/")),
        "a control plane with a query": ("pairing.format", text(control=CONTROL + "?a=1")),
        "a control plane with a fragment": ("pairing.format", text(control=CONTROL + "#a")),
        "a control plane with a user": ("pairing.format", text(control="https://user:pass@control.example")),
        "a control plane in capitals": ("pairing.format", text(control="https://CONTROL.example")),
        "a control plane with the default port": ("pairing.format", text(control="https://control.example:443")),
        "a control plane of another scheme": ("pairing.format", text(control="ftp://control.example")),
        "a control plane without a host": ("pairing.format", text(control="https://")),
        "a control plane of 201 bytes": ("pairing.format", text(control="https://control.example/" + "a" * 177)),
        "a control plane with a line feed": ("pairing.format", text(control=CONTROL + "\n")),
        "plain HTTP": ("pairing.insecure", text(control="http://control.example")),
        "plain HTTP to a name that starts like loopback": ("pairing.insecure", text(control="http://127.0.0.1.example")),
        "plain HTTP to a name that ends like localhost": ("pairing.insecure", text(control="http://notlocalhost")),
        "plain HTTP to a short form of loopback": ("pairing.insecure", text(control="http://127.1")),
        "plain HTTP to a private network": ("pairing.insecure", text(control="http://192.168.1.10")),
        "plain HTTP to another IPv6 address": ("pairing.insecure", text(control="http://[::2]")),
    }
    opened = {**fields(), "verifier": verifier(SECRET).hex()}
    cases: list[Case] = []
    for name, value in accepted.items():
        pasted = value
        control = json.loads(base64.urlsafe_b64decode("".join(pasted.split()).split(".")[1] + "=="))["control"]
        cases.append({"name": f"{name} is read", "text": pasted, "accept": opened | {"control": control}})
    return cases + [
        {"name": f"a pairing string with {name} is refused", "text": value, "refuse": code} for name, (code, value) in bad.items()
    ]


def transcript_cases() -> list[Case]:
    words = json.loads((Path(__file__).parent.parent / "words.json").read_text())
    cases = []
    for name, alg, signer, control_key, home in (
        ("Ed25519", ED25519, "site", b64(public("control")), HOME),
        ("Ed25519 on a local site", ED25519, "site-2", b64(public("control-2")), "http://127.0.0.1:8080"),
        ("HMAC", HMAC, None, "", HOME),
    ):
        public_key = b64(public(signer)) if signer else ""
        parts = ("presswarden-pair-1", INSTALLATION, CONTROL, sha(public("control")), home, alg, public_key, nonce(f"pair {name}"))
        joined = "\n".join(parts)
        shared = verifier(SECRET)
        picked = bytes.fromhex(sha(f"presswarden-words-1\n{joined}\n{control_key}".encode()))[:4]
        salt = bytes.fromhex(sha(joined.encode()))
        cases.append(
            {
                "name": f"a transcript in {name} mode",
                "fields": dict(
                    zip(("installation", "control", "fingerprint", "home", "alg", "public_key", "nonce"), parts[1:], strict=True)
                ),
                "control_key": control_key,
                "verifier": shared.hex(),
                "text": joined,
                "mac": mac(shared, joined.encode()).hex(),
                "signature": b64(key(signer).sign(joined.encode()).signature) if signer else "",
                "words": [words[i] for i in picked],
                "hmac_keys": {
                    "call": hkdf(shared, salt, "presswarden-hmac-1 call").hex(),
                    "site": hkdf(shared, salt, "presswarden-hmac-1 site").hex(),
                },
            }
        )
    return cases


def rotation_text(epoch: int, public_key: str) -> bytes:
    return f"presswarden-rotate-1\n{INSTALLATION}\n{epoch}\n{public_key}".encode()


def rotation(epoch: int = 2, name: str = "control-2", signer: str | None = None, **changes: Any) -> dict[str, Any]:
    public_key = b64(public(name))
    whole = {
        "epoch": epoch,
        "public_key": public_key,
        "signature": b64(key(signer or name).sign(rotation_text(epoch, public_key)).signature),
    }
    return whole | changes


def rotation_cases() -> list[Case]:
    small = b64(SMALL_ORDER_KEY)
    bad: dict[str, tuple[str, str, dict[str, Any]]] = {
        "in HMAC mode": ("action.rotation_mode", "hmac", rotation()),
        "of the same epoch": ("action.rotation_epoch", "paired", rotation(1)),
        "that goes back": ("action.rotation_epoch", "paired", rotation(0)),
        "that skips an epoch": ("action.rotation_epoch", "paired", rotation(3)),
        "to a third key": ("action.rotation_third", "rotating", rotation(3, "control-3")),
        "to the key that is pinned": ("action.rotation_key", "paired", rotation(2, "control")),
        "to a key of small order": ("action.rotation_key", "paired", rotation(public_key=small)),
        "to a key that is not canonical": ("action.rotation_key", "paired", rotation(public_key=b64(b"\xff" * 32))),
        "to a key that is too short": ("action.rotation_key", "paired", rotation(public_key=b64(bytes(31) + b"\x01")[:-4])),
        "that the new key did not sign": ("action.rotation_signature", "paired", rotation(signer="attacker")),
        "that only the old key signed": ("action.rotation_signature", "paired", rotation(signer="control")),
        "that was signed for another epoch": ("action.rotation_signature", "paired", rotation(2) | {"signature": rotation(3)["signature"]}),
        "with an empty signature": ("action.rotation_signature", "paired", rotation(signature="")),
    }
    cases: list[Case] = [
        {
            "name": "a rotation to the next epoch is taken",
            "pinned": PINS["paired"],
            "now": NOW,
            "args": rotation(),
            "accept": kid(public("control-2")),
        },
        {
            "name": "a rotation after the overlap is taken",
            "pinned": PINS["rotated"],
            "now": NOW,
            "args": rotation(3, "control-3"),
            "accept": kid(public("control-3")),
        },
    ]
    return cases + [
        {"name": f"a rotation {name} is refused", "pinned": PINS[pin], "now": NOW, "args": args, "refuse": code}
        for name, (code, pin, args) in bad.items()
    ]
