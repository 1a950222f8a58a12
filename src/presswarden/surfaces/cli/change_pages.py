"""Changes as people and scripts read them. Limits: words and numbers only; never page content."""

from datetime import timedelta

from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.rollouts.model import Change, Result

MEANS = {
    Result.SUCCEEDED: "updated: the new version was seen on the site, and every check passed",
    Result.ROLLED_BACK: "taken back: the old version was seen on the site again",
    Result.ROLLBACK_FAILED: "could not be taken back: the site needs a person",
    Result.UNVERIFIED: "it ran, but whether the site is well can't be told",
    Result.NOT_APPLICABLE: "the site was no longer as the plan expects; nothing was touched",
    Result.REFUSED: "refused before anything was touched",
    Result.UNKNOWN: "it may have run, and nothing that can be read says how it stands",
    Result.STOPPED: "it never began",
}


def result_of(change: Change) -> str:
    if change.result is not None:
        return change.result.value
    return f"under way: {change.step}" if change.began_at else "waiting"


def plain_change(change: Change) -> dict[str, Json]:
    return {
        "id": change.id, "proposal": change.proposal, "site": change.site, "tool": change.tool, "component": change.component, "was": change.was,
        "version": change.version, "snapshot": change.snapshot, "step": change.step, "result": change.result.value if change.result else None,
        "code": change.code, "says": change.says, "seen": dict(change.seen), "began_at": unix(change.began_at) if change.began_at else None,
        "ended_at": unix(change.ended_at) if change.ended_at else None,
    }  # fmt: skip


def lasted(change: Change) -> str:
    if change.began_at is None or change.ended_at is None:
        return ""
    return f"{(change.ended_at - change.began_at) // timedelta(seconds=1)} s"
