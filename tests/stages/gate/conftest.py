"""One approved plan on each database."""

import pytest

from presswarden.kernel.db import Database
from presswarden.kernel.ids import OrgId
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import Office, opened
from tests.stages.gate.case import Case, approved


@pytest.fixture
async def case(database: Database, frozen: FrozenClock, org: OrgId) -> Case:
    return await approved(await opened(database, frozen, org))


@pytest.fixture
async def office(database: Database, frozen: FrozenClock, org: OrgId) -> Office:
    return await opened(database, frozen, org)
