"""What a plan holds as people read it: the way back of each act, and what that way does not restore. Limits: texts; nothing is decided by them."""

from collections.abc import Iterable
from typing import Final

from presswarden.proposals.model import Leaf, LeafRole, Plan

CHUNKED: Final = " A large MySQL or MariaDB database is taken chunked, not a point in time."
"""Of what holds the tables too. SQLite copies itself in one go, and so does a database that 25 seconds are enough for."""


def way_back(act: Leaf, roles: Iterable[LeafRole]) -> str:
    """How an act is taken back. `roles`: of the leaves that stand in the plan for the same change."""
    there = set(roles)
    if LeafRole.TAKE_BACK in there:
        says = (
            "A snapshot is made and verified on the site first. When a check fails, or nobody says within 15 minutes that all is well, "
            f"the files of {act.component} are put back, by us or by the site's own watchdog. Not put back by itself: the database, so "
            "posts, orders and users written meanwhile stay; where the update changed tables, a person decides."
        )
        if act.tool in {"wp.plugin.update", "wp.core.update"}:
            says += CHUNKED
        return says + (" Where the old files do not help, the plugin is switched off." if LeafRole.DEACTIVATE in there else "")
    if act.tool == "wp.snapshot.delete":
        return "None: a deleted snapshot is gone for good."
    if act.tool == "wp.snapshot.restore":
        return "A copy of what stands there now is made first where the disk allows; what was written since the snapshot is lost."
    return "None by itself: no snapshot belongs to it."


def roles_beside(plan: Plan, act: Leaf) -> frozenset[LeafRole]:
    """What else stands in the plan for the act's own change."""
    return frozenset(other.role for other in plan.leaves if other.change == act.change and other.change is not None)
