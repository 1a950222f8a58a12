"""What can happen to a paired site: keys rotate, it is paused and resumed, revoked, found again, and its messages are counted."""

import base64
from uuid import uuid4

import pytest

from presswarden.kernel.clock import from_unix, unix
from presswarden.kernel.ids import EVERYONE, InstallationId, KeyId, SiteId
from presswarden.sites import service as sites
from presswarden.sites.model import (
    ControlKey,
    InstallationChanged,
    MessageMark,
    MessageRefusal,
    NoMove,
    RotationRefused,
    SiteNotPaired,
    SiteUnknown,
)
from tests.fakes.connector import Connector
from tests.stages.sites.conftest import Agency


def proposed(key: Connector, installation: str, epoch: int) -> dict[str, object]:
    public = base64.b64encode(bytes(key.key.verify_key)).decode()
    signed = key.key.sign(f"presswarden-rotate-1\n{installation}\n{epoch}\n{public}".encode()).signature
    return {"epoch": epoch, "public_key": public, "signature": base64.b64encode(signed).decode()}


async def rotate(agency: Agency, installation: InstallationId, wish: dict[str, object]) -> None:
    async with agency.database.transaction(agency.org) as tx:
        await sites.rotate_site_key(tx, installation, **wish, now=agency.clock.now())  # type: ignore[arg-type]  # the cases bend it on purpose


@pytest.mark.req("P6")
async def test_never_more_than_two_site_keys_are_valid_and_the_old_one_a_day_at_most(agency: Agency) -> None:
    _, made = await agency.paired()
    for epoch in (2, 3):
        await rotate(agency, made.id, proposed(Connector("https://shop.example", 0), made.id, epoch))
    async with agency.database.reading(agency.org) as tx:
        assert [key.epoch for key in await sites.site_keys(tx, made.id, agency.clock.now())] == [3, 2]
        agency.clock.advance(hours=23, minutes=59)
        assert len(await sites.site_keys(tx, made.id, agency.clock.now())) == 2
        agency.clock.advance(minutes=1)
        assert [key.epoch for key in await sites.site_keys(tx, made.id, agency.clock.now())] == [3]


@pytest.mark.req("P6")
async def test_a_rotation_that_is_not_the_next_or_not_signed_by_its_own_key_is_refused(agency: Agency) -> None:
    site, made = await agency.paired()
    new, other = Connector("https://shop.example", 0), Connector("https://shop.example", 0)
    good = proposed(new, made.id, 2)
    bad = [
        proposed(new, made.id, 1), proposed(new, made.id, 3), {**good, "signature": proposed(other, made.id, 2)["signature"]},
        {**good, "signature": proposed(new, str(uuid4()), 2)["signature"]}, {**good, "public_key": base64.b64encode(bytes(32)).decode()},
        {**good, "public_key": ""}, proposed(site, made.id, 2),
    ]  # fmt: skip
    for wish in bad:
        with pytest.raises(RotationRefused):
            await rotate(agency, made.id, wish)
    async with agency.database.reading(agency.org) as tx:
        assert [key.kid for key in await sites.site_keys(tx, made.id, agency.clock.now())] == [site.kid]
    await rotate(agency, made.id, good)


async def test_hmac_keys_are_never_rotated(agency: Agency) -> None:
    _, made = await agency.paired(alg="hmac-sha256")
    with pytest.raises(RotationRefused):
        await rotate(agency, made.id, proposed(Connector("https://shop.example", 0), made.id, 2))


async def test_the_control_key_changes_with_the_next_epoch_only(agency: Agency) -> None:
    _, made = await agency.paired()
    async with agency.database.transaction(agency.org) as tx:
        key = ControlKey(KeyId("0123456789abcdef"), b"\x07" * 32)
        with pytest.raises(RotationRefused):
            await sites.pin_control_key(tx, made.id, key, epoch=3, now=agency.clock.now())
        await sites.pin_control_key(tx, made.id, key, epoch=2, now=agency.clock.now())
        found = await sites.installation(tx, made.id)
    assert (found.control_key, found.control_public, found.control_epoch) == (key.id, key.public, 2)


@pytest.mark.req("P6", "S7")
async def test_a_revoked_site_is_served_until_it_was_told_and_its_keys_go_then(agency: Agency) -> None:
    _, made = await agency.paired()
    async with agency.database.transaction(agency.org) as tx:
        ended = await sites.revoke(tx, made.site, by=agency.by, reason="left", now=agency.clock.now())
        assert ended.listens
        assert len(await sites.site_keys(tx, made.id, agency.clock.now())) == 1
        with pytest.raises(SiteNotPaired):
            await sites.revoke(tx, made.site, by=agency.by, reason="again", now=agency.clock.now())
    async with agency.database.reading(EVERYONE) as tx:
        assert [one.id for one in await sites.installations_to_serve(EVERYONE, tx)] == [made.id]
    async with agency.database.transaction(agency.org) as tx:
        await sites.revocation_told(tx, made.id, now=agency.clock.now())
        assert await sites.site_keys(tx, made.id, agency.clock.now()) == ()
        assert not (await sites.installation(tx, made.id)).listens
    async with agency.database.reading(EVERYONE) as tx:
        assert await sites.installations_to_serve(EVERYONE, tx) == ()


