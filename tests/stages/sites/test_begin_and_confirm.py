"""From the pairing string to a paired site, as the control plane's own processes walk it."""

import asyncio
from uuid import uuid4

import pytest

from presswarden.kernel.clock import unix
from presswarden.kernel.ids import EVERYONE, OrgId
from presswarden.sites import service as sites
from presswarden.sites import store
from presswarden.sites.model import (
    ConfirmMismatch,
    InstallationState,
    LabelRefused,
    NoControlKey,
    PairingRefusal,
    SiteLive,
    SiteNotPaired,
    SiteUnknown,
    UrlRefused,
)
from tests.fakes.connector import Connector, read_pairing_string
from tests.stages.sites.conftest import CONTROL, Agency, fill_pool

pytestmark = pytest.mark.req("X1", "X2")


async def test_a_pairing_string_names_control_plane_installation_key_and_a_fresh_secret(agency: Agency) -> None:
    (one, made), (two, _) = await agency.begin("one"), await agency.begin("two")
    read = read_pairing_string(one)
    assert (read["control"], read["installation"], read["v"]) == (CONTROL, made.id, 1)
    assert len(bytes.fromhex(read["secret"])) == 16
    assert len(read["fingerprint"]) == 64
    assert read["secret"] != read_pairing_string(two)["secret"]
    assert read["fingerprint"] != read_pairing_string(two)["fingerprint"], "no two installations share a control key"


async def test_without_a_pooled_key_no_string_is_made(agency: Agency) -> None:
    for number in range(6):
        await agency.begin(f"site {number}")
    with pytest.raises(NoControlKey) as caught:
        await agency.begin("one more")
    assert caught.value.do
    async with agency.database.reading(EVERYONE) as tx:
        assert await sites.pool_size(EVERYONE, tx) == 0


async def test_two_who_ask_at_once_get_two_keys(agency: Agency) -> None:
    made = await asyncio.gather(*(agency.begin(f"site {number}") for number in range(4)))
    assert len({one.control_key for _, one in made}) == 4


async def test_a_new_string_for_the_same_site_ends_the_one_before(agency: Agency) -> None:
    _, first = await agency.begin()
    _, second = await agency.begin()
    async with agency.database.reading(agency.org) as tx:
        assert (await sites.installation(tx, first.id)).state is InstallationState.REVOKED
        assert [one.installation for one in await sites.list_sites(tx)] == [second.id]


async def test_a_site_with_a_live_pairing_gets_no_string(agency: Agency) -> None:
    await agency.paired("shop")
    for name in ("shop", "https://shop.example", "https://shop.example/"):
        with pytest.raises(SiteLive):
            await agency.begin(name)


@pytest.mark.parametrize("label", ["", "   ", "x" * 201, "a\x1b[0m", "a\u202eb"])
async def test_a_label_that_is_not_plain_is_refused(agency: Agency, label: str) -> None:
    with pytest.raises(LabelRefused):
        await agency.begin(label)


@pytest.mark.req("X3")
@pytest.mark.parametrize("control", ["http://control.example", "control.example", "https://control.example/"])
async def test_a_control_url_that_sites_could_not_use_is_refused(agency: Agency, control: str) -> None:
    with pytest.raises(UrlRefused):
        async with agency.database.transaction(agency.org) as tx:
            await sites.begin_pairing(tx, home_label="x", control_url=control, requested_by=agency.owner, now=agency.clock.now())


async def test_confirmation_needs_the_home_and_the_words_of_this_pairing(agency: Agency) -> None:
    text, made = await agency.begin()
    assert await agency.accept(text, Connector("https://shop.example", unix(agency.clock.now()))) is None
    async with agency.database.transaction(agency.org) as tx:
        words = (await sites.installation(tx, made.id)).words.split()
        for home, said in (("https://evil.example", words), ("https://shop.example", words[::-1]), ("https://shop.example", [])):
            with pytest.raises(ConfirmMismatch):
                await sites.confirm_paired(tx, made.id, home=home, words=said, now=agency.clock.now())
        paired = await sites.confirm_paired(tx, made.id, home="https://shop.example", words=words, now=agency.clock.now())
        assert (paired.state, paired.paired_at) == (InstallationState.PAIRED, agency.clock.now())
        assert await sites.confirmations_due(EVERYONE, tx) == ()
        with pytest.raises(SiteNotPaired):
            await sites.confirm_paired(tx, made.id, home="https://shop.example", words=words, now=agency.clock.now())


async def test_only_one_of_two_confirming_installations_of_a_site_becomes_live(agency: Agency) -> None:
    _, made = await agency.paired()
    async with agency.database.transaction(agency.org) as tx:
        with pytest.raises(SiteNotPaired):
            await sites.confirm_paired(tx, made.id, home="https://shop.example", words=[], now=agency.clock.now())


async def test_an_abandoned_confirmation_spends_the_string_and_drops_the_key(agency: Agency) -> None:
    text, made = await agency.begin()
    site = Connector("https://shop.example", unix(agency.clock.now()))
    await agency.accept(text, site)
    async with agency.database.transaction(agency.org) as tx:
        await sites.abandon_confirmation(tx, made.id, reason="site.unreachable", now=agency.clock.now())
        assert (await sites.installation(tx, made.id)).state is InstallationState.REVOKED
        assert await sites.site_keys(tx, made.id, agency.clock.now()) == ()
    assert await agency.accept(text, site) is PairingRefusal.USED


async def test_verifiers_that_ran_out_are_forgotten(agency: Agency) -> None:
    _, unused = await agency.begin("unused")
    text, late = await agency.begin("late")
    await agency.accept(text, Connector("https://late.example", unix(agency.clock.now()), alg="hmac-sha256"))
    agency.clock.advance(minutes=9)
    await _expire(agency)
    assert [await _has_verifier(agency, one) for one in (unused.id, late.id)] == [True, True]
    agency.clock.advance(minutes=1)
    await _expire(agency)
    assert [await _has_verifier(agency, one) for one in (unused.id, late.id)] == [False, False]


@pytest.mark.req("W4")
async def test_another_organisation_sees_neither_site_nor_installation(agency: Agency) -> None:
    _, made = await agency.paired()
    await fill_pool(agency.database, agency.clock, 1)
    async with agency.database.transaction(OrgId(str(uuid4()))) as tx:
        assert await sites.list_sites(tx) == ()
        for look in (sites.installation(tx, made.id), sites.site_of(tx, made.site), sites.find_site(tx, "shop")):
            with pytest.raises(SiteUnknown):
                await look
        with pytest.raises(SiteUnknown):
            await sites.revoke(tx, made.site, by=agency.by, reason="", now=agency.clock.now())
        assert await sites.site_keys(tx, made.id, agency.clock.now()) == ()


async def _expire(agency: Agency) -> None:
    async with agency.database.transaction(EVERYONE) as tx:
        await sites.expire_pairings(EVERYONE, tx, agency.clock.now())


async def _has_verifier(agency: Agency, installation: str) -> bool:
    async with agency.database.reading(agency.org) as tx:
        return await store.verifier(agency.org, tx, installation) is not None
