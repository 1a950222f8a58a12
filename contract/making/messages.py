"""What the site signs and what it is told: receipts, heartbeats, waiting receipts, moved, standing orders."""

from typing import Any

from contract.making.pins import PINS
from contract.making.seeds import (
    CONTROL,
    ED25519,
    HMAC,
    HMAC_CALL_KEY,
    HMAC_SITE_KEY,
    HOME,
    INSTALLATION,
    NOW,
    b64,
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

Case = dict[str, Any]
CHECKPOINT = "control.example/org/1\n3\nqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqqo=\n\n\u2014 control.example/org/1 qqqqqg==\n"
INVENTORY = {
    "core": {"timezone": "Europe/Berlin", "version": "7.1.4"},
    "php": {"version": "8.2.7"},
    "plugin:akismet/akismet.php": {"active": True, "version": "5.5"},
    "plugin:hello.php": {"active": False, "name": "Hello \u202e Dolly \U0001f600", "version": "1.7.2"},
    "update:plugin:akismet/akismet.php": {"version": "5.7.2"},
}


def receipt_text(status: int, request: bytes, response: bytes, installation: str = INSTALLATION, call: str = uuid("tool call")) -> bytes:
    return "\n".join(("presswarden-receipt-1", installation, call, str(status), sha(request), sha(response))).encode()


def receipt_cases() -> list[Case]:
    request = jcs({"args": {}, "tool": "wp.site.health"})
    done = jcs({"result": {"ok": True}, "status": "done", "v": 1})
    no = jcs({"code": "call.paused", "says": "This site is paused by its own administrator.", "status": "refused", "v": 1})

    def case(name: str, status: int, response: bytes, **how: Any) -> Case:
        change: Case = how.get("change", {})
        text = receipt_text(status, request, response)
        signer = how.get("signer", "site")
        signature = mac(signer, text) if isinstance(signer, bytes) else key(signer).sign(text).signature
        whole = {
            "name": name,
            "alg": HMAC if isinstance(signer, bytes) else ED25519,
            "key": (HMAC_SITE_KEY if isinstance(signer, bytes) else public("site")).hex(),
            "installation": INSTALLATION,
            "tool_call_id": uuid("tool call"),
            "status": status,
            "request": request.decode(),
            "response": response.decode(),
            "text": text.decode(),
            "signature": b64(signature),
            "valid": True,
        }
        return whole | change

    def wrong(name: str, signer: str | bytes = "site", **change: Any) -> Case:
        value = case(name, 200, done, signer=signer, change=change | {"valid": False})
        value["text"] = receipt_text(
            value["status"], value["request"].encode(), value["response"].encode(), value["installation"], value["tool_call_id"]
        ).decode()
        return value

    return [
        case("a receipt of an outcome is right", 200, done),
        case("a receipt of a refusal is right", 423, no),
        case("a receipt in HMAC mode is right", 200, done, signer=HMAC_SITE_KEY),
        wrong("a receipt with another status is refused", status=500),
        wrong("a receipt for another request is refused", request="{}"),
        wrong("a receipt over another answer is refused", response=no.decode()),
        wrong("a receipt for another call is refused", tool_call_id=uuid("other")),
        wrong("a receipt of another installation is refused", installation=uuid("other")),
        wrong("a receipt signed by the control key is refused", signer="control"),
        wrong("a receipt signed with the call key is refused in HMAC mode", signer=HMAC_CALL_KEY),
        wrong("an empty receipt is refused", signature=""),
    ]


def beat(**changes: Any) -> dict[str, Any]:
    bind = {"aud": CONTROL, "dir": "heartbeat", "kid": kid(public("site")), "nonce": nonce("beat"), "v": 1} | changes.pop("bind", {})
    whole = {
        "bind": bind,
        "checkpoint": CHECKPOINT,
        "connector": "0.1.0",
        "epoch": 1,
        "fence": 7,
        "home": HOME,
        "inventory_hash": sha(jcs(INVENTORY)),
        "paused": "",
        "refusals": {"call.signature": 3},
        "repair": "",
        "seq": 42,
        "sent_at": NOW,
        "v": 1,
    }
    return whole | changes


def heartbeat_cases() -> list[Case]:
    """Judged against a control plane that pinned `site`, saw seq 41 and holds the nonce `seen`."""
    known = {
        "installation": INSTALLATION,
        "alg": ED25519,
        "keys": [public("site").hex()],
        "home": HOME,
        "control": CONTROL,
        "seq": 41,
        "nonces": [nonce("seen")],
        "epoch": 1,
    }
    delta = {"base": sha(b"{}"), "set": INVENTORY, "unset": []}

    def case(name: str, value: Any, code: str = "", **how: Any) -> Case:
        raw = value if isinstance(value, bytes) else jcs(value)
        outcome = {"refuse": code} if code else {"accept": True}
        return (
            {"name": name, "known": known, "now": NOW}
            | written(sign(raw, **({"message_id": uuid("beat"), "signer": "site"} | how)))
            | outcome
        )

    return [
        case("a heartbeat passes", beat()),
        case("a heartbeat with the whole inventory passes", beat(inventory=INVENTORY)),
        case("a heartbeat with a delta passes", beat(delta=delta)),
        case("a heartbeat that skips numbers passes", beat(seq=90)),
        case("a heartbeat with both inventory and delta is refused", beat(inventory=INVENTORY, delta=delta), "request.malformed"),
        case("a heartbeat with an unknown key is refused", beat(extra=1), "request.malformed"),
        case("a heartbeat without its number is refused", {k: v for k, v in beat().items() if k != "seq"}, "request.malformed"),
        case("a heartbeat that is not JSON is refused", b"hello", "request.malformed"),
        case("a heartbeat with a key twice is refused", jcs(beat())[:-1] + b',"v":1}', "request.malformed"),
        case("a heartbeat of another installation is refused", beat(), "ingest.installation", installation=uuid("other")),
        case("a heartbeat out of its window is refused", beat(), "ingest.window", timestamp=str(NOW - 600)),
        case("a heartbeat under HMAC is refused", beat(), "ingest.algorithm", signer=HMAC_SITE_KEY, alg=HMAC),
        case("a heartbeat signed by another key is refused", beat(), "ingest.signature", signer="attacker"),
        case("a heartbeat signed by the control key is refused", beat(), "ingest.signature", signer="control"),
        case("a heartbeat with a nonce seen before is refused", beat(bind={"nonce": nonce("seen")}), "ingest.replay"),
        case("a heartbeat with the same number again is refused", beat(seq=41), "ingest.sequence"),
        case("a heartbeat whose number goes back is refused", beat(seq=7), "ingest.sequence"),
        case("a heartbeat for another control plane is refused", beat(bind={"aud": "https://other.example"}), "ingest.bind"),
        case("a call's direction is refused as a heartbeat", beat(bind={"dir": "call"}), "ingest.bind"),
        case("a heartbeat that names another key is refused", beat(bind={"kid": kid(public("control"))}), "ingest.bind"),
        case("a heartbeat from another home is refused", beat(home="https://staging.example/blog"), "ingest.home"),
    ]


def sent_cases() -> list[Case]:
    """Bodies a site builds by itself; PHP must write the same bytes from the same fields."""

    def bind(direction: str) -> dict[str, Any]:
        return {"aud": CONTROL, "dir": direction, "kid": kid(public("site")), "nonce": nonce(direction), "v": 1}

    stored = {
        "body": '{"result":{},"status":"done","v":1}',
        "seq": 43,
        "signature": b64(bytes(64)),
        "status": 200,
        "tool_call_id": uuid("tool call"),
    }
    moved = {"home": "https://new.example", "old_home": HOME, "seq": 44}
    values = {
        "heartbeat": beat(inventory=INVENTORY),
        "receipt": {"bind": bind("receipt"), "v": 1} | stored,
        "moved": {"bind": bind("moved"), "v": 1} | moved,
    }
    return [
        {"name": f"the {kind} a site sends", "kind": kind, "fields": value, "text": jcs(value).decode()} for kind, value in values.items()
    ]


def order(**changes: Any) -> dict[str, Any]:
    whole = {
        "aud": HOME,
        "checkpoint": CHECKPOINT,
        "dir": "order",
        "epoch": 1,
        "expires": NOW + 900,
        "installation": INSTALLATION,
        "kid": kid(public("control")),
        "paused": False,
        "revoked": False,
        "seq": 12,
        "v": 1,
    }
    return whole | changes


def order_cases() -> list[Case]:
    def case(name: str, value: Any, code: str = "", pinned: str = "paired", signer: str | bytes = "control", **change: Any) -> Case:
        raw = value if isinstance(value, bytes) else jcs(value)
        text = f"presswarden-order-1\n{change.pop('over', INSTALLATION)}\n{sha(raw)}".encode()
        signature = mac(signer, text) if isinstance(signer, bytes) else key(signer).sign(text).signature
        outcome = {"refuse": code} if code else {"accept": True}
        whole = {"name": name, "pinned": PINS[pinned], "now": NOW, "highest_seq": 11, "text": raw.decode(), "signature": b64(signature)}
        return whole | outcome | change

    second = {"kid": kid(public("control-2"))}
    raw = jcs(order())
    return [
        case("a standing order is taken", order()),
        case("a standing order that pauses is taken", order(paused=True)),
        case("a standing order that revokes is taken", order(revoked=True)),
        case("the first standing order is taken", order(seq=1), highest_seq=0),
        case("a standing order in HMAC mode is taken", order(kid=kid(HMAC_CALL_KEY)), pinned="hmac", signer=HMAC_CALL_KEY),
        case("a standing order of the new key is taken", order(epoch=2, **second), pinned="rotating", signer="control-2"),
        case("a standing order that lives 930 seconds is taken", order(expires=NOW + 930)),
        case("a standing order that lives 931 seconds is refused", order(expires=NOW + 931), "order.time"),
        case("an expired standing order is refused", order(expires=NOW), "order.time"),
        case("the same standing order again is refused", order(seq=11), "order.sequence"),
        case("an older standing order is refused", order(seq=3), "order.sequence"),
        case(
            "a standing order from before a rotation is refused",
            order(epoch=1, **second),
            "order.epoch",
            pinned="rotating",
            signer="control-2",
        ),
        case("a standing order of an expired key is refused", order(), "order.signature", pinned="rotated"),
        case("a standing order for another site is refused", order(aud="https://other.example"), "order.bind"),
        case("a standing order for another installation is refused", order(installation=uuid("other")), "order.bind"),
        case("a standing order signed for another installation is refused", order(), "order.signature", over=uuid("other")),
        case("a standing order that names another key is refused", order(**second), "order.bind"),
        case("a standing order of another direction is refused", order(dir="call"), "order.bind"),
        case("a standing order of another version is refused", order(v=2), "order.bind"),
        case("a standing order of another signer is refused", order(), "order.signature", signer="attacker"),
        case("a standing order signed by the site itself is refused", order(), "order.signature", signer="site"),
        case(
            "a standing order signed with the site's HMAC key is refused",
            order(kid=kid(HMAC_CALL_KEY)),
            "order.signature",
            pinned="hmac",
            signer=HMAC_SITE_KEY,
        ),
        case("a standing order with an empty signature is refused", order(), "order.signature", signature=""),
        case(
            "a standing order changed after signing is refused",
            order(),
            "order.signature",
            text=raw.replace(b'"paused":false', b'"paused":true').decode(),
        ),
        case("a standing order with an unknown key is refused", order(extra=1), "order.shape"),
        case("a standing order without its end is refused", {k: v for k, v in order().items() if k != "expires"}, "order.shape"),
        case("a standing order with a key twice is refused", raw[:-1] + b',"paused":true}', "order.shape"),
        case("a standing order with a flag as a number is refused", order(paused=0), "order.shape"),
        case("a standing order that is too long is refused", order(checkpoint="x" * 17_000), "order.shape"),
    ]


def inventory_cases() -> list[Case]:
    newer = {name: facts for name, facts in INVENTORY.items() if name != "plugin:hello.php"}
    newer |= {"plugin:akismet/akismet.php": {"active": True, "version": "5.7.2"}, "theme:twentytwentyfive": {"version": "1.5"}}
    changed = {k: newer[k] for k in ("plugin:akismet/akismet.php", "theme:twentytwentyfive")}

    def case(name: str, old: dict[str, Any], new: dict[str, Any], put: dict[str, Any], gone: list[str]) -> Case:
        delta = {"base": sha(jcs(old)), "set": put, "unset": gone}
        return {"name": name, "older": old, "newer": new, "hash": sha(jcs(new)), "delta": delta}

    return [
        case("an updated, an added and a removed component are a delta", INVENTORY, newer, changed, ["plugin:hello.php"]),
        case("nothing changed is an empty delta", INVENTORY, INVENTORY, {}, []),
        case("a first inventory is a delta from nothing", {}, INVENTORY, INVENTORY, []),
    ]
