"""Another time for one site, by Debian's libfaketime; the product has no hook for it."""

from __future__ import annotations

from pathlib import Path

from lab import debs
from lab.errors import LabError

NAMES = ("LD_PRELOAD", "FAKETIME", "FAKETIME_DONT_FAKE_MONOTONIC")


def library() -> Path:
    """libfaketime as installed, or from Debian's package without installing it."""
    for root in (Path("/usr/lib"), Path("/usr/local/lib")):
        for found in sorted(root.glob("**/faketime/libfaketime.so.1")):
            return found
    try:
        tree = debs.unpacked(debs.host_suite(), ("libfaketime",), "debs/faketime")
    except LabError as refusal:
        raise LabError(
            "a site's clock can't be shifted here", f"{refusal.what}: {refusal.why}", "install libfaketime, then try again"
        ) from refusal
    return next(tree.glob("**/faketime/libfaketime.so.1"))


def environment(seconds: float) -> dict[str, str]:
    """What a process must be given to see a clock shifted by so many seconds."""
    return {
        "LD_PRELOAD": str(library()),
        "FAKETIME": f"{seconds:+.0f}s",
        "FAKETIME_DONT_FAKE_MONOTONIC": "1",
    }
