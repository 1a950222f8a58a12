"""Reads the contract's files and the vectors that others published, for the tests beside it."""

import json
import os
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator

ROOT = Path(__file__).resolve().parents[2]
VECTORS = Path(os.environ.get("PRESSWARDEN_VECTORS") or ROOT.parent / "shared" / "vectors")
"""Published vectors, which others wrote: read in place, never copied."""
CONTRACT = ROOT / "contract"
Case = dict[str, Any]


@cache
def vector_file(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CONTRACT / "vectors" / f"{name}.json").read_text())
    return found


def cases(*names: str) -> list[Any]:
    """Parameters of a test: one per case, its sentence as the id."""
    return [pytest.param(case, id=case["name"]) for name in names for case in vector_file(name)["cases"]]


def body_of(case: Case) -> bytes:
    if "body_hex" in case:
        return bytes.fromhex(case["body_hex"])
    if "body_parts" in case:
        return "".join(p if isinstance(p, str) else p["repeat"] * p["times"] for p in case["body_parts"]).encode()
    return str(case["body"]).encode()


@cache
def schema(name: str) -> Draft202012Validator:
    value = json.loads((CONTRACT / "schemas" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(value)
    return Draft202012Validator(value)


def published(path: str) -> Path:
    """A folder or file of the published vectors; skips with the reason where they are not on this machine."""
    if not (VECTORS / path).exists():
        pytest.skip(f"the published vectors are not on this machine (PRESSWARDEN_VECTORS): {path}")
    return VECTORS / path
