"""Calls that belong to a plan: check 10 of wire.md section 3, accepted and refused.

The tools named here need not exist in a connector yet: each case says which class its tool has, so that the rule
"whatever changes a site comes as a leaf" is tried before the first such tool is built.
"""

import hashlib
from typing import Any

from contract.making.calls import Case, accepted, call, refused
from contract.making.calls import body as read_body
from contract.making.seeds import CONTROL, HOME, NOW, Signed, jcs, kid, nonce, public, sha, sign, uuid

CLASSES = {"wp.change.close": "recover", "wp.plugin.update": "change", "wp.site.health": "read", "wp.snapshot.create": "prepare"}
DAY = 86_400
SIZE = 5
INDEX = 3


def leaf_hash(text: bytes) -> bytes:
    return hashlib.sha256(b"\x00" + text).digest()


def root_of(hashes: list[bytes]) -> bytes:
    if len(hashes) == 1:
        return hashes[0]
    split = 1 << (len(hashes) - 1).bit_length() - 1
    return hashlib.sha256(b"\x01" + root_of(hashes[:split]) + root_of(hashes[split:])).digest()


def path_of(index: int, hashes: list[bytes]) -> list[bytes]:
    if len(hashes) == 1:
        return []
    split = 1 << (len(hashes) - 1).bit_length() - 1
    if index < split:
        return [*path_of(index, hashes[:split]), root_of(hashes[split:])]
    return [*path_of(index - split, hashes[split:]), root_of(hashes[:split])]


def header(size: int = SIZE, **changes: Any) -> dict[str, Any]:
    whole = {
        "actions": size - 1,
        "approvals": 1,
        "level": "medium",
        "not_after": NOW + DAY,
        "not_before": NOW - 60,
        "org": uuid("organisation"),
        "plan": uuid("plan"),
        "v": 1,
    }
    return whole | changes


def leaf(index: int = INDEX, **changes: Any) -> dict[str, Any]:
    whole = {
        "args": {"plugin": "akismet/akismet.php", "version": "5.7.2"},
        "aud": HOME,
        "before": {"version": "5.5"},
        "not_after": NOW + DAY,
        "not_before": NOW - 60,
        "package": sha(b"package"),
        "plan": uuid("plan"),
        "tool": "wp.plugin.update",
        "tool_call_id": uuid(f"action {index}"),
        "v": 1,
    }
    return whole | changes


def planned(
    size: int = SIZE,
    index: int = INDEX,
    top: Any = None,
    own: Any = None,
    outer: dict[str, Any] | None = None,
    bind: dict[str, Any] | None = None,
) -> dict[str, Any]:
    """The body of one planned call; `top` and `own` replace the header's and the leaf's text, `outer` members of the body."""
    top_text = jcs(header(size) if top is None else top) if not isinstance(top, bytes) else top
    own_text = jcs(leaf(index) if own is None else own) if not isinstance(own, bytes) else own
    texts = [top_text, *(jcs(leaf(i)) for i in range(1, size))]
    texts[index] = own_text
    hashes = [leaf_hash(text) for text in texts]
    whole = {
        "bind": {"aud": HOME, "dir": "call", "fence": 7, "kid": kid(public("control")), "nonce": nonce("plan"), "v": 1} | (bind or {}),
        "header": top_text.decode(),
        "header_proof": [h.hex() for h in path_of(0, hashes)],
        "index": index,
        "leaf": own_text.decode(),
        "proof": [h.hex() for h in path_of(index, hashes)],
        "run_id": uuid("run"),
        "size": size,
        "tool": "wp.plugin.update",
    }
    return whole | (outer or {})


def send(value: dict[str, Any], index: int = INDEX) -> Signed:
    return call(value, message_id=uuid(f"action {index}"))


def good(name: str, value: dict[str, Any], index: int = INDEX, **where: Any) -> Case:
    return accepted(name, send(value, index), classes=CLASSES, **where)


def bad(name: str, value: dict[str, Any], code: str = "call.plan", **where: Any) -> Case:
    return refused(name, code, send(value), classes=CLASSES, **where)


