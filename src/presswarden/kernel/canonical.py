"""RFC 8785 (JCS) bytes out, strict JSON in.

Senders send JCS; receivers hash the bytes as they came and parse after verification. `decode_object` is stricter than `json`: no BOM, no duplicate
keys, no floats, no NaN, integers within 2^53-1, depth bounded. Two parsers that disagree about one message are an attack (SECURITY §2).
"""

import json
import re
from collections.abc import Mapping, Sequence
from typing import Never, TypeAlias

import rfc8785

from presswarden.kernel.errors import Malformed

Json: TypeAlias = "bool | int | float | str | Sequence[Json] | Mapping[str, Json] | None"

LARGEST_INT = 2**53 - 1
_STRUCTURE = re.compile(r'"(?:[^"\\]|\\(?:.|\Z))*+(?:"|\Z)|[][{}]', re.DOTALL)
"""A string, or one that does not end, or a bracket outside of strings."""
DEEPEST = 32


def encode(value: Json) -> bytes:
    """Canonical UTF-8 bytes of `value`. Raises `Malformed` for what JSON can't carry (NaN, integers beyond 2^53-1, lone surrogates)."""
    try:
        return _in_one_go(value).encode() if _is_plain(value) else rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError) as fault:
        raise Malformed(
            f"The value has no canonical form: {type(fault).__name__}.", do="Send strings, booleans, null and whole numbers."
        ) from fault


_in_one_go = json.JSONEncoder(ensure_ascii=False, check_circular=False, sort_keys=True, separators=(",", ":")).encode
"""The same bytes for what `_is_plain`, in a tenth of the time: every entry of the record and every message is written this way."""


def _is_plain(value: object, depth: int = DEEPEST) -> bool:
    """True for what Python's own encoder writes as RFC 8785 does: no float, no name whose order differs in UTF-16, no class of anybody's own."""
    kind = type(value)
    if kind is str or value is None or kind is bool:
        return True
    if kind is int:
        return -LARGEST_INT <= value <= LARGEST_INT  # type: ignore[operator]  # an int, as its type says
    if depth and kind is dict:
        return all(type(name) is str and name.isascii() and _is_plain(one, depth - 1) for name, one in value.items())  # type: ignore[attr-defined]  # as its type says
    return bool(depth) and (kind is list or kind is tuple) and all(_is_plain(one, depth - 1) for one in value)  # type: ignore[attr-defined]  # as its type says


def decode_object(raw: bytes, depth: int = DEEPEST) -> dict[str, Json]:
    """Parse the bytes of one JSON object, strictly. Raises `Malformed`; the message never repeats the input."""
    try:
        text = raw.decode("utf-8")
    except UnicodeDecodeError as fault:
        raise Malformed("The body is not UTF-8.") from fault
    if text.startswith("\ufeff"):
        raise Malformed("The body starts with a byte order mark.")
    _check_depth(text, depth)
    try:
        value = json.loads(text, object_pairs_hook=_unique, parse_float=_no_float, parse_int=_bounded, parse_constant=_no_float)
    except (json.JSONDecodeError, RecursionError) as fault:
        raise Malformed("The body is not JSON.") from fault
    if not isinstance(value, dict):
        raise Malformed("The body is not a JSON object.")
    _check_text(value)
    return value


def _check_depth(text: str, depth: int) -> None:
    if text.count("{") + text.count("[") <= depth:
        return
    # Counted before parsing, strings left out, so that a hostile body can't exhaust the parser's stack.
    level = 0
    for found in _STRUCTURE.finditer(text):
        match found[0]:
            case "{" | "[":
                level += 1
                if level > depth:
                    raise Malformed(f"The body is nested deeper than {depth} levels.")
            case "}" | "]":
                level -= 1


def _unique(pairs: list[tuple[str, Json]]) -> dict[str, Json]:
    seen = dict(pairs)
    if len(seen) != len(pairs):
        raise Malformed("The body repeats a key.")
    return seen


def _bounded(digits: str) -> int:
    if len(digits) > 17 or abs(int(digits)) > LARGEST_INT or digits == "-0":
        raise Malformed("A number is beyond 2^53-1.")
    return int(digits)


def _no_float(_text: str) -> Never:
    raise Malformed("A number is not whole.")


def _check_text(value: Json) -> None:
    if isinstance(value, str):
        try:
            value.encode("utf-8")
        except UnicodeEncodeError as fault:
            raise Malformed("A string holds a lone surrogate.") from fault
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_text(key)
            _check_text(item)
    elif isinstance(value, Sequence):
        for item in value:
            _check_text(item)
