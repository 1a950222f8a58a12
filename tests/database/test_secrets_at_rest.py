"""Which columns could hold a secret, all of them, and how each is kept: the list is walked from the schema, so a new column has to say what it is."""

import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import JSON, Column, LargeBinary, String, text
from sqlalchemy.exc import ProgrammingError

from presswarden.identity import service as identity
from presswarden.kernel.db import Base, Database
from presswarden.kernel.ids import EVERYONE, OrgId, PersonId, new_id
from presswarden.kernel.sealing import Box, KekMissing, SealBroken, make_kek, read_kek, seal_to
from presswarden.kernel.store import public_of, require_box
from presswarden.outside.hooks import Hooks
from presswarden.processes.home import KekStrange, require_each_fitting
from presswarden.processes.home import box as own_box
from presswarden.processes.sending import Sending
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import NoCourier
from tests.database.test_migrations import _differences
from tests.fakes.clock import FrozenClock
from tests.stages.outside.servers import LOOPBACK
from tests.support.couriers import COURIER, courier_box
from tests.support.roles import apart, url_as

pytestmark = pytest.mark.req("W9", "W20")

SUSPECT = re.compile(
    r"key|secret|token|passw|seed|digest|hash|code|text|body|sealed|wrapped|verifier|ticket|nonce|challenge|proof|args|outcome|signature|private|public"
)
HASHED = {  # a hash of something random, or of what everybody may know
    "api_answers.digest", "api_tokens.digest", "audit_events.leaf_hash", "audit_leaves.leaf_hash", "audit_nodes.node_hash", "consent_tickets.digest",
    "consent_tickets.hash", "consents.digest", "gate_permits.args_hash", "invitations.digest", "known_browsers.digest", "mailbox_envelopes.args_hash",
    "policy_documents.digest", "proposals.digest", "recovery_codes.digest", "sessions.digest", "setup_codes.digest", "spent_challenges.digest",
    "telemetry_heartbeats.inventory_hash", "telemetry_inventories.hash", "telemetry_standings.inventory_hash", "accounts.password",
    "login_passkeys.fingerprint", "passkeys.fingerprint", "api_answers.key",
}  # fmt: skip
SEALED = {  # opened by one process's KEK and nobody else's
    "accounts.seed", "audit_logs.sealed_seed", "call_keys.sealed", "call_keys.sealed_site", "control_keys.wrapped", "notice_deliveries.sealed",
    "notice_webhooks.sealed", "org_keys.wrapped", "process_boxes.wrapped", "site_keys.sealed",
}  # fmt: skip
MINUTES = {"installations.verifier"}
"""What a pairing string is proved by: as good as the string for the ten minutes that it lives, gone as soon as it served (`sites.pairing`)."""
EMPTY = {"notice_webhooks.key", "notice_deliveries.text"}
"""Of an older program: the courier seals what it finds there, and nothing writes to them any more."""
TOLD = {  # on the wire, in the record or on a page, by what they are
    "api_tokens.token", "audit_checkpoints.text", "audit_checks.open_key", "audit_logs.public", "call_keys.public", "changes.code",
    "control_key_pool.public", "control_keys.public", "incidents.open_key", "installations.control_key", "installations.control_public",
    "login_passkeys.public", "mailbox_envelopes.body", "mailbox_envelopes.nonce", "mailbox_envelopes.returned_body", "mailbox_envelopes.returned_signature",
    "mailbox_requests.args", "mailbox_requests.outcome", "passkey_enrolments.challenge", "passkeys.public", "process_boxes.public", "proposal_packages.code",
    "site_keys.public", "site_messages.nonce", "standing_orders.signature", "standing_orders.text", "api_answers.body", "consents.passkey",
}  # fmt: skip


def _columns() -> dict[str, Column[Any]]:
    return {f"{table.name}.{column.name}": column for table in Base.metadata.tables.values() for column in table.columns}


async def test_every_column_that_could_hold_a_secret_says_how_it_is_kept(database: Database) -> None:
    async with database.engine.connect() as connection:
        assert await connection.run_sync(_differences) == [], "what is mapped is what the database has"
    known = HASHED | SEALED | EMPTY | MINUTES | TOLD
    found = {
        name
        for name, column in _columns().items()
        if SUSPECT.search(name.partition(".")[2]) and isinstance(column.type, String | LargeBinary | JSON)
    }
    assert found - known == set(), "a new column: sealed, hashed, or nothing secret?"
    assert known - set(_columns()) == set()
    assert all(isinstance(_columns()[name].type, LargeBinary) for name in SEALED)


async def _owner(database: Database, org: OrgId, clock: FrozenClock) -> PersonId:
    async with database.transaction(org) as tx:
        await identity.create_organisation(tx, "Agency", "Olga", "olga@example.org", clock.now())
        return (await identity.owner(tx)).id


async def _held(database: Database) -> str:
    """All that the tables of notices hold."""
    async with database.reading(EVERYONE) as tx:
        rows = [row for name in ("notice_webhooks", "notice_deliveries") for row in await tx.execute(text(f"SELECT * FROM {name}"))]
    return "\n".join(repr(tuple(bytes(part) if isinstance(part, memoryview) else part for part in row)) for row in rows)


