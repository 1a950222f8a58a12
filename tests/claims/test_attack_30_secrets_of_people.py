"""Attack 30, of people: find what lets somebody in anywhere but in their own hands: database, record and its export, logs, later pages, the API.

Each is made as people make it, and looked for raw, in hex and in base64: password, the app's seed, recovery codes, sessions and their forms' tokens, links,
tickets, tokens of the API, the code of the first start, webhooks' keys, the mail server's password. Limits: webhooks' keys and letters are
sealed for the courier alone: whoever holds its key and the database reads them.
"""

import base64
import json
import logging
import shutil
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from presswarden.audit import service as audit
from presswarden.gate import service as gate
from presswarden.identity.accounts import service as accounts
from presswarden.identity.model import Role
from presswarden.identity.tokens import service as tokens
from presswarden.identity.tokens.model import Scope
from presswarden.kernel.db import Database
from presswarden.kernel.ids import EVERYONE, CorrelationId, new_id
from presswarden.kernel.sealing import Kek
from presswarden.outside.hooks import Hooks
from presswarden.outside.mail import Mailer, MailServer
from presswarden.processes.janitor import integrate_all
from presswarden.processes.sending import Sending
from presswarden.processes.settings import Settings
from presswarden.reports.notices import service as notices
from presswarden.reports.pulse import service as pulse
from tests.claims.attacks import Attack
from tests.claims.canaries import found
from tests.console.newcomer import PASSWORD, Newcomer, code_of, invited, newcomer
from tests.console.reviewed import answer, office_of, proposed
from tests.console.rig import CONSENTS, URL, House, open_house
from tests.console.test_every_route import routes
from tests.fakes.clock import FrozenClock
from tests.fakes.post import post_office
from tests.stages.outside.servers import LOOPBACK
from tests.support.couriers import courier_box

pytestmark = pytest.mark.req("W9", "W20", "X10")
MAIL_PASSWORD = "the mail server's own password"


@pytest.fixture
async def house(sqlite_template: Path, tmp_path: Path, frozen: FrozenClock) -> AsyncIterator[House]:
    shutil.copyfile(sqlite_template, tmp_path / "presswarden.sqlite")
    database = Database(f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    yield await open_house(database, frozen)
    await database.dispose()


def _session(browser: Newcomer) -> dict[str, bytes]:
    text = browser.jar["__Host-presswarden"].partition(".")[2]
    return {
        "session": text.encode(),
        "session, raw": base64.urlsafe_b64decode(text + "="),
        "browser": browser.jar["__Host-presswarden-known"].encode(),
    }


def _files(folder: Path, pattern: str = "**/*") -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.glob(pattern)) if path.is_file())