def accepted_cases() -> list[Case]:
    cases = [
        good(f"leaf {i} of a plan of {size - 1} actions passes", planned(size, i), i)
        for size, i in ((2, 1), (3, 2), (5, 3), (8, 7), (43, 42))
    ]
    return [
        *cases,
        good("a leaf without a package passes", planned(own=leaf(package=""))),
        good("a fence equal to the highest seen passes", planned(bind={"fence": 7})),
        good("a higher fence passes", planned(bind={"fence": 8})),
        good("the first fence passes on a site that saw none", planned(bind={"fence": 1}), pinned="no_fence"),
        good("a plan of exactly seven days passes", planned(top=header(not_before=NOW - 60, not_after=NOW - 60 + 604_800))),
        good("a leaf passes in its first second", planned(own=leaf(not_before=NOW))),
        good("a leaf passes in its last second", planned(own=leaf(not_after=NOW))),
        good(
            "a tool the catalogue does not know passes with its leaf and is refused after the claim",
            planned(own=leaf(tool="wp.site.unheard_of"), outer={"tool": "wp.site.unheard_of"}),
        ),
    ]


def form_cases() -> list[Case]:
    health = planned(own=leaf(tool="wp.site.health", args={}), outer={"tool": "wp.site.health"})
    closing = planned(own=leaf(tool="wp.change.close", args={}, before={}, package=""), outer={"tool": "wp.change.close"})
    snapshot = planned(own=leaf(tool="wp.snapshot.create", args={}), outer={"tool": "wp.snapshot.create"})
    change = read_body(tool="wp.plugin.update", args=leaf()["args"])
    return [
        bad("a read that comes as a leaf is refused", health),
        accepted("what prepares comes without a leaf", call(read_body(tool="wp.snapshot.create")), classes=CLASSES),
        bad("what prepares is refused as a leaf", snapshot),
        good("what recovers comes as a leaf", closing),
        refused("what recovers is refused without a leaf", "call.plan", call(read_body(tool="wp.change.close")), classes=CLASSES),
        refused("a change that comes without a leaf is refused", "call.plan", call(change), classes=CLASSES),
        bad(
            "a control tool that comes as a leaf is refused",
            planned(own=leaf(tool="control.revoke", args={"reason": ""}), outer={"tool": "control.revoke"}),
        ),
    ]


def text_cases() -> list[Case]:
    top, own = jcs(header()), jcs(leaf())
    headers: dict[str, Any] = {
        "of another version": header(v=2),
        "without an organisation": {k: v for k, v in header().items() if k != "org"},
        "with an unknown key": header(extra=1),
        "with an unknown level": header(level="none"),
        "with a level of another type": header(level=1),
        "with approvals below zero": header(approvals=-1),
        "that counts more actions than the tree": header(actions=SIZE),
        "that counts fewer actions than the tree": header(actions=SIZE - 2),
        "with a plan id that is no uuid": header(plan="plan"),
        "with a key twice": top[:-1] + b',"level":"low"}',
        "that is a list": b"[]",
        "with a byte order mark": b"\xef\xbb\xbf" + top,
        "with a float": top.replace(b'"approvals":1', b'"approvals":1.0'),
    }
    leaves: dict[str, Any] = {
        "of another version": leaf(v=0),
        "without before": {k: v for k, v in leaf().items() if k != "before"},
        "with an unknown key": leaf(extra=1),
        "with a key twice": own[:-1] + b',"tool":"wp.plugin.delete"}',
        "with args as a list": leaf(args=[]),
        "with a package that is no hash": leaf(package="latest"),
        "that is no JSON": b"{",
        "nested too deep": leaf(args={"a": nested(33)}),
    }
    return [bad(f"a plan header {what} is refused", planned(top=value)) for what, value in headers.items()] + [
        bad(f"a leaf {what} is refused", planned(own=value)) for what, value in leaves.items()
    ]


def nested(levels: int) -> dict[str, Any]:
    value: dict[str, Any] = {}
    for _ in range(levels):
        value = {"a": value}
    return value


