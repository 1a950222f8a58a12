"""Calls whose signature is right and whose body or binding is not: checks 8 and 9 of wire.md section 3."""

from typing import Any

from contract.making.calls import Case, accepted, body, call, refused
from contract.making.seeds import HOME, jcs, kid, nonce, public, uuid

NEW_HOME = "https://new.example"


def nested(levels: int) -> dict[str, Any]:
    """A body nested exactly so deep; the body and args are the first two levels."""
    value: Any = {}
    for _ in range(levels - 2):
        value = {"a": value}
    return body(args=value)


def without(*path: str) -> dict[str, Any]:
    value = body()
    inner = value
    for name in path[:-1]:
        inner = inner[name]
    del inner[path[-1]]
    return value


def parse_cases() -> list[Case]:
    """Check 8: one strict object of exactly these keys and types."""
    raw = jcs(body())
    args = b'"args":{}'
    wrong: dict[str, Any] = {
        "a list instead of an object": [body()],
        "a string instead of an object": "call",
        "a number instead of an object": 1,
        "null instead of an object": None,
        "a body cut off": raw[:-1],
        "two objects": raw + raw,
        "bytes after the object": raw + b"x",
        "a NUL byte after the object": raw + b"\x00",
        "a byte order mark": b"\xef\xbb\xbf" + raw,
        "UTF-16": raw.decode().encode("utf-16-le"),
        "bytes that are not UTF-8": raw.replace(args, b'"args":{"a":"\xff\xfe"}'),
        "an overlong UTF-8 form": raw.replace(args, b'"args":{"a":"\xc0\xaf"}'),
        "a lone surrogate": raw.replace(args, b'"args":{"a":"\\ud800"}'),
        "a raw control character in a string": raw.replace(args, b'"args":{"a":"\x01"}'),
        "a comment": raw.replace(args, args + b"/* */"),
        "a trailing comma": raw[:-1] + b",}",
        "single quotes": raw.replace(b'"', b"'"),
        "the same key twice": raw[:-1] + b',"tool":"control.revoke"}',
        "the same key twice in args": raw.replace(args, b'"args":{"a":1,"a":2}'),
        "the same key twice, once escaped": raw.replace(args, b'"args":{"a":1,"\\u0061":2}'),
        "the same key twice in bind": raw.replace(b'"dir":"call"', b'"dir":"call","dir":"call"'),
        "a key that starts with NUL": raw.replace(args, b'"args":{},"\\u0000a":1'),
        "a float": raw.replace(args, b'"args":{"a":1.5}'),
        "1.0 for 1": raw.replace(b'"v":1', b'"v":1.0'),
        "1e0 for 1": raw.replace(b'"v":1', b'"v":1e0'),
        "minus zero": raw.replace(args, b'"args":{"a":-0}'),
        "NaN": raw.replace(args, b'"args":{"a":NaN}'),
        "a leading zero": raw.replace(b'"v":1', b'"v":01'),
        "an integer of 2^53": raw.replace(args, b'"args":{"a":9007199254740992}'),
        "an integer of -2^53": raw.replace(args, b'"args":{"a":-9007199254740992}'),
        "an integer of 2^64": raw.replace(args, b'"args":{"a":18446744073709551616}'),
        "33 levels": nested(33),
        "an unknown key": body(extra=1),
        "an unknown key in bind": body(bind={"extra": 1}),
        "a fence on a read": body(bind={"fence": 7}),
        "args as a list": body(args=[]),
        "args as null": body(args=None),
        "bind as a list": body() | {"bind": []},
        "a version as text": body(bind={"v": "1"}),
        "a version as true": body(bind={"v": True}),
        "a nonce as a number": body(bind={"nonce": 1}),
        "a key id as null": body(bind={"kid": None}),
        "a tool as a list": body(tool=["wp.site.health"]),
        "a tool in capitals": body(tool="WP.SITE.HEALTH"),
        "a tool with a path": body(tool="../wp.site.health"),
        "a tool with a line feed": body(tool="wp.site.health\n"),
        "an empty tool": body(tool=""),
        "a run id in capitals": body(run_id=uuid("run").upper()),
        "a run id that is no uuid": body(run_id="1"),
        "args and a leaf": body(leaf="{}"),
    }
    for path in (
        ("args",),
        ("bind",),
        ("run_id",),
        ("tool",),
        ("bind", "aud"),
        ("bind", "dir"),
        ("bind", "kid"),
        ("bind", "nonce"),
        ("bind", "v"),
    ):
        wrong[f"no {'.'.join(path)}"] = without(*path)
    cases = [refused(f"a signed body with {what} is refused", "call.body", call(jcs(v) if v is None else v)) for what, v in wrong.items()]
    return [
        *cases,
        refused("a consent is refused in this version", "call.shape", call(body(consent=[]))),
        accepted("32 levels pass", call(nested(32))),
        accepted("an integer of 2^53-1 passes", call(body(args={"a": 9007199254740991}))),
        accepted(
            "quotation marks, colons and backslashes in strings pass", call(body(args={'":\\': '\\":{"a":1,"a":2}\\\\', "\\": ':":'}))
        ),
        accepted("an empty key passes as an argument name", call(body(args={"": ""}))),
        accepted("white space that the signer put there passes", call(raw.replace(b'":', b'": '))),
    ]