async def test_webhook_keys_and_letters_lie_sealed_and_the_courier_alone_opens_them(
    database: Database, org: OrgId, frozen: FrozenClock
) -> None:
    owner, mine = await _owner(database, org, frozen), await courier_box(database)
    async with database.transaction(org) as tx:
        hook, key = await notices.add_webhook(tx, "https://hooks.example/in", by=owner, now=frozen.now())
        await notices.write(tx, "ida@example.org", "You are invited", "the link is canary-0123456789", now=frozen.now())
    held = await _held(database)
    assert key not in held
    assert key.removeprefix("whsec_") not in held
    assert "canary" not in held
    other = Box("courier", bytes(range(32)))
    async with database.reading(org) as tx:
        assert await notices.place_of(tx, mine, hook.id) == ("https://hooks.example/in", key)
        (letter,) = await notices.due(tx, frozen.now())
        assert notices.text_of(org, mine, letter) == "the link is canary-0123456789"
        with pytest.raises(SealBroken):
            await notices.place_of(tx, other, hook.id)
        for moved in (replace(letter, id="msg_another"), replace(letter, sealed=b"x"), replace(letter, sealed=b"\x00" * 80)):
            with pytest.raises(SealBroken):
                notices.text_of(org, mine, moved)
    with pytest.raises(SealBroken):
        notices.text_of(OrgId(new_id()), mine, letter)


async def test_what_an_older_program_left_in_the_open_is_sealed_by_the_courier(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    owner, mine = await _owner(database, org, frozen), await courier_box(database)
    async with database.transaction(org) as tx:
        hook, _ = await notices.add_webhook(tx, "https://hooks.example/in", by=owner, now=frozen.now())
        await notices.write(tx, "ida@example.org", "You are invited", "", now=frozen.now())
    async with database.transaction(EVERYONE) as tx:
        await tx.execute(text("UPDATE notice_webhooks SET key = 'whsec_canary', sealed = NULL"))
        await tx.execute(text("UPDATE notice_deliveries SET text = 'canary letter', sealed = NULL"))
    await Sending(database, frozen, url="https://control.example", mailer=None, hooks=Hooks(LOOPBACK, seconds=1), box=mine).round()
    assert "canary" not in await _held(database)
    async with database.reading(org) as tx:
        assert await notices.place_of(tx, mine, hook.id) == ("https://hooks.example/in", "whsec_canary")
        (letter,) = await notices.due(tx, frozen.now())
    assert notices.text_of(org, mine, letter) == "canary letter"


async def test_without_a_courier_nothing_is_kept_that_nobody_could_open(database: Database, org: OrgId, frozen: FrozenClock) -> None:
    owner = await _owner(database, org, frozen)
    for wanted in (
        lambda tx: notices.add_webhook(tx, "https://hooks.example/in", by=owner, now=frozen.now()),
        lambda tx: notices.write(tx, "ida@example.org", "You are invited", "text", now=frozen.now()),
    ):
        with pytest.raises(NoCourier):
            async with database.transaction(org) as tx:
                await wanted(tx)
    assert await _held(database) == ""


async def test_a_box_is_made_once_and_opens_with_its_own_key_alone(database: Database, tmp_path: Path) -> None:
    path = tmp_path / "keys" / "courier.kek"
    made = await own_box("courier", path, database)
    assert path.stat().st_mode & 0o777 == 0o600
    assert await own_box("courier", path, database) == made
    async with database.reading(OrgId(new_id())) as tx:
        assert await public_of(tx.org, tx, "courier") == made.public
    async with database.reading(EVERYONE) as tx:
        with pytest.raises(SealBroken):
            await require_box(EVERYONE, tx, COURIER)
    assert made.open(seal_to(made.public, b"told", "here"), "here") == b"told"
    with pytest.raises(SealBroken):
        made.open(seal_to(made.public, b"told", "here"), "there")
    path.unlink()
    with pytest.raises(KekMissing):
        await own_box("courier", path, database)
    make_kek("courier", path)
    with pytest.raises(KekStrange):
        await own_box("courier", path, database)
    with pytest.raises(KekStrange):
        await require_each_fitting(database, read_kek("courier", path))
    assert repr(made) == "Box(owner='courier')"


@pytest.fixture
def parted(postgres_cluster: str) -> Iterator[str]:
    with apart(postgres_cluster) as url:
        yield url


@pytest.mark.postgres
@pytest.mark.req("W5")
async def test_apart_the_courier_makes_its_box_and_the_web_process_seals_to_it(parted: str, frozen: FrozenClock, tmp_path: Path) -> None:
    """Each as its own login: what the one makes, the other may use and not make."""
    databases = courier, web, owners = [Database(url_as(name, parted)) for name in ("courier", "web", "owner")]
    org = OrgId(new_id())
    try:
        owner = await _owner(owners, org, frozen)
        with pytest.raises(ProgrammingError, match="permission denied"):
            await courier_box(web)
        mine = await own_box("courier", tmp_path / "keys" / "courier.kek", courier)
        async with web.transaction(org) as tx:
            hook, key = await notices.add_webhook(tx, "https://hooks.example/in", by=owner, now=frozen.now())
        async with courier.reading(org) as tx:
            assert await notices.place_of(tx, mine, hook.id) == ("https://hooks.example/in", key)
    finally:
        for each in databases:
            await each.dispose()
