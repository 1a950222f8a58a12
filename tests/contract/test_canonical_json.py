"""Canonical JSON as we write it, beside a library that does nothing else; and bodies that are nested to hurt."""

import time

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from presswarden.kernel.canonical import DEEPEST, Json, decode_object, encode
from presswarden.kernel.errors import Malformed

WHOLE = st.integers(-(2**53) - 5, 2**53 + 5)
VALUES = st.recursive(
    st.none() | st.booleans() | WHOLE | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner) | st.tuples(inner, inner),
    max_leaves=20,
)


@given(VALUES)
@example({"\U00010000": 1, "\ue000": 2})  # in another order by UTF-16 than by code points
@example({"\x7f": "\x00\x08\x0b\x1f\u2028</"})
@example([True, 1, 2**53 - 1, -(2**53)])
@example("\ud800")
def test_what_is_written_is_what_the_library_writes_or_refused_as_it_refuses(value: Json) -> None:
    try:
        wanted = rfc8785.dumps(value)
    except (rfc8785.CanonicalizationError, UnicodeEncodeError):
        with pytest.raises(Malformed):
            encode(value)
    else:
        assert encode(value) == wanted


@pytest.mark.parametrize("value", [float("nan"), {1: "a name that is no text"}, b"bytes", object()])
def test_what_is_no_json_is_refused(value: object) -> None:
    with pytest.raises(Malformed):
        encode(value)  # type: ignore[arg-type]  # on purpose


def _nested(levels: int) -> bytes:
    return b'{"a":' * levels + b"0" + b"}" * levels


@pytest.mark.req("X4")
def test_depth_is_counted_outside_of_strings_alone() -> None:
    assert decode_object(_nested(DEEPEST))
    brackets = "[{" * 50
    assert decode_object(encode({"a": brackets, "b": f'{brackets}"\\', "c": ["x"] * 50})) == {
        "a": brackets,
        "b": f'{brackets}"\\',
        "c": ["x"] * 50,
    }
    with pytest.raises(Malformed, match="nested deeper"):
        decode_object(_nested(DEEPEST + 1))
    with pytest.raises(Malformed, match="nested deeper"):
        decode_object(b'{"a":"\\"","b":' + b"[" * DEEPEST + b"]" * DEEPEST + b"}")


@pytest.mark.req("X4")
@pytest.mark.parametrize("body", [b'"' + b'\\"' * 500_000 + b"\\", b'{"' + b"[" * 900_000, b'"a' * 500_000, b"[" * 1_000_000])
def test_a_body_that_never_ends_is_refused_at_once(body: bytes) -> None:
    began = time.process_time()
    with pytest.raises(Malformed):
        decode_object(body)
    assert time.process_time() - began < 5
