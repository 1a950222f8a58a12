"""What the database itself keeps of consents and policies, whatever the code above it does."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from presswarden.approvals import service as approvals
from presswarden.approvals import store
from presswarden.approvals.model import Given, Way
from presswarden.kernel.ids import PersonId, ProposalId
from tests.stages.approvals.documents import stricter
from tests.stages.approvals.office import Office

pytestmark = pytest.mark.req("X6", "W19")


def _given(office: Office, person: PersonId, **more: object) -> Given:
    whole: dict[str, object] = {
        "org": office.org, "proposal": ProposalId("p" * 36), "digest": "d" * 64, "person": person, "yes": True, "way": Way.TERMINAL,
        "passkey": "", "policy_version": "v" * 64, "reason": "", "at": office.clock.now(),
    }  # fmt: skip
    return Given(**{**whole, **more})  # type: ignore[arg-type]  # of the field's own name


async def _written(office: Office, given: Given, proposer: str, *, alone: bool = False) -> None:
    async with office.database.transaction(office.org) as tx:
        await store.add(office.org, tx, given, proposer=proposer, alone=alone, assertion=None)


async def test_the_database_refuses_the_proposers_own_yes(office: Office) -> None:
    with pytest.raises(IntegrityError):
        await _written(office, _given(office, office.olga), office.olga)
    await _written(office, _given(office, office.olga), office.olga, alone=True)


async def test_the_database_refuses_a_second_yes_of_one_person_and_of_one_passkey(office: Office) -> None:
    anna, berta = await office.person("Anna"), await office.person("Berta")
    tap = {"way": Way.PASSKEY, "passkey": "k1"}
    await _written(office, _given(office, anna, **tap), office.olga)
    for second in (_given(office, anna, way=Way.PASSKEY, passkey="k2"), _given(office, berta, **tap)):
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
    await _written(office, _given(office, anna), office.olga)
    async with office.database.transaction(office.org) as tx:
        await approvals.activate_policy(tx, stricter(), by=office.olga, now=office.clock.now())
    with pytest.raises(DBAPIError, match="append-only"):
        async with office.database.transaction(office.org) as tx:
            await tx.execute(text(attack))


async def test_a_consent_can_not_be_replaced(office: Office) -> None:
    anna = await office.person("Anna")
    await _written(office, _given(office, anna), office.olga)
    columns = "org, proposal, digest, person, yes, way, passkey, proposer, alone, policy_version, reason, assertion, at"
    again = f"INTO consents ({columns}) SELECT {columns} FROM consents"
    attack = f"REPLACE {again}"
    if not office.database.is_sqlite:
        attack = f"INSERT {again} ON CONFLICT ON CONSTRAINT pk_consents DO UPDATE SET digest = 'e'"
    with pytest.raises(DBAPIError, match="append-only"):
        async with office.database.transaction(office.org) as tx:
            await tx.execute(text(attack))
