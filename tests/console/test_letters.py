"""An invitation goes by mail where a mail server is set, and is shown once either way."""

import re

import pytest

from presswarden.identity.model import Role
from presswarden.kernel.ids import EVERYONE
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import Way
from presswarden.reports.pulse import service as pulse
from tests.console.rig import House, text_of
from tests.support.couriers import courier_box

pytestmark = pytest.mark.req("N19", "X10")
FORM = {"name": "Nina New", "mail": "nina@example.org", "role": "viewer", "over": "everything"}


@pytest.mark.parametrize("mail", [True, False])
async def test_an_invitation_is_mailed_where_mail_goes_out(lone: House, mail: bool) -> None:
    async with lone.database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "courier", {"mail": mail}, lone.clock.now())
    answer = await (await lone.as_role(Role.OWNER)).post("/people/invite", FORM)
    assert answer.status_code == 200
    (link, *_) = re.findall(r"http://localhost:8700/\S+?(?=[<\"&])", answer.text)
    async with lone.database.reading(lone.org) as tx:
        queued = await notices.due(tx, lone.clock.now())
    assert ("on its way by mail to nina@example.org" in text_of(answer)) is mail
    if not mail:
        assert queued == ()
        return
    (letter,) = queued
    assert (letter.way, letter.to) == (Way.LETTER, "nina@example.org")
    assert link in notices.text_of(lone.org, await courier_box(lone.database), letter)
    assert "Olga Owner invites you to Northwind" in letter.says
