"""What runs where, in columns: written with each inventory, and gone with it."""

import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from presswarden.telemetry.roll import service as roll
from presswarden.telemetry.roll import store
from presswarden.telemetry.roll.model import roll_of, running
from tests.fakes.clock import FrozenClock
from tests.support.shop import AKISMET, COMPONENTS, offered, open_shop


@pytest.mark.req("S1")
async def test_an_inventory_is_told_in_columns_and_what_left_it_leaves_them(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    shop = await open_shop(database, org, frozen.now())
    await shop.report(offered(), frozen.now())
    async with database.reading(org) as tx:
        found = await store.components(org, tx, shop.site)
    assert {key: one.version for key, one in found.items()} == {"core": "7.1.4", "php": "8.2.7", AKISMET: "5.7.2"}
    assert found[AKISMET].name == "Akismet"
    async with database.transaction(org) as tx:
        await roll.seen(tx, shop.site, {"core": {"version": "7.2"}})
        assert {key: one.version for key, one in (await store.components(org, tx, shop.site)).items()} == {"core": "7.2"}


def test_updates_are_counted_by_their_kind() -> None:
    told = roll_of({**offered(), "update:core": {"version": "7.2", "package": True}, "update:theme:astra": {"version": "5"}})
    assert (told.core_updates, told.plugin_updates, told.theme_updates, told.updates) == (1, 1, 1, 3)
    assert (told.wordpress, told.php) == ("7.1.4", "8.2.7")
    assert roll_of({}).updates == 0


def test_what_a_site_names_too_long_is_cut_or_left_out() -> None:
    found = running(
        {**COMPONENTS, "plugin:" + "a" * 400: {"version": "1"}, "theme:x": {"name": "n" * 900, "version": "v" * 900, "active": False}}
    )
    assert set(found) == {"core", "php", AKISMET, "theme:x"}
    assert (len(found["theme:x"].name), len(found["theme:x"].version), found["theme:x"].active) == (200, 100, False)
