"""The console's door, attacked beyond its forms: addresses, bodies, caches, sessions nobody sits at, proofs that were not asked for, what ends in a log.

The real application in this process. Limits: signing in itself is tried in `test_people_coming_in`, consents in `test_approval_attacks`, every form's token and
origin in `tests/console/test_every_route`; no proxy is in front.
"""

import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import NoReturn

import httpx
import pytest

from presswarden.gate import service as gate
from presswarden.gate.model import StopScope
from presswarden.identity.clients import service as clients
from presswarden.identity.model import Role
from presswarden.kernel.db import Database
from presswarden.kernel.ids import CorrelationId, new_id
from presswarden.policy.model import Mode
from presswarden.processes.web import build_app
from presswarden.proposals.model import ProposalState
from tests.claims.attacks import Attack
from tests.console.newcomer import code_of, invited, newcomer, passkey
from tests.console.reviewed import office_of, recommended, state_of
from tests.console.rig import CONSENTS, KEK, URL, CountedWake, House, open_house, text_of
from tests.console.test_every_route import routes
from tests.fakes.clock import FrozenClock
from tests.stages.approvals.office import SHOP_PLUGIN

pytestmark = pytest.mark.req("X10")


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock) -> AsyncIterator[House]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await open_house(database, frozen)
    await database.dispose()


HOSTILE = ("x%0d%0aSet-Cookie:%20a=b", "%1b%5b31m", "%00", "%E4%B8%AD", "%C2%85", "x%0aY:z%20", "%7f")


async def test_no_address_writes_a_header_of_an_answer_or_fails(house: House, attack: Attack) -> None:
    """Neither under our own name, where it leads to the login, nor under another, where it leads to our own."""
    for url in (URL, "http://127.0.0.1:8700", "http://evil.example"):
        client = house.stranger(url).client
        for part in HOSTILE:
            for path in (f"/sites/{part}", f"/login?next={part}", f"/sites?q={part}"):
                given = await client.get(path)
                to = given.headers.get("location", "")
                ours = to.isascii() and to.isprintable() and (to.startswith(f"{URL}/") or (to.startswith("/") and to[:2] != "//"))
                shown = given.status_code == 200 and not to
                attack.repelled(f"{url}{path}", shown or (given.status_code == 303 and ours), (given.status_code, to))
                attack.repelled(f"{url}{path}, cookies", "a=b" not in given.headers.get("set-cookie", ""), given.headers)


async def test_a_name_that_is_not_ours_gets_no_page(house: House, attack: Attack) -> None:
    for host in (
        "evil.example",
        "localhost",
        "localhost:8701",
        "localhost.:8700",
        "consent.localhost:8700.evil.example",
        "localhost:8700@evil.example",
    ):
        for path in ("/login", "/setup", "/sites"):
            given = await house.stranger().get(path, Host=host)
            led = given.headers.get("location", "") == f"{URL}{path}"
            attack.repelled(f"{host}{path}", given.status_code == 303 and led and "set-cookie" not in given.headers, given.headers)
    for path in ("/login", "/sites", "/api/v1/sites", "/%2e%2e/login", "/consent/../login"):
        given = await house.stranger(CONSENTS).get(path)
        attack.repelled(f"consents{path}", given.status_code == 404, given.status_code)


