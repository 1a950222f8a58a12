"""Drafts that are fine as they are, for one site. Limits: no policy has looked at them."""

from datetime import UTC, datetime, timedelta
from typing import Any

from presswarden.actions.model import Risk
from presswarden.audit.model import Actor
from presswarden.kernel.db import Tx
from presswarden.kernel.ids import CorrelationId, InstallationId, SiteId, new_id
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Draft, Evidence, Item, Proposal, Source

NOW = datetime(2026, 11, 24, 12, 0, tzinfo=UTC)
ANALYST = Actor("process", "analyst")


def item(tool: str = "wp.plugin.update", component: str = "plugin:a/a.php", **more: Any) -> Item:
    whole: dict[str, Any] = {
        "site": SiteId(new_id()),
        "installation": InstallationId(new_id()),
        "home": "https://a.example",
        "version": "1.1",
        "before": {"active": True, "version": "1.0"},
        "package": "a" * 64,
    }
    return Item(tool=tool, component=component, **(whole | more))


def draft(*items: Item, source: Source = Source.ANALYST, by: Actor = ANALYST, **more: Any) -> Draft:
    whole: dict[str, Any] = {
        "title": "A 1.0 to 1.1",
        "evidence": (Evidence("requires", "PHP is new enough", against=False), Evidence("untried", "Nobody tried it yet", against=True)),
        "confidence": 0.82 if source is Source.ANALYST else None,
    }
    return Draft(source=source, by=by, items=items or (item(),), **(whole | more))


async def filed(tx: Tx, wanted: Draft | None = None, *, now: datetime = NOW, hours: int = 72, risk: Risk = Risk.MEDIUM) -> Proposal:
    return await proposals.file(
        tx,
        wanted or draft(),
        risk=risk,
        approvals=1,
        approve_by=now + timedelta(hours=hours),
        execute_by=now + timedelta(hours=hours + 24),
        correlation=CorrelationId(new_id()),
        now=now,
    )
