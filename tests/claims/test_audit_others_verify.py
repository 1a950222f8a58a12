"""Claim: an exported log is verified by programs that others wrote (sigstore, pymerkle, Go's sumdb), and they reject its tampered twin.

Limits: sigstore and pymerkle check signature and inclusion; Go checks the whole export and consistency, and needs Debian's golang-go and
golang-golang-x-mod-dev. pymerkle's consistency proofs are not of RFC 6962's form and are left out.
"""

import base64
import os
import shutil
import subprocess
from dataclasses import dataclass, replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pymerkle
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from pymerkle import InmemoryTree, InvalidProof
from sigstore._internal.merkle import verify_merkle_inclusion
from sigstore._internal.rekor.checkpoint import verify_checkpoint
from sigstore._internal.trust import Keyring
from sigstore.errors import VerificationError
from sigstore_models.common import v1

from presswarden.audit import note, service, store
from presswarden.audit.model import Actor, Checkpoint, Entry, Proof
from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.kernel.sealing import Kek, new_key
from tests.fakes.clock import FrozenClock

pytestmark = pytest.mark.req("N9")

SIZE = 600
GOPATH = Path("/usr/share/gocode")


@dataclass(frozen=True)
class Log:
    folder: Path
    key: note.LogKey
    checkpoint: Checkpoint
    older: Checkpoint
    leaves: list[bytes]
    proofs: list[Proof]


@pytest.fixture
async def log(database: Database, org: OrgId, frozen: FrozenClock, tmp_path: Path) -> Log:
    kek, older = Kek("janitor", new_key()), None
    for size in (277, SIZE - 277):
        async with database.transaction(org) as tx:
            entries = [Entry("site.paired", Actor("process", "web"), f"site:{n}", f"run-{n}", {"n": n}) for n in range(size)]
            events = await service.record_many(tx, entries, now=frozen.advance(seconds=1))
            await service.integrate(tx, kek, log_host="log.test", now=frozen.now())
        async with database.reading(org) as tx:
            older = older or await service.latest_checkpoint(tx)
    async with database.reading(org) as tx:
        checkpoint, key = await service.export(tx, tmp_path / "log"), await service.log_key(tx)
        leaves = [row.leaf for row in await store.in_tree(org, tx, first=0, limit=SIZE)]
        proofs = [await service.prove(tx, event) for event in (events[0], events[1], events[100], events[-1])]
    assert key is not None
    assert older is not None
    return Log(tmp_path / "log", note.read_key(key), checkpoint, older, leaves, proofs)


def _sigstore(log: Log, proof: Proof, text: str | None = None) -> None:
    """Raises what sigstore raises."""
    spki = Ed25519PublicKey.from_public_bytes(log.key.public).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    public = v1.PublicKey(raw_bytes=base64.b64encode(spki), key_details=v1.PublicKeyDetails.PKIX_ED25519)
    inclusion = SimpleNamespace(
        log_index=proof.index,
        tree_size=proof.checkpoint.size,
        hashes=list(proof.path),
        root_hash=proof.checkpoint.root,
        checkpoint=SimpleNamespace(envelope=text or proof.checkpoint.text),
    )
    inner = SimpleNamespace(inclusion_proof=inclusion, canonicalized_body=proof.leaf, log_id=SimpleNamespace(key_id=log.key.hash))
    entry: Any = SimpleNamespace(_inner=inner)
    verify_merkle_inclusion(entry)
    verify_checkpoint(Keyring([public]), entry)


async def test_sigstore_accepts_checkpoint_and_inclusion(log: Log) -> None:
    for proof in log.proofs:
        _sigstore(log, proof)


async def test_sigstore_rejects_the_tampered_twins(log: Log) -> None:
    good = log.proofs[1]
    text = good.checkpoint.text
    twins: list[tuple[Proof, str]] = [
        (replace(good, leaf=good.leaf.replace(b"paired", b"forged")), text),
        (replace(good, index=good.index + 1), text),
        (replace(good, path=good.path[1:]), text),
        (replace(good, path=(b"\x00" * 32, *good.path[1:])), text),
        (good, text.replace(f"\n{SIZE}\n", f"\n{SIZE + 1}\n")),
        (good, log.older.text),
        (good, text.replace("log.test", "log.fest", 1)),
    ]
    for proof, checkpoint in twins:
        with pytest.raises(VerificationError):
            _sigstore(log, proof, checkpoint)


async def test_pymerkle_finds_the_same_roots_and_accepts_our_paths(log: Log) -> None:
    tree = InmemoryTree.init_from_entries(log.leaves)
    assert tree.get_root() == log.checkpoint.root
    assert tree.get_root(log.older.size) == log.older.root
    for proof in log.proofs:
        theirs = tree.prove_inclusion(proof.index + 1)
        base = tree.get_leaf(proof.index + 1)
        assert tuple(theirs.path[1:]) == proof.path
        ours = pymerkle.InclusionProof.deserialize({**theirs.serialize(), "path": [h.hex() for h in (base, *proof.path)]})
        pymerkle.verify_inclusion(base, log.checkpoint.root, ours)
        with pytest.raises(InvalidProof):
            pymerkle.verify_inclusion(base, log.older.root, ours)


@pytest.fixture(scope="session")
def go_verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    go = shutil.which("go")
    if go is None or not (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir():
        pytest.skip("needs Debian's golang-go and golang-golang-x-mod-dev")
    folder = tmp_path_factory.mktemp("go")
    environment = {
        "PATH": os.environ["PATH"],
        "GO111MODULE": "off",
        "GOPATH": str(GOPATH),
        "GOCACHE": str(folder / "cache"),
        "HOME": str(folder),
    }
    subprocess.run([go, "build", "-o", folder / "verifier", "."], cwd=Path(__file__).parent / "audit_go", env=environment, check=True)
    return folder / "verifier"


def _go(verifier: Path, log: Log, key: str | None = None) -> subprocess.CompletedProcess[str]:
    older = log.folder.parent / "older"
    older.write_text(log.older.text)
    return subprocess.run([verifier, log.folder, key or log.key.text(), older], capture_output=True, text=True, check=False)


async def test_go_accepts_the_whole_export_and_its_consistency(log: Log, go_verifier: Path) -> None:
    done = _go(go_verifier, log)
    assert (done.returncode, done.stdout) == (0, "verified\n"), done.stderr


async def test_go_rejects_the_tampered_twins(log: Log, go_verifier: Path) -> None:
    other = note.LogKey(log.key.name, Ed25519PublicKey.from_public_bytes(log.key.public).public_bytes_raw()[::-1])
    assert _go(go_verifier, log, other.text()).returncode == 1
    for name in ("checkpoint", "tile/entries/000", "tile/0/001", "tile/0/002.p/88", "tile/1/000.p/2", "tile/entries/002.p/88"):
        path = log.folder / name
        genuine = path.read_bytes()
        for at in (len(genuine) // 2, len(genuine) - 2):
            path.write_bytes(genuine[:at] + bytes([genuine[at] ^ 1]) + genuine[at + 1 :])
            assert _go(go_verifier, log).returncode == 1, (name, at)
        path.write_bytes(genuine)
    forked = replace(log, older=replace(log.older, text=log.older.text.replace("\n277\n", "\n278\n")))
    assert _go(go_verifier, forked).returncode == 1
    assert _go(go_verifier, log).returncode == 0
