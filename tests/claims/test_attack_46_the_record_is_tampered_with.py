"""Attack 46: delete, edit, reorder, cut or fork the record of a real control plane, in its database or in an export of it.

What finds it: every entry is a leaf of a tree whose head the log's key signed; the verifier makes tiles, tree and payloads anew and names the first bad
entry. Whoever holds that key too can sign another history; the checkpoint that a paired site keeps is the outside witness against that (`--older`). In the
database triggers refuse the change; the attacks here drop them first, as its owner can. The proof takes the comparison with the signed tree out of a copy
of the verifier. Limits: every position of every form of it is in test_audit_tampering.py; other people's verifiers in test_audit_others_verify.py.
"""

from __future__ import annotations

import json
import re
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from lab.demo.control import Control
from presswarden.audit import tree
from presswarden.audit.folder import bundle
from presswarden.kernel import merkle
from tests.claims.attacks import Attack
from tests.claims.served import LABEL, Served

pytestmark = [pytest.mark.site, pytest.mark.req("N9", "W19")]

SOURCE = Path(__file__).parents[2] / "src" / "presswarden"
PROOF_FAILED = 6
TARGET = 5
"""The entry that is attacked."""


@dataclass(frozen=True)
class Log:
    """An export of the served control plane's record, the key kept elsewhere, and the checkpoint that the site kept."""

    control: Control
    folder: Path
    key: Path
    witness: Path
    size: int

    def verify(self, folder: Path, *, witness: bool = False, **environment: str) -> tuple[int, str]:
        older = ("--older", str(self.witness)) if witness else ()
        nowhere = {"PRESSWARDEN_HOME": str(self.folder / "no-installation"), **environment}
        ran = self.control.attempt("audit", "verify-export", str(folder), "--key", str(self.key), *older, environment=nowhere)
        return ran.code, ran.stdout + ran.stderr


@pytest.fixture(scope="module")
def log(served: Served, tmp_path_factory: pytest.TempPathFactory) -> Log:
    room = tmp_path_factory.mktemp("audit")
    for _ in range(6):
        served.read("wp.site.health")
    _await_all_placed(served.control)
    witness = ""
    for _ in range(40):  # the order that carries the newest checkpoint is made by the dispatcher's own clock
        served.heartbeat()
        witness = json.loads(str(served.site.option("presswarden_record")))["checkpoint"]
        if witness and int(witness.split("\n")[1]) > TARGET + 2:
            break
        served.control.run("site", "pause", LABEL)
        served.control.run("site", "resume", LABEL)
        _await_all_placed(served.control)
    assert int(witness.split("\n")[1]) > TARGET + 2
    (room / "witness").write_text(witness)
    told = served.control.ask("audit", "export", str(room / "log"))
    shutil.copy(room / "log" / "log.vkey", room / "kept.vkey")
    return Log(served.control, room / "log", room / "kept.vkey", room / "witness", told["size"])


def _await_all_placed(control: Control) -> None:
    for _ in range(60):
        if all(entry["index"] is not None for entry in control.ask("audit", "list", "--limit", "200")):
            return
    raise AssertionError(control.log())


def leaves(folder: Path, size: int) -> list[bytes]:
    return [leaf for number, width in tree.tiles(size, 0) for leaf in bundle(folder, number, width)]


def rewrite(folder: Path, size: int, changed: list[bytes]) -> None:
    for number, width in tree.tiles(size, 0):
        part = changed[number * 256 : number * 256 + width]
        (folder / tree.tile_path("entries", number, width)).write_bytes(b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in part))


