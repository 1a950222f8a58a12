"""Links and addresses at the command line: invitations, ways back, a new public address, and the code that a start prints while nobody can sign in."""

from datetime import timedelta

import pytest

from lab.authenticator import Authenticator
from presswarden.identity import service as identity
from presswarden.identity.accounts import service as accounts
from presswarden.identity.invitations import service as invitations
from presswarden.identity.model import Role
from presswarden.identity.sessions import service as sessions
from presswarden.identity.sessions.model import Way
from presswarden.kernel.clock import SystemClock
from presswarden.kernel.ids import EVERYONE
from presswarden.kernel.sealing import Kek
from presswarden.kernel.webauthn import Party
from presswarden.processes.web import offer_setup
from presswarden.reports.notices import service as notices
from presswarden.reports.pulse import service as pulse
from tests.support.couriers import courier_box
from tests.support.office import Office
from tests.support.shop import Shop

pytestmark = pytest.mark.req("X10")
KEK, PROMPT = Kek("web", b"w" * 32), r"Type (\S+) to go on"


def _with_key(office: Office, name: str) -> None:
    """Signed in by a passkey of the address that the office has."""

    async def add(shop: Shop) -> None:
        now, key = SystemClock().now(), Authenticator(name, "localhost", "http://localhost:8700")
        async with shop.database.transaction(shop.org) as tx:
            who = await identity.find_person(tx, f"{name}@example.org")
            challenge = accounts.new_challenge(KEK, accounts.REGISTER, "x", now)
            await accounts.add_key(
                tx, KEK, who.id, key.register(challenge), challenge, Party(key.rp_id, key.origin), name="phone", bound="x", now=now
            )
            await sessions.begin(tx, who.id, Way.PASSKEY, source="", browser="", now=now)

    office.do(add)


def test_a_link_of_the_command_line_lets_in_once_with_the_role_it_names(on_both: Office) -> None:
    made = on_both.ask("person", "invite", "Nora", "nora@example.org", "--role", "approver")
    assert made["link"].startswith("http://localhost:8700/invitation/")
    secret = made["link"].rpartition("/")[2]

    async def take(shop: Shop) -> set[Role]:
        now = SystemClock().now()
        async with shop.database.reading(EVERYONE) as tx:
            found = await invitations.find(EVERYONE, tx, secret, now)
        async with shop.database.transaction(shop.org) as tx:
            return set((await invitations.accept(tx, found, name="Nora", now=now)).roles)

    assert on_both.do(take) == {Role.APPROVER}
    assert on_both.run("person", "invite", "Nora", "nora@example.org").exit_code != 0
    assert "nora@example.org" in on_both.run("person", "list").output


def test_where_mail_goes_out_an_invitation_of_the_command_line_is_mailed_too(office: Office) -> None:
    async def runs(shop: Shop) -> None:
        await courier_box(shop.database)
        async with shop.database.transaction(EVERYONE) as tx:
            await pulse.beat(EVERYONE, tx, "courier", {"mail": True}, SystemClock().now())

    async def waiting(shop: Shop) -> list[str]:
        async with shop.database.reading(shop.org) as tx:
            return [one.to for one in await notices.due(tx, SystemClock().now())]

    office.run("person", "invite", "Ida", "ida@example.org")
    assert office.do(waiting) == [], "no courier said that mail goes out"
    office.do(runs)
    ran = office.run("person", "invite", "Nora", "nora@example.org")
    assert "It is on its way by mail too." in ran.output
    assert office.do(waiting) == ["nora@example.org"]


def test_a_way_back_is_an_owners_to_give(office: Office) -> None:
    office.join("anna", Role.ADMIN)
    refused = office.run("person", "back", "olga@example.org", who="anna")
    assert (refused.exit_code, "identity.forbidden" in refused.output) == (3, True)
    assert "/invitation/" in office.run("person", "back", "anna@example.org").output


def test_a_new_address_needs_its_name_typed_at_a_terminal(office: Office) -> None:
    _with_key(office, "olga")
    piped = office.run("url", "change", "https://control.example", typed="control.example\n")
    assert piped.exit_code != 0
    assert "1 people could not sign in any more" in piped.output
    wrong = office.sit("url", "change", "https://control.example", prompt=PROMPT, answer="yes")
    assert "Nothing was changed." in wrong.screen
    assert _sessions(office) == 1


def test_a_new_address_ends_sessions_and_gives_those_a_link_who_could_not_come_back(office: Office) -> None:
    office.join("anna", Role.ADMIN)
    _with_key(office, "olga")
    done = office.sit("url", "change", "https://control.example", prompt=PROMPT)
    assert done.code == 0, done.screen
    assert "Ended 1 sessions." in done.screen
    assert done.screen.count("https://control.example/invitation/") == 1
    assert "olga@example.org" in done.screen
    assert 'url = "https://control.example"' in done.screen
    assert _sessions(office) == 0


def test_a_new_port_under_the_same_name_keeps_passkeys(office: Office) -> None:
    _with_key(office, "olga")
    done = office.sit("url", "change", "http://localhost:8800", prompt=PROMPT)
    assert "0 passkeys to sign in with become void" in done.screen
    assert "/invitation/" not in done.screen


def test_an_address_that_is_none_is_refused(office: Office) -> None:
    for text in ("control.example", "http://control.example", "https://control.example/"):
        assert office.run("url", "change", text).exit_code == 2


def test_each_start_prints_a_code_until_somebody_can_sign_in(on_both: Office) -> None:
    async def start(shop: Shop) -> list[str]:
        said: list[str] = []
        await offer_setup(shop.database, SystemClock(), "http://127.0.0.1:8700", said.append)
        return said

    first, second = on_both.do(start), on_both.do(start)
    assert "http://localhost:8700/setup" in first[0]
    assert first != second
    _with_key(on_both, "olga")
    assert on_both.do(start) == []


def test_dead_sessions_and_links_are_let_go(on_both: Office) -> None:
    _with_key(on_both, "olga")
    on_both.ask("person", "invite", "Nora", "nora@example.org")

    async def clean(shop: Shop) -> tuple[int, int, int]:
        later = SystemClock().now() + timedelta(days=60)
        async with shop.database.transaction(shop.org) as tx:
            return await sessions.forget(tx, later), await invitations.forget(tx, later), await accounts.forget(tx, later)

    assert on_both.do(clean) == (1, 1, 1)


def _sessions(office: Office) -> int:
    async def count(shop: Shop) -> int:
        async with shop.database.reading(shop.org) as tx:
            return len(await sessions.sessions_of(tx, shop.owner, SystemClock().now()))

    return int(office.do(count))
