"""What people read of the way back before they say yes."""

from datetime import UTC, datetime

import pytest

from presswarden.audit.model import Actor
from presswarden.kernel.ids import InstallationId, OrgId, SiteId, new_id
from presswarden.proposals.model import LeafRole
from presswarden.proposals.snapshots import Act, draft
from presswarden.proposals.words import CHUNKED, way_back
from presswarden.sites.model import InstallationState, Site
from tests.stages.proposals.drafts import item
from tests.stages.proposals.test_plan import made

pytestmark = pytest.mark.req("W14")
BACK = frozenset({LeafRole.TAKE_BACK})


@pytest.mark.parametrize(
    ("tool", "component", "holds_tables"),
    [("wp.plugin.update", "plugin:a/a.php", True), ("wp.core.update", "core", True), ("wp.theme.update", "theme:t", False)],
)
def test_a_snapshot_that_may_be_no_point_in_time_says_so_before_anybody_agrees(tool: str, component: str, holds_tables: bool) -> None:
    (act, *_) = made(item(tool, component)).leaves
    assert (CHUNKED in way_back(act, BACK)) is holds_tables
    assert "chunked, not a point in time" in CHUNKED
    assert CHUNKED not in way_back(act, frozenset())


@pytest.mark.parametrize(
    ("act", "point_in_time", "says"),
    [(Act.DATABASE, False, True), (Act.DATABASE, True, False), (Act.FILES, False, False), (Act.DELETE, False, False)],
)
def test_putting_back_tables_that_are_no_point_in_time_speaks_against_itself(act: Act, point_in_time: bool, says: bool) -> None:
    now = datetime(2026, 11, 20, tzinfo=UTC)
    site = Site(
        OrgId(new_id()),
        SiteId(new_id()),
        "shop",
        "https://shop.example",
        now,
        InstallationId(new_id()),
        InstallationState.PAIRED,
        now,
        None,
        None,
    )
    kept = {
        "id": new_id(),
        "component": "plugin:a/a.php",
        "version": "1.0",
        "database": True,
        "state": "verified",
        "point_in_time": point_in_time,
    }
    told = draft(site, kept, act, Actor("person", new_id()))
    assert ("chunked" in {one.code for one in told.evidence if one.against}) is says