async def _made(house: House, frozen: FrozenClock) -> tuple[dict[str, bytes], Newcomer]:
    """Every secret that the console hands out, used once where it can be."""
    async with house.transaction() as tx:
        secrets = {"setup code": (await accounts.make_setup_code(tx, now=frozen.now())).encode()}
    nora = await invited(house)
    seed, codes = await nora.set_password()
    secrets |= {"password": PASSWORD.encode(), "seed": base64.b32decode(seed), "seed as text": seed.encode()}
    secrets |= {f"recovery code {number}": code.encode() for number, code in enumerate(codes)}
    secrets |= {f"first {name}": value for name, value in _session(nora).items()}
    frozen.advance(seconds=30)
    again = newcomer(house)
    assert (await again.sign_in("nora@example.org", PASSWORD, code_of(seed, house))).status_code == 303
    assert (await newcomer(house).sign_in("nora@example.org", PASSWORD, codes[3])).status_code == 303
    assert (await newcomer(house).sign_in("nora@example.org", PASSWORD + "!", "123456")).status_code == 403
    secrets |= _session(again)
    await again.get("/account")
    made = await again.send("/account/tokens", {"name": "backup", "scope": "read", "days": "7"})
    token = made.text.split("<pre>")[1].split("<")[0].strip()
    secrets |= {"API token": token.encode(), "API token, raw": base64.urlsafe_b64decode(token.removeprefix("pwt_") + "=")}
    owner = await house.as_role(Role.OWNER)
    asked = await owner.post("/people/invite", {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"})
    secrets["invitation"] = asked.text.split("/invitation/")[1][:43].encode()
    nora_id = (await owner.get("/people")).text.split('">Nora<')[0][-36:]
    back = await owner.post(f"/people/{nora_id}/back")
    secrets["way back"] = back.text.split("/invitation/")[1][:43].encode()
    hook = await owner.post("/settings/webhooks", {"url": "https://hooks.example/in"})
    secrets["webhook key"] = b"whsec_" + hook.text.split("whsec_")[1][:44].encode()
    filed = await proposed(house, package="")
    anna = house.people[Role.APPROVER]
    await office_of(house).passkey(anna.id)
    tap = await answer(await house.as_person(anna), filed, "approve", reason="I read it all.", sites="1")
    assert tap.headers["location"].startswith(f"{CONSENTS}/consent/")
    secrets["ticket"] = tap.headers["location"].rpartition("/")[2].encode()
    return secrets, again


async def test_nothing_that_lets_somebody_in_is_kept_or_told(
    house: House, frozen: FrozenClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, attack: Attack
) -> None:
    caplog.set_level(logging.DEBUG)
    logging.getLogger("httpx").setLevel(logging.WARNING)  # the client's own
    secrets, nora = await _made(house, frozen)
    async with house.transaction() as tx:
        text, _ = await tokens.make(
            tx, house.owner.id, name="ci", scopes=list(Scope), until=frozen.advance(days=1), now=frozen.advance(days=-1)
        )
    secrets["another API token"] = text.encode()
    await integrate_all(house.database, Kek("janitor", b"j" * 32), log_host="control.example", now=frozen.now())
    async with house.database.reading(house.org) as tx:
        record = json.dumps([dict(one.payload or {}) for one in await audit.events(tx, limit=500)]).encode()
        await audit.export(tx, tmp_path / "log")
    await house.database.fold()
    exported, kept = _files(tmp_path / "log"), _files(tmp_path, "presswarden.sqlite*")
    assert len(exported) > 1000 < len(record), "there is something to look through"
    for place, content in {"record": record, "export": exported, "log": caplog.text.encode()}.items():
        attack.repelled(place, not found(secrets, content), found(secrets, content))
    attack.repelled("database", not found(secrets, kept), found(secrets, kept))
    assert found({"mail": b"nora@example.org"}, kept) == ["mail"], "what the database holds would be found there"
    owner = await house.as_role(Role.OWNER)
    for path in routes(house, "GET"):
        if not path.endswith("/live") and not path.startswith(("/consent/", "/enrol/")):
            for who, page in (("owner", (await owner.get(path)).text), ("Nora", (await nora.get(path)).text)):
                attack.repelled(f"{path} for {who}", not found(secrets, page.encode()), found(secrets, page.encode()))
    client, bearer = house.stranger().client, {"Authorization": f"Bearer {text}"}
    for path in ("sites", "proposals", "changes", "incidents", "policies", "audit?limit=200", "stops", "openapi.json"):
        told = (await client.get(f"/api/v1/{path}", headers=bearer)).content
        attack.repelled(path, not found(secrets, told), found(secrets, told))


async def test_the_mail_servers_password_is_told_to_the_mail_server_alone(
    house: House, frozen: FrozenClock, tmp_path: Path, caplog: pytest.LogCaptureFixture, attack: Attack
) -> None:
    """Also where that server does not accept it, and says what it was told."""
    caplog.set_level(logging.DEBUG)
    address = f"smtps://anna:{MAIL_PASSWORD.replace(' ', '%20')}@mail.example"
    settings = Settings.load(tmp_path, {"PRESSWARDEN_SMTP_URL": address, "PRESSWARDEN_MAIL_FROM": "p@agency.example"})
    said = repr(settings.courier()).encode()
    async with post_office(login=("anna", "another")) as post:
        server = MailServer("smtp", "localhost", post.port, "anna", MAIL_PASSWORD, "presswarden@agency.example")
        sending = Sending(
            house.database,
            frozen,
            url=URL,
            mailer=Mailer(server, seconds=2),
            hooks=Hooks(LOOPBACK, seconds=2),
            box=await courier_box(house.database),
        )
        await integrate_all(house.database, Kek("janitor", b"j" * 32), log_host="control.example", now=frozen.now())
        await sending.round()
        async with house.transaction() as tx:
            await gate.stop(tx, house.owner.id, "x", correlation=CorrelationId(new_id()), now=frozen.now())
        await integrate_all(house.database, Kek("janitor", b"j" * 32), log_host="control.example", now=frozen.now())
        assert await sending.round() == 0
        said += repr(server).encode()
    assert "does not accept the user and password" in caplog.text
    await house.database.fold()
    kept = _files(tmp_path, "presswarden.sqlite*")
    page = (await (await house.as_role(Role.OWNER)).get("/settings")).text.encode()
    secret = {"mail server's password": MAIL_PASSWORD.encode(), "as in the address": MAIL_PASSWORD.replace(" ", "%20").encode()}
    for place, content in {"log": caplog.text.encode(), "settings, printed": said, "database": kept, "page": page}.items():
        attack.repelled(place, not found(secret, content), found(secret, content))


async def test_a_link_that_was_mailed_is_in_the_database_no_more(house: House, frozen: FrozenClock, tmp_path: Path, attack: Attack) -> None:
    async with house.database.transaction(EVERYONE) as tx:
        await pulse.beat(EVERYONE, tx, "courier", {"mail": True}, frozen.now())
    owner = await house.as_role(Role.OWNER)
    asked = await owner.post("/people/invite", {"name": "Ida", "mail": "ida@example.org", "role": "viewer", "over": "everything"})
    secret = {"link": asked.text.split("/invitation/")[1][:43].encode()}
    await house.database.fold()
    async with house.transaction() as tx:
        assert len(await notices.due(tx, frozen.now())) == 1, "it waits there to be mailed"
    attack.repelled("a link that waits to be mailed", not found(secret, _files(tmp_path, "presswarden.sqlite*")), "in the file")
    async with post_office() as post:
        server = MailServer("smtp", "localhost", post.port, "", "", "presswarden@agency.example")
        sending = Sending(
            house.database,
            frozen,
            url=URL,
            mailer=Mailer(server, seconds=2),
            hooks=Hooks(LOOPBACK, seconds=2),
            box=await courier_box(house.database),
        )
        assert await sending.round() == 1
        (letter,) = post.mails
    assert secret["link"].decode() in str(letter.get_payload())
    await house.database.fold()
    attack.repelled("a mailed link", not found(secret, _files(tmp_path, "presswarden.sqlite*")), "in the file")