def proof_cases() -> list[Case]:
    honest = planned()
    proof, top_proof = honest["proof"], honest["header_proof"]
    flipped = [("0" if proof[0][0] != "0" else "1") + proof[0][1:], *proof[1:]]
    other = planned(own=leaf(args={"plugin": "evil/evil.php", "version": "1"}))
    outer: dict[str, dict[str, Any]] = {
        "another leaf under the same proof": {"leaf": other["leaf"]},
        "a leaf with one space more": {"leaf": honest["leaf"].replace(":", ": ", 1)},
        "another header under the same proof": {"header": jcs(header(approvals=0)).decode()},
        "a proof with a bit changed": {"proof": flipped},
        "a proof cut short": {"proof": proof[:-1]},
        "a proof with one hash more": {"proof": [*proof, "00" * 32]},
        "an empty proof": {"proof": []},
        "a proof in another order": {"proof": proof[::-1]},
        "the header's proof for the leaf": {"proof": top_proof},
        "a header proof from another plan": {
            "header_proof": planned(top=header(plan=uuid("other")), own=leaf(plan=uuid("other")), size=4, index=1)["header_proof"]
        },
        "another index": {"index": INDEX - 1},
        "index 0": {"index": 0},
        "the header as its own leaf": {"index": 0, "leaf": honest["header"], "proof": top_proof},
        "a negative index": {"index": -1},
        "an index equal to the size": {"index": SIZE},
        "another size": {"size": SIZE + 1},
        "a size of zero": {"size": 0},
        "a size beyond 100,000": {"size": 100_001},
        "18 hashes": {"proof": ["00" * 32] * 18},
        "a hash that is too short": {"proof": ["00" * 31, *proof[1:]]},
        "a hash in capitals": {"proof": [proof[0].upper().replace("0", "A"), *proof[1:]]},
        "a hash that is a number": {"proof": [1, *proof[1:]]},
    }
    return [bad(f"a plan with {what} is refused", honest | change) for what, change in outer.items()] + [
        bad("a leaf of a tree of one is refused", planned() | {"size": 1, "index": 0, "proof": [], "header_proof": []}),
        bad(
            "a fence that is missing is refused",
            planned() | {"bind": {k: v for k, v in planned()["bind"].items() if k != "fence"}},
            "call.body",
        ),
        bad("an index as text is refused", planned() | {"index": "3"}, "call.body"),
        bad("a proof as text is refused", planned() | {"proof": "".join(proof)}, "call.body"),
        bad("a leaf as an object is refused", planned() | {"leaf": leaf()}, "call.body"),
        bad("a planned call without its header is refused", {k: v for k, v in planned().items() if k != "header"}, "call.body"),
        bad("a planned call with args beside the leaf is refused", planned() | {"args": {}}, "call.body"),
        bad("a planned call with a consent is refused in this version", planned() | {"consent": []}, "call.shape"),
    ]


def id_and_time_cases() -> list[Case]:
    return [
        bad("a leaf of another plan is refused", planned(own=leaf(plan=uuid("other")))),
        bad("a leaf for another tool than the outer one is refused", planned(outer={"tool": "wp.theme.update"})),
        bad("a leaf for another call id than the outer one is refused", planned(own=leaf(tool_call_id=uuid("other")))),
        bad("a leaf for another site is refused", planned(own=leaf(aud="https://other.example"))),
        bad("a leaf for the control plane is refused", planned(own=leaf(aud=CONTROL))),
        bad("a leaf before its time is refused", planned(own=leaf(not_before=NOW + 1)), "call.plan_time"),
        bad("a leaf after its time is refused", planned(own=leaf(not_after=NOW - 1)), "call.plan_time"),
        bad("a leaf that outlives its plan is refused", planned(own=leaf(not_after=NOW + DAY + 1)), "call.plan_time"),
        bad("a leaf that begins before its plan is refused", planned(own=leaf(not_before=NOW - 61)), "call.plan_time"),
        bad(
            "a plan of seven days and a second is refused",
            planned(top=header(not_before=NOW - 60, not_after=NOW - 59 + 604_800)),
            "call.plan_time",
        ),
        bad("a plan that ended is refused", planned(top=header(not_after=NOW - 1), own=leaf(not_after=NOW - 1)), "call.plan_time"),
        bad("a plan that ends before it begins is refused", planned(top=header(not_before=NOW, not_after=NOW - 1)), "call.plan_time"),
        bad("a fence below the highest seen is refused", planned(bind={"fence": 6}), "call.fence"),
        bad("a fence of zero is refused", planned(bind={"fence": 0}), "call.fence", pinned="no_fence"),
        bad("a negative fence is refused", planned(bind={"fence": -1}), "call.fence", pinned="no_fence"),
        bad("a plan under another key's signature is refused", planned(), "call.signature") | forged(),
    ]


def forged() -> dict[str, Any]:
    message = sign(jcs(planned()), message_id=uuid("action 3"), signer="attacker")
    return {"headers": message.headers}


def all_cases() -> list[Case]:
    return accepted_cases() + form_cases() + text_cases() + proof_cases() + id_and_time_cases()
