"""Results of changes in the words people read, and how long one took. Limits: words and numbers only; never page content."""

from collections.abc import Mapping
from datetime import timedelta
from types import MappingProxyType
from typing import Final

from presswarden.rollouts.model import Change, Result

MEANS: Final[Mapping[Result, str]] = MappingProxyType(
    {
        Result.SUCCEEDED: "updated: the new version was seen on the site, and every check passed",
        Result.ROLLED_BACK: "taken back: the old version was seen on the site again",
        Result.ROLLBACK_FAILED: "could not be taken back: the site needs a person",
        Result.UNVERIFIED: "it ran, but whether the site is well can't be told",
        Result.NOT_APPLICABLE: "the site was no longer as the plan expects; nothing was touched",
        Result.REFUSED: "refused before anything was touched",
        Result.UNKNOWN: "it may have run, and nothing that can be read says how it stands",
        Result.STOPPED: "it never began",
    }
)


def result_of(change: Change) -> str:
    if change.result is not None:
        return change.result.value
    return f"under way: {change.step}" if change.began_at else "waiting"


def lasted(change: Change) -> str:
    if change.began_at is None or change.ended_at is None:
        return ""
    return f"{(change.ended_at - change.began_at) // timedelta(seconds=1)} s"