async def test_a_wanted_pause_outlives_the_pairing_and_keeps_its_first_reason(agency: Agency) -> None:
    _, made = await agency.paired()
    async with agency.database.transaction(agency.org) as tx:
        for reason in ("sale\x1b[31m", "other"):
            site = await sites.pause(tx, made.site, reason, by=agency.by, now=agency.clock.now())
        assert site.pause_reason == "sale[31m"
        assert (await sites.installation(tx, made.id)).wanted_paused
        await sites.revoke(tx, made.site, by=agency.by, reason="", now=agency.clock.now())
    _, again = await agency.paired()
    assert again.wanted_paused
    async with agency.database.transaction(agency.org) as tx:
        assert not (await sites.resume(tx, made.site, "done", by=agency.by, now=agency.clock.now())).paused
        assert not (await sites.installation(tx, again.id)).wanted_paused


async def test_a_site_is_found_by_id_label_and_home(agency: Agency) -> None:
    _, made = await agency.paired("Shop of Ada")
    async with agency.database.reading(agency.org) as tx:
        for text in (made.site, "Shop of Ada", "https://shop.example", "https://shop.example/"):
            assert (await sites.find_site(tx, text)).id == made.site
        for text in ("", "shop", "https://other.example"):
            with pytest.raises(SiteUnknown):
                await sites.find_site(tx, text)


async def test_a_move_is_done_only_when_it_was_told_and_confirmed_and_names_the_same_home(agency: Agency) -> None:
    _, made = await agency.paired()
    async with agency.database.transaction(agency.org) as tx:
        with pytest.raises(NoMove):
            await sites.confirm_move(tx, made.site, by=agency.owner, now=agency.clock.now())
        await sites.file_move(tx, made, old_home=made.home, new_home="https://new.example", now=agency.clock.now())
        with pytest.raises(NoMove):
            await sites.complete_move(tx, made.id, home="https://new.example", now=agency.clock.now())
        await sites.confirm_move(tx, made.site, by=agency.owner, now=agency.clock.now())
        with pytest.raises(NoMove):
            await sites.complete_move(tx, made.id, home="https://evil.example", now=agency.clock.now())
        assert (await sites.complete_move(tx, made.id, home="https://new.example", now=agency.clock.now())).home == "https://new.example"


@pytest.mark.req("P3")
async def test_ids_nonces_and_numbers_are_taken_once_and_only_rise(agency: Agency) -> None:
    _, made = await agency.paired()

    async def claim(seq: int, name: str = "", nonce: str = "") -> MessageRefusal | None:
        mark = MessageMark(name or str(uuid4()), nonce or uuid4().hex, seq, "heartbeat", agency.clock.now())
        async with agency.database.transaction(agency.org) as tx:
            return await sites.claim_message(tx, made, mark, now=agency.clock.now())

    name, nonce = str(uuid4()), uuid4().hex
    assert await claim(1, name, nonce) is None
    assert await claim(2, name) is MessageRefusal.REPLAY
    assert await claim(2, nonce=nonce) is MessageRefusal.REPLAY
    assert await claim(1) is MessageRefusal.SEQUENCE
    assert await claim(7) is None
    assert await claim(6) is MessageRefusal.SEQUENCE
    agency.clock.advance(minutes=16)
    async with agency.database.transaction(EVERYONE) as tx:
        await sites.expire_pairings(EVERYONE, tx, agency.clock.now())
    assert await claim(7, name, nonce) is MessageRefusal.SEQUENCE, "an id that was forgotten is still held by its number"


async def test_nothing_is_claimed_for_a_site_that_was_told_of_its_end(agency: Agency) -> None:
    _, made = await agency.paired()
    async with agency.database.transaction(agency.org) as tx:
        await sites.revoke(tx, made.site, by=agency.by, reason="", now=agency.clock.now())
        await sites.revocation_told(tx, made.id, now=agency.clock.now())
        ended = await sites.installation(tx, made.id)
    mark = MessageMark(str(uuid4()), uuid4().hex, 1, "heartbeat", from_unix(unix(agency.clock.now())))
    with pytest.raises(InstallationChanged):
        async with agency.database.transaction(agency.org) as tx:
            await sites.claim_message(tx, made, mark, now=agency.clock.now())
    async with agency.database.transaction(agency.org) as tx:
        assert await sites.claim_message(tx, ended, mark, now=agency.clock.now()) is MessageRefusal.INSTALLATION


async def test_an_unknown_site_has_no_verbs(agency: Agency) -> None:
    nobody = SiteId(str(uuid4()))
    async with agency.database.transaction(agency.org) as tx:
        for verb in (sites.pause(tx, nobody, "", by=agency.by, now=agency.clock.now()), sites.site_of(tx, nobody)):
            with pytest.raises(SiteUnknown):
                await verb