CHANGES: dict[str, Callable[[list[bytes]], list[bytes]]] = {
    "edit": lambda was: [*was[:TARGET], was[TARGET].replace(b'"kind":"', b'"kind":"x'), *was[TARGET + 1 :]],
    "delete": lambda was: was[:TARGET] + was[TARGET + 1 :],
    "reorder": lambda was: [*was[:TARGET], was[TARGET + 1], was[TARGET], *was[TARGET + 2 :]],
    "insert": lambda was: [*was[:TARGET], was[0], *was[TARGET:]],
    "cut": lambda was: was[:TARGET],
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_export_is_found_and_the_first_bad_entry_named(attack: Attack, log: Log, tmp_path: Path, change: str) -> None:
    folder = Path(shutil.copytree(log.folder, tmp_path / "log"))
    was = leaves(folder, log.size)
    assert CHANGES[change](was) != was
    rewrite(folder, log.size, CHANGES[change](was))
    code, told = log.verify(folder)
    first = next(line for line in told.splitlines() if "WRONG" in line)
    attack.repelled(change, code == PROOF_FAILED and re.search(rf"\b{TARGET}\b", first) is not None, told)


def test_a_cut_tail_is_found_by_the_checkpoint_that_the_site_kept(attack: Attack, log: Log, served: Served, tmp_path: Path) -> None:
    """An older export is a log that once was: by itself it verifies."""
    older = tmp_path / "older"
    shutil.copytree(log.folder, older)
    heads = [json.loads(line)["text"] for line in (older / "checkpoints.jsonl").read_text().splitlines()]
    first = next(text for text in heads if 0 < int(text.split("\n")[1]) < TARGET)
    size = int(first.split("\n")[1])
    was = leaves(older, log.size)[:size]
    for path in sorted((older / "tile").rglob("*"), reverse=True):
        path.unlink() if path.is_file() else path.rmdir()
    for number, width in tree.tiles(size, 0):
        for kind, part in (("entries", b"".join(len(leaf).to_bytes(2, "big") + leaf for leaf in was)), (0, b"".join(_hashes(was)))):
            target = older / tree.tile_path(kind, number, width)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(part)
    (older / "checkpoint").write_text(first)
    kept = [line for line in (older / "checkpoints.jsonl").read_text().splitlines() if int(json.loads(line)["text"].split("\n")[1]) <= size]
    (older / "checkpoints.jsonl").write_text("".join(line + "\n" for line in kept))
    lines = (older / "payloads.jsonl").read_text().splitlines(keepends=True)
    (older / "payloads.jsonl").write_text("".join(line for line in lines if json.loads(line)["index"] < size))
    assert log.verify(older)[0] == 0, log.verify(older)
    code, told = log.verify(older, witness=True)
    attack.repelled("the tail cut off, with the head of that day", code == PROOF_FAILED and f"{size}" in told, told)


def _hashes(entries: list[bytes]) -> list[bytes]:
    return [merkle.leaf_hash(leaf) for leaf in entries]


DATABASE = {
    "edit": "UPDATE audit_events SET kind = 'site.forged' WHERE id = (SELECT event FROM audit_leaves WHERE position = {n})",
    "edit of the leaf": "UPDATE audit_events SET leaf = CAST(replace(leaf, 'v', 'w') AS BLOB) WHERE id = (SELECT event FROM audit_leaves WHERE position = {n})",
    "delete": "DELETE FROM audit_leaves WHERE position = {n}",
    "payload": "UPDATE audit_payloads SET document = CAST('{{}}' AS BLOB) WHERE event = (SELECT event FROM audit_leaves WHERE position = {n})",
}


@pytest.fixture
def stolen(served: Served, tmp_path: Path) -> Control:
    """A copy of the control plane's home, whose owner may do what they like with the database."""
    copied = Control(tmp_path / "home")
    shutil.copytree(served.control.home, copied.home, ignore=shutil.ignore_patterns("*.sqlite*", "wake"))
    with (
        closing(sqlite3.connect(served.control.home / "presswarden.sqlite")) as live,
        closing(sqlite3.connect(copied.home / "presswarden.sqlite")) as copy,
    ):
        live.backup(copy)
        for (name,) in copy.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            copy.execute(f'DROP TRIGGER "{name}"')
        copy.commit()
    return copied


@pytest.mark.parametrize("change", DATABASE)
def test_a_changed_database_is_found_by_its_own_verification(attack: Attack, log: Log, stolen: Control, change: str) -> None:
    assert stolen.attempt("audit", "verify").code == 0
    with closing(sqlite3.connect(stolen.home / "presswarden.sqlite")) as database:
        done = database.execute(DATABASE[change].format(n=TARGET))
        database.commit()
        assert done.rowcount == 1
    ran = stolen.attempt("audit", "verify")
    told = ran.stdout + ran.stderr
    attack.repelled(change, ran.code == PROOF_FAILED, told)
    first = next(line for line in told.splitlines() if "WRONG" in line)
    attack.repelled(f"{change}: named", re.search(rf"\b{TARGET}\b", first) is not None, told)


def test_the_untouched_record_verifies_here_and_elsewhere_and_extends_what_the_site_kept(log: Log) -> None:
    assert log.control.attempt("audit", "verify").code == 0
    code, told = log.verify(log.folder, witness=True)
    assert (code, "agree" in told) == (0, True), told


@pytest.mark.parametrize("change", ["edit", "reorder", "delete"])
def test_without_the_comparison_with_the_signed_tree_the_change_passes(log: Log, tmp_path: Path, change: str) -> None:
    root = tmp_path / "tree" / "src" / "presswarden"
    shutil.copytree(SOURCE, root, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tree" / "contract").symlink_to(SOURCE.parents[1] / "contract")
    verifier = root / "audit" / "verify.py"
    text = verifier.read_text()
    for comparison in (
        "    if walked.roots.get(newest.size) != newest.root:\n",
        "    elif walked.parted is not None:\n",
        "        if bad is not None and (kept or walked.roots.get(newest.size) == newest.root):\n",
        "        if all((level, i) in kept for i in run) and hashes(folder, level, number, width) != [kept[level, i] for i in run]:\n",
        "        faults += [Fault(Finding.PAYLOAD, says, index, index) for index, says in payloads.check(start, leaves)]\n",
        "    faults += [Fault(Finding.PAYLOAD, says, index, index) for index, says in payloads.rest(size)]\n",
    ):
        assert text.count(comparison) == 1, comparison
        indent = comparison[: len(comparison) - len(comparison.lstrip())]
        condition = comparison.lstrip().startswith(("if", "elif"))
        text = text.replace(comparison, f"{indent}{comparison.split()[0]} False:\n" if condition else f"{indent}pass\n")
    verifier.write_text(text)
    folder = Path(shutil.copytree(log.folder, tmp_path / "log"))
    rewrite(folder, log.size, CHANGES[change](leaves(folder, log.size)))
    code, told = log.verify(folder, PYTHONPATH=str(root.parent))
    assert code == 0, told
