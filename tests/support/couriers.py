"""The courier's box, as it makes one when it starts: what is sealed for it in a test is opened with it."""

from typing import Final

from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Box, Kek
from presswarden.kernel.store import box

COURIER: Final = Kek("courier", b"c" * 32)


async def courier_box(database: Database) -> Box:
    async with database.transaction(EVERYONE) as tx:
        return await box(EVERYONE, tx, COURIER)
