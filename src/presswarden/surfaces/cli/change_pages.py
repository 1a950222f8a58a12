"""Changes as people and scripts read them. Limits: words and numbers only; never page content."""

from presswarden.kernel.canonical import Json
from presswarden.kernel.clock import unix
from presswarden.rollouts.model import Change


def plain_change(change: Change) -> dict[str, Json]:
    return {
        "id": change.id, "proposal": change.proposal, "site": change.site, "tool": change.tool, "component": change.component, "was": change.was,
        "version": change.version, "snapshot": change.snapshot, "step": change.step, "result": change.result.value if change.result else None,
        "code": change.code, "says": change.says, "seen": dict(change.seen), "began_at": unix(change.began_at) if change.began_at else None,
        "ended_at": unix(change.ended_at) if change.ended_at else None,
    }  # fmt: skip
