"""What the database itself keeps of consents and policies, whatever the code above it does."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from presswarden.approvals import service as approvals
from presswarden.approvals import store
from presswarden.approvals.model import Given, Way
from presswarden.audit.model import Actor
from presswarden.identity.model import Role
from presswarden.kernel.ids import PersonId, ProposalId
from presswarden.proposals import service as proposals
from presswarden.proposals.model import Proposal, ProposalState
from tests.stages.approvals.documents import stricter
from tests.stages.approvals.office import ANALYST, Office

pytestmark = pytest.mark.req("X6", "W19")


def _given(office: Office, filed: Proposal, person: PersonId, **more: object) -> Given:
    whole: dict[str, object] = {
        "org": office.org, "proposal": filed.id, "digest": filed.plan.digest, "person": person, "yes": True, "way": Way.TERMINAL,
        "passkey": "", "policy_version": "v" * 64, "reason": "", "at": office.clock.now(),
    }  # fmt: skip
    return Given(**{**whole, **more})  # type: ignore[arg-type]  # of the field's own name


async def _written(office: Office, given: Given, proposer: str, *, alone: bool = False) -> None:
    async with office.database.transaction(office.org) as tx:
        await store.add(office.org, tx, given, proposer=proposer, alone=alone, assertion=None)


async def _filed(office: Office, label: str = "shop", **more: object) -> Proposal:
    filed, _ = await office.submit(office.item(await office.site(label), **more))
    return filed


async def test_the_database_refuses_the_proposers_own_yes(office: Office) -> None:
    filed, anna = await _filed(office), await office.person("Anna")
    for said_to_be_by in (office.olga, anna):  # also when whoever writes it down names another proposer
        with pytest.raises(DBAPIError):
            await _written(office, _given(office, filed, office.olga), said_to_be_by)
    await _written(office, _given(office, filed, office.olga), office.olga, alone=True)


async def test_the_database_refuses_the_yes_of_whoever_adopted_it(office: Office) -> None:
    anna = await office.person("Anna", Role.ADMIN)
    filed, _ = await office.submit(office.item(await office.site()), by=ANALYST, confidence=0.9)
    async with office.database.transaction(office.org) as tx:
        await proposals.adopt(tx, filed.id, Actor("person", anna), office.clock.now())
    with pytest.raises(DBAPIError, match="no such consent"):
        await _written(office, _given(office, filed, anna), ANALYST.id)


@pytest.mark.parametrize("wrong", [{"digest": "d" * 64}, {"proposal": ProposalId("p" * 36)}])
async def test_the_database_refuses_a_consent_to_another_plan(office: Office, wrong: dict[str, object]) -> None:
    filed, anna = await _filed(office), await office.person("Anna")
    for yes in (True, False):
        with pytest.raises(DBAPIError, match="no such consent"):
            await _written(office, _given(office, filed, anna, yes=yes, **wrong), office.olga)


async def test_the_database_refuses_a_yes_to_what_was_decided(office: Office) -> None:
    filed, anna = await _filed(office), await office.person("Anna")
    async with office.database.transaction(office.org) as tx:
        by = Actor("person", anna)
        await proposals.move(tx, filed.id, ProposalState.REJECTED, by=by, why="not today", now=office.clock.now())
    with pytest.raises(DBAPIError, match="no such consent"):
        await _written(office, _given(office, filed, anna), office.olga)


async def test_the_database_refuses_a_grave_yes_from_a_session(office: Office) -> None:
    anna = await office.person("Anna")
    filed, grave = await _filed(office), await _filed(office, "blog", package="")
    await _written(office, _given(office, filed, anna, way=Way.CONSOLE), office.olga)
    with pytest.raises(DBAPIError, match="no such consent"):
        await _written(office, _given(office, grave, anna, way=Way.CONSOLE), office.olga)
    await _written(office, _given(office, grave, anna, way=Way.CONSOLE, yes=False), office.olga)


async def test_the_database_refuses_a_second_yes_of_one_person_and_of_one_passkey(office: Office) -> None:
    filed, anna, berta = await _filed(office), await office.person("Anna"), await office.person("Berta")
    tap = {"way": Way.PASSKEY, "passkey": "k1"}
    await _written(office, _given(office, filed, anna, **tap), office.olga)
    for second in (_given(office, filed, anna, way=Way.PASSKEY, passkey="k2"), _given(office, filed, berta, **tap)):
        with pytest.raises(DBAPIError, match=r"(?i)unique|duplicate|append-only"):
            await _written(office, second, office.olga)


@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE consents SET yes = NOT yes",
        "UPDATE consents SET digest = 'e'",
        "DELETE FROM consents",
        "UPDATE policy_documents SET digest = 'e'",
        "DELETE FROM policy_documents",
        "UPDATE policy_activations SET version = 9",
        "DELETE FROM policy_activations",
    ],
)
async def test_what_was_consented_and_put_in_force_neither_changes_nor_goes(office: Office, attack: str) -> None:
    anna = await office.person("Anna")
    await _written(office, _given(office, await _filed(office), anna), office.olga)
    async with office.database.transaction(office.org) as tx:
        await approvals.activate_policy(tx, stricter(), by=office.olga, now=office.clock.now())
    with pytest.raises(DBAPIError, match="append-only"):
        async with office.database.transaction(office.org) as tx:
            await tx.execute(text(attack))


async def test_a_consent_can_not_be_replaced(office: Office) -> None:
    anna = await office.person("Anna")
    await _written(office, _given(office, await _filed(office), anna), office.olga)
    columns = "org, proposal, digest, person, yes, way, passkey, proposer, alone, policy_version, reason, assertion, at, read_seconds"
    again = f"INTO consents ({columns}) SELECT {columns} FROM consents"
    attack = f"REPLACE {again}"
    if not office.database.is_sqlite:
        attack = f"INSERT {again} ON CONFLICT ON CONSTRAINT pk_consents DO UPDATE SET digest = 'e'"
    with pytest.raises(DBAPIError, match="append-only"):
        async with office.database.transaction(office.org) as tx:
            await tx.execute(text(attack))