def bind_cases() -> list[Case]:
    """Check 9: for this version, this direction, this key, this site."""
    other_kid = kid(public("control-2"))
    moved = body(tool="control.moved", args={"home": NEW_HOME}, bind={"aud": NEW_HOME})
    cases = [refused(f"the version {version} is refused", "call.bind", call(body(bind={"v": version}))) for version in (0, 2, -1)]
    cases += [
        refused(f"a message of direction {direction!r} is refused as a call", "call.bind", call(body(bind={"dir": direction})))
        for direction in ("heartbeat", "receipt", "order", "moved", "CALL", "")
    ]
    cases += [
        refused(f"the nonce {value!r} is refused", "call.bind", call(body(bind={"nonce": value})))
        for value in ("", nonce("call").upper().replace("0", "A"), nonce("call")[:31], nonce("call") + "0", nonce("call") + "\n", "z" * 32)
    ]
    cases += [
        refused(f"a call for {what} is refused", "call.audience", call(body(bind={"aud": aud})))
        for what, aud in {
            "another site": "https://other.example",
            "the same host without the path": "https://site.example",
            "a sibling of the network": "https://site.example/shop",
            "the site over plain HTTP": HOME.replace("https", "http"),
            "the site with a slash at the end": HOME + "/",
            "the site's host in capitals": HOME.replace("site", "SITE"),
            "the site with a port": "https://site.example:443/blog",
            "an empty audience": "",
        }.items()
    ]
    return [
        *cases,
        refused("a key id that did not sign is refused", "call.bind", call(body(bind={"kid": other_kid}))),
        refused(
            "the new key's id under the old key's signature is refused", "call.bind", call(body(bind={"kid": other_kid})), pinned="rotating"
        ),
        refused("the old key's id under the new key's signature is refused", "call.bind", call(signer="control-2"), pinned="rotating"),
        refused("an empty key id is refused", "call.bind", call(body(bind={"kid": ""}))),
        refused("a call is refused on a copy at another address", "call.clone", call(), current_home="https://staging.example/blog"),
        refused(
            "a call for the copy's own address is refused",
            "call.audience",
            call(body(bind={"aud": "https://staging.example"})),
            current_home="https://staging.example",
        ),
        refused("a call is refused when WordPress answers at plain HTTP", "call.clone", call(), current_home=HOME.replace("https", "http")),
        accepted(
            "the proof at the new home passes after the site's own admin named it", call(moved), pinned="moving", current_home=NEW_HOME
        ),
        refused("the proof at a new home nobody named is refused", "call.audience", call(moved), current_home=NEW_HOME),
        refused(
            "the proof at another new home is refused",
            "call.audience",
            call(body(tool="control.moved", args={"home": "https://x.example"}, bind={"aud": "https://x.example"})),
            pinned="moving",
            current_home=NEW_HOME,
        ),
        refused("the proof is refused while the site still stands at its old home", "call.clone", call(moved), pinned="moving"),
        refused(
            "a read for the new home is refused before the move is proved",
            "call.audience",
            call(body(bind={"aud": NEW_HOME})),
            pinned="moving",
            current_home=NEW_HOME,
        ),
        refused("a read for the old home is refused at the new one", "call.clone", call(), pinned="moving", current_home=NEW_HOME),
    ]


def all_cases() -> list[Case]:
    return parse_cases() + bind_cases()