async def test_a_body_is_no_longer_than_it_says(house: House, attack: Attack) -> None:
    """Chunks count where both are given, so a length beside them would be a word and no bound."""
    await (await invited(house)).add_key(passkey("nora"))
    browser = newcomer(house)
    await browser.get("/login")
    cookie = "; ".join(f"{name}={value}" for name, value in browser.jar.items())
    own = {"Origin": URL, "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
    body = f"token={browser.value('token')}&mail=a&password=b&code=1".encode()
    for name, headers in (
        ("both", {"Content-Length": str(len(body)), "Transfer-Encoding": "chunked"}),
        ("chunks alone", {"Transfer-Encoding": "chunked"}),
    ):
        given = await browser.client.post("/login", content=body, headers={**own, **headers})
        attack.repelled(name, given.status_code == 400 and "how long it is" in text_of(given), given.status_code)
    assert (await browser.client.post("/login", content=body, headers=own)).status_code == 403


async def test_nothing_private_is_kept_by_a_cache(house: House, attack: Attack) -> None:
    owner = await house.as_role(Role.OWNER)
    await office_of(house).site()
    for path in (*(each for each in routes(house, "GET") if not each.endswith("/live")), "/api/v1/sites", "/healthz", "/sites.csv"):
        given = await owner.get(path)
        attack.repelled(path, given.headers.get("cache-control") == "no-store", given.headers.get("cache-control"))
        framed = "frame-ancestors 'none'" in given.headers.get("content-security-policy", "")
        attack.repelled(f"{path} in a frame", framed, given.headers.get("content-security-policy"))


async def test_an_open_page_keeps_no_idle_session_alive(house: House, frozen: FrozenClock, attack: Attack) -> None:
    """Its streams come back by themselves, all night: that is nobody who sits there."""
    office = office_of(house)
    site = await office.site()
    left = await house.as_role(Role.OWNER)
    for _ in range(13):
        frozen.advance(hours=1)
        # A stream of a site that is not there ends at once, after the door.
        await left.get(f"/sites/{new_id()}/live")
    gone = await left.get(f"/sites/{site.site}")
    attack.repelled(
        "thirteen hours of streams", gone.status_code == 303 and gone.headers["location"].startswith("/login"), gone.status_code
    )
    used = await house.as_role(Role.OWNER)
    for _ in range(13):
        frozen.advance(hours=1)
        assert (await used.get(f"/sites/{site.site}")).status_code == 200


async def test_what_gives_freedom_asks_anew_who_sits_there_by_every_way(house: House, attack: Attack) -> None:
    """One site or many: the way round through the list asks for the same."""
    office = office_of(house)
    site = await office.site()
    async with house.transaction() as tx:
        of = (await clients.add(tx, "Bakery", by=house.owner.id, now=house.clock.now())).id
    await office.mode(site, Mode.OBSERVE)
    stale = await house.as_role(Role.OWNER, stepped_up=False)
    for path, form in (
        (f"/sites/{site.site}/mode", {"mode": "approve"}),
        (f"/sites/{site.site}/client", {"client": of}),
        ("/clients/assign", {"site": "shop", "client": of}),
        ("/sites/bulk", {"do": "mode", "mode": "approve", "site": site.site}),
        ("/sites/bulk", {"do": "client", "client": of, "site": site.site}),
    ):
        given = await stale.post(path, form)
        attack.repelled(f"{path} {form}", given.headers.get("location", "").startswith("/confirm?next="), given.status_code)
    async with house.transaction() as tx:
        assert not await clients.client_of(tx)
    await office.mode(site, Mode.APPROVE)
    quieter = await stale.post("/sites/bulk", {"do": "mode", "mode": "observe", "site": site.site})
    assert quieter.status_code == 200, "to make it quieter needs no proof, as a stop needs none"


async def test_a_stop_holds_for_what_is_adopted_too(house: House, attack: Attack) -> None:
    filed = await recommended(house)
    admin = await house.as_role(Role.ADMIN)
    for scope, subject in ((StopScope.ORGANISATION, ""), (StopScope.AGENT, "analyst"), (StopScope.SITE, filed.sites[0])):
        async with house.transaction() as tx:
            await gate.stop(
                tx, house.owner.id, "x", scope=scope, subject=subject, correlation=CorrelationId(new_id()), now=house.clock.now()
            )
        given = await admin.post(f"/proposals/{filed.id}/adopt", {"digest": filed.plan.digest})
        attack.repelled(scope.value, given.status_code == 409 and await state_of(house, filed) is ProposalState.RECOMMENDED, text_of(given))
        async with house.transaction() as tx:
            await gate.lift(
                tx, house.owner.id, "mended", scope=scope, subject=subject, correlation=CorrelationId(new_id()), now=house.clock.now()
            )
    for role in (Role.VIEWER, Role.AUDITOR, Role.APPROVER):
        given = await (await house.as_role(role)).post(f"/proposals/{filed.id}/adopt", {"digest": filed.plan.digest})
        attack.repelled(role.value, given.status_code == 403 and await state_of(house, filed) is ProposalState.RECOMMENDED, text_of(given))
    assert (await admin.post(f"/proposals/{filed.id}/adopt", {"digest": filed.plan.digest})).status_code == 303


async def test_a_way_to_sign_in_that_was_taken_away_leaves_no_session_behind(house: House, frozen: FrozenClock, attack: Attack) -> None:
    joined, key = await invited(house), passkey("nora")
    seed, _ = await joined.set_password()
    await joined.add_key(key)
    frozen.advance(seconds=30)
    thief = newcomer(house, "203.0.113.9")
    assert (await thief.sign_in("nora@example.org", "correct horse battery", code_of(seed, house))).status_code == 303
    await joined.get("/account")
    assert (await joined.send("/account/password/remove")).status_code == 303
    given = await thief.get("/account")
    attack.repelled("a session by that password", given.status_code == 303, given.status_code)
    assert (await joined.get("/account")).status_code == 200


async def test_who_takes_an_address_elsewhere_guesses_no_more_freely_for_it(house: House, attack: Attack) -> None:
    """A browser that somebody signed in with is counted by itself; one of another organisation, under the same mail address, is not."""
    await (await invited(house)).set_password()
    other = await open_house(house.database, house.clock, name="Southwind", app=house.app)
    eve = await invited(other)  # the same address, her own account
    await eve.add_key(passkey("eve"))
    guessing = newcomer(house, "203.0.113.9")
    guessing.jar["__Host-presswarden-known"] = eve.jar["__Host-presswarden-known"]
    seen = [(await guessing.sign_in("nora@example.org", f"guess number {number}", "1")).status_code for number in range(11)]
    attack.repelled("a known browser of another organisation", seen == [403] * 10 + [429], seen)


class Gone(Database):
    def reading(self, scope: object) -> NoReturn:
        raise OSError(f"the database went away, {type(scope).__name__}")


async def test_a_log_holds_no_link_that_lets_somebody_in(
    tmp_path: Path, frozen: FrozenClock, caplog: pytest.LogCaptureFixture, attack: Attack
) -> None:
    """The database goes away while a link is opened: the error names the route, and not the secret in its place."""
    caplog.set_level(logging.DEBUG)
    database, secret = Gone(f"sqlite:///{tmp_path / 'gone.sqlite'}"), "S" * 43
    transport = httpx.ASGITransport(build_app(database, frozen, KEK, CountedWake(), URL), raise_app_exceptions=False)
    for url, path in ((URL, "/invitation/"), (CONSENTS, "/consent/"), (CONSENTS, "/enrol/")):
        async with httpx.AsyncClient(transport=transport, base_url=url) as client:
            assert (await client.get(path + secret)).status_code == 500
        told = [one.getMessage() for one in caplog.records if one.name.startswith("presswarden")]
        attack.repelled(path, secret not in str(told) and path in told[-1], told)
    await database.dispose()


async def test_what_sites_and_people_named_begins_no_formula_in_a_sheet(house: House, attack: Attack) -> None:
    office = office_of(house)
    for number, start in enumerate("=+-@\t"):
        await office.site(f"{start}cmd|' /C calc'!A{number}")
    sheet = (await (await house.as_role(Role.OWNER)).get("/sites.csv")).text
    cells = [cell.strip('"') for line in sheet.split("\r\n")[1:] for cell in line.split(",")]
    attack.repelled("cells", sheet.count("calc") >= 5 and not [cell for cell in cells if cell[:1] in set("=+-@\t")], sheet)


async def test_files_are_those_that_were_built_and_no_others(house: House, attack: Attack) -> None:
    stranger = house.stranger()
    for name in (
        "../pages.py",
        "..%2fpages.py",
        "%2e%2e/%2e%2e/door.py",
        "manifest.json",
        "/etc/passwd",
        "app.css%00",
        "....//door.py",
        "%5c..%5cdoor.py",
    ):
        given = await stranger.get(f"/static/{name}")
        attack.repelled(name, given.status_code == 404 and "import" not in given.text, given.status_code)


async def test_templates_show_templates_as_text(house: House, attack: Attack) -> None:
    office = office_of(house)
    site = await office.site("{{ 7 * 7 }}{% raw %}")
    filed, _ = await office.submit(office.item(site), by=house.people[Role.OPERATOR].id, title="{{ visit.session.token }}{{ config }}")
    browser = await house.as_role(Role.OWNER)
    page = await browser.get(f"/proposals/{filed.id}")
    attack.repelled("a title", "{{ visit.session.token }}" in page.text and browser.token not in page.text, page.status_code)
    attack.repelled("a label", "49" not in text_of(await browser.get(f"/sites/{site.site}/access")).split("{{")[0][-20:], site.site)
    update = await browser.get(f"/sites/{site.site}/update?component={SHOP_PLUGIN}%22%3E%3Cscript%3E{{{{7*7}}}}")
    attack.repelled("an address", "<script>{{" not in update.text and update.status_code == 200, update.status_code)
