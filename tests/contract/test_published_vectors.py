"""Vectors that others published, read in place: Ed25519, HMAC, canonical JSON and Merkle proofs, by Python's own verifiers."""

import base64
import hashlib
import hmac
import json
from pathlib import Path
from typing import Any

import pytest

from presswarden.kernel import canonical, merkle, verify
from tests.contract.reading import published


def loaded(path: str) -> Any:
    return json.loads(published(path).read_text())


@pytest.mark.req("P1")
def test_wycheproof_ed25519_signatures_are_judged_as_published() -> None:
    tried = 0
    for group in loaded("wycheproof/ed25519_test.json")["testGroups"]:
        key = bytes.fromhex(group["publicKey"]["pk"])
        for test in group["tests"]:
            right = verify.ed25519(bytes.fromhex(test["sig"]), bytes.fromhex(test["msg"]), key)
            assert right is (test["result"] == "valid"), (test["tcId"], test["comment"])
            tried += 1
    assert tried > 100


@pytest.mark.req("P1")
def test_speccheck_signatures_pass_only_where_nothing_is_loose() -> None:
    tests = loaded("speccheck/cases.json")
    passed = [n for n, t in enumerate(tests) if verify.ed25519(*(bytes.fromhex(t[name]) for name in ("signature", "message", "pub_key")))]
    # Case 3 alone has a sound key, a sound R and a reduced S.
    assert passed == [3]


@pytest.mark.req("W2")
def test_wycheproof_macs_are_judged_as_published() -> None:
    tried = 0
    for group in loaded("wycheproof/hmac_sha256_test.json")["testGroups"]:
        for test in group["tests"]:
            key, message, tag = (bytes.fromhex(test[name]) for name in ("key", "msg", "tag"))
            if group["tagSize"] == 256 and len(key) == 32:
                assert verify.hmac_sha256(tag, message, key) is (test["result"] == "valid"), test["tcId"]
                tried += 1
            elif group["tagSize"] < 256:
                # A tag cut short is right in that file and never right here.
                assert hmac.new(key, message, hashlib.sha256).digest() != tag
                assert not verify.hmac_sha256(tag, message, key)
    assert tried > 10


@pytest.mark.parametrize("name", ["arrays", "french", "structures", "unicode", "values", "weird"])
def test_canonical_json_is_written_as_published(name: str) -> None:
    value = json.loads(published(f"jcs/input/{name}.json").read_text())
    wanted = bytes.fromhex("".join(published(f"jcs/outhex/{name}.txt").read_text().split()))
    assert canonical.encode(value) == wanted


def raw(value: str | None) -> bytes:
    return base64.b64decode(value) if value else b""


def files(folder: str) -> list[tuple[Path, dict[str, Any]]]:
    found = [(path, json.loads(path.read_text())) for path in sorted(published(folder).rglob("*.json"))]
    assert len(found) > 50
    return found


@pytest.mark.req("N9")
def test_inclusion_proofs_are_judged_as_published() -> None:
    for path, test in files("merkle/inclusion"):
        leaf, root = raw(test["leafHash"]), raw(test["root"])
        right = merkle.verify_inclusion(leaf, test["leafIdx"], test["treeSize"], [raw(h) for h in test["proof"] or []], root)
        # A published case with a placeholder of 12 bytes as its root is refused: a root here is a SHA-256 value.
        assert right is (not test["wantErr"] and len(root) == len(leaf) == 32), path


@pytest.mark.req("N9")
def test_consistency_proofs_are_judged_as_published() -> None:
    for path, test in files("merkle/consistency"):
        roots = raw(test["root1"]), raw(test["root2"])
        right = merkle.verify_consistency(test["size1"], test["size2"], *roots, [raw(h) for h in test["proof"] or []])
        assert right is (not test["wantErr"] and all(len(root) == 32 for root in roots)), path
