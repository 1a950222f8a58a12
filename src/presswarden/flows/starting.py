"""Whether released work may begin now, or waits for what passes by itself: a window, a wait, a hold with an end, a site that is silent, another open change.

Work that waits takes no place at its site. It waits until its execution clock ends, and then it never begins. Limits: what does not pass by itself is not
looked for here; the gate refuses it at the first call, and that ends the change.
"""

from datetime import datetime, timedelta
from typing import Final

from presswarden.approvals import service as approvals
from presswarden.kernel.db import Tx
from presswarden.policy.model import Stage, Verdict
from presswarden.proposals import service as proposals
from presswarden.rollouts import service as rollouts
from presswarden.rollouts.model import Work

AGAIN: Final = timedelta(seconds=30)
_PASSES: Final = frozenset({"policy.hold", "policy.not_heard", "policy.timezone", "policy.wait", "policy.window"})


async def held(tx: Tx, work: Work, *, now: datetime) -> tuple[str, str]:
    """Code and words of what holds it for now; both empty when it is to begin, be it to be refused."""
    if now >= work.not_after:
        return "", ""
    opened = await rollouts.open_change(tx, work.site)
    if opened is not None and opened.work != work.id:  # its own: another dispatcher has begun it and is about to say so
        return "change.other_open", "Another change is open on this site."
    asked = await proposals.proposal(tx, work.proposal)
    found: list[tuple[str, str]] = []
    for item in asked.items:
        if item.site == work.site:
            decided = await approvals.decision(tx, asked, Stage.APPROVAL, only=item, now=now)
            found += [(one.code, one.says) for one in decided.reasons if one.verdict is not Verdict.ALLOW]
    return found[0] if found and all(code in _PASSES for code, _ in found) else ("", "")
