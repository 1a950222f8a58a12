"""Writes contract/vectors/*.json: signed messages, accepted and refused, that Python and PHP both run.

Usage: python contract/make_vectors.py [--check]. With --check nothing is written and a stale file exits 1. The output is the same on every
run: keys and nonces come from fixed texts. It judges nothing: what a case expects was written by hand from wire.md.
"""

import json
import sys
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from contract.making import bodies, calls, messages, pairing, plans, policies, sealed, signatures  # noqa: E402 - found through the line above
from contract.making.pins import PINS  # noqa: E402 - found through the line above


def files() -> dict[str, str]:
    """File name => content of every vector file."""
    groups: dict[str, dict[str, Any]] = {
        "calls": {"pins": PINS, "cases": calls.all_cases() + signatures.all_cases()},
        "bodies": {"pins": PINS, "cases": bodies.all_cases()},
        "plans": {"pins": PINS, "cases": plans.all_cases()},
        "pairing_strings": {"cases": pairing.string_cases()},
        "transcripts": {"cases": pairing.transcript_cases()},
        "rotations": {"cases": pairing.rotation_cases()},
        "receipts": {"cases": messages.receipt_cases()},
        "heartbeats": {"cases": messages.heartbeat_cases()},
        "sent": {"cases": messages.sent_cases()},
        "orders": {"cases": messages.order_cases()},
        "inventories": {"cases": messages.inventory_cases()},
        "sealed": {"cases": sealed.cases()},
        "policies": {"cases": policies.cases()},
    }
    for name, group in groups.items():
        names = [case["name"] for case in group["cases"]]
        if len(set(names)) != len(names):
            raise SystemExit(f"{name}: two cases share a name: {sorted({n for n in names if names.count(n) > 1})}")
    return {f"{name}.json": json.dumps(group, indent=1, sort_keys=True) + "\n" for name, group in groups.items()}


def main() -> int:
    folder = HERE / "vectors"
    written = files()
    if "--check" in sys.argv:
        found = {path.name: path.read_text() for path in folder.glob("*.json")}
        stale = sorted(name for name in written.keys() | found.keys() if written.get(name) != found.get(name))
        if stale:
            print(f"Stale vectors: {', '.join(stale)}. Run: python contract/make_vectors.py", file=sys.stderr)
        return 1 if stale else 0
    folder.mkdir(exist_ok=True)
    for name, text in written.items():
        (folder / name).write_text(text)
        print(f"{name}: {len(json.loads(text)['cases'])} cases")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
