"""An invitation goes by mail where a mail server is set, through a real mail server to a person with the role it names; it is shown once either way."""

import re

import pytest

from presswarden.identity.model import Role
from presswarden.kernel.ids import EVERYONE
from presswarden.outside.hooks import Hooks
from presswarden.outside.mail import Mailer, MailServer
from presswarden.processes.sending import Sending
from presswarden.reports.notices import service as notices
from presswarden.reports.notices.model import Way
from presswarden.reports.pulse import service as pulse
from tests.console.newcomer import newcomer, passkey
from tests.console.rig import URL, House, text_of
from tests.fakes.clock import FrozenClock
from tests.fakes.post import post_office
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


async def test_the_mailed_link_makes_an_account_with_the_role_it_names(house: House, frozen: FrozenClock) -> None:
    """From the form to the mail server, from the mail to the page, from the page to a passkey and what the role may."""
    async with house.database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "courier", {"mail": True}, frozen.now())
    owner = await house.as_role(Role.OWNER)
    shown = await owner.post("/people/invite", {**FORM, "role": "operator"})
    async with post_office(login=("courier", "its password")) as post:
        server = MailServer("smtp", "localhost", post.port, "courier", "its password", "presswarden@agency.example")
        sending = Sending(
            house.database,
            frozen,
            url=URL,
            mailer=Mailer(server, seconds=5),
            hooks=Hooks((), seconds=1),
            box=await courier_box(house.database),
        )
        assert await sending.round() == 1
        assert await sending.round() == 0, "once"
    (letter,) = post.mails
    assert (letter["To"], letter["From"]) == ("nina@example.org", "presswarden@agency.example")
    assert letter["Subject"] == "Olga Owner invites you to Northwind"
    (path,) = re.findall(rf"{URL}(/invitation/[A-Za-z0-9_-]{{43}})", letter.get_payload(decode=True).decode())  # type: ignore[union-attr]  # bytes
    assert path in shown.text
    nina, key = newcomer(house), passkey("nina")
    assert "operator" in text_of(await nina.get(path))
    assert (await nina.send(path, {"name": "Nina"})).headers["location"] == "/welcome"
    assert (await nina.add_key(key)).status_code == 303
    again = newcomer(house)
    assert (await again.sign_in_by_key(key)).status_code == 303
    assert (await again.get("/sites/new")).status_code == 200, "as an operator may"
    assert (await again.get("/proposals/reviewers")).status_code == 403, "as no operator may"
    late = newcomer(house)
    assert (await late.get(path)).status_code == 410, "the link worked once"
    assert path not in (await owner.get("/people")).text


async def test_without_mail_the_link_is_shown_once_and_nothing_waits(lone: House) -> None:
    owner = await lone.as_role(Role.OWNER)
    shown = await owner.post("/people/invite", FORM)
    (path, *_) = re.findall(r"/invitation/[A-Za-z0-9_-]{43}", shown.text)
    assert "Give this link to Nina New." in text_of(shown)
    assert path not in (await owner.get("/people")).text
    async with lone.database.reading(lone.org) as tx:
        assert (await notices.given(tx)).waiting == 0
    assert (await newcomer(lone).get(path)).status_code == 200
