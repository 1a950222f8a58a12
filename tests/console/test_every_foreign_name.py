"""What belongs to another organisation, or lies out of a person's scope, is answered byte for byte as what does not exist.

Every route of console and API with a place for a name, each place in turn; and every form and address that names something besides. On both databases.
"""

import re
from collections.abc import Iterator, Mapping
from urllib.parse import quote

import httpx
import pytest

from presswarden.identity.model import Role
from presswarden.kernel.ids import new_id
from presswarden.surfaces.api.routes import PREFIX
from tests.console.answers import API_GETS, API_POSTS, ASKED, FIELDS, GETS, LIVE, POSTS, Case
from tests.console.furnished import Furnished, filled, furnish, named
from tests.console.rig import Browser, House, open_house
from tests.console.test_every_role import bearer, form_of

pytestmark = pytest.mark.req("X10")

NO_THINGS = {"scope", "number", "digest", "digest_of_high"}
"""Names that stand for no thing of an organisation's; `scope` is tried with sites and clients."""
_PASSING = re.compile(
    r"[0-9a-f]{64}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}|nonce-[\w-]+|(?<=nonce=\")[^\"]+|(?<=name=\"token\" value=\")[^\"]+"
    r"|(?<=challenge&#34;: &#34;)[\w-]+|(?<=name=\"challenge\" value=\")[\w-]+"
)
PART = {"HX-Request": "true", "HX-Request-Type": "partial"}
Sent = tuple[str, str, Mapping[str, str]]
"""Method, path and form."""


@pytest.fixture
async def own(house: House) -> Furnished:
    return await furnish(house)


@pytest.fixture
async def there(house: House) -> Furnished:
    return await furnish(await open_house(house.database, house.clock, name="Southwind", app=house.app))


async def test_another_organisations_things_are_not_there(house: House, own: Furnished, there: Furnished) -> None:
    browser = await house.as_role(Role.OWNER)
    wrong = [one for pair in _pairs(own, there.names) if (one := await _told_apart(browser, *pair))]
    headers = await bearer(house, Role.OWNER)
    for table, method in ((API_GETS, "GET"), (API_POSTS, "POST")):
        for foreign, absent in _of_table(table, method, own, there.names):
            answers = [await _call(browser.client, each, headers) for each in (foreign, absent)]
            if answers[0] != answers[1] or answers[0][0] != 404:
                wrong.append(f"{foreign[1]}: {answers}")
    assert not wrong, "\n".join(wrong)


async def test_what_is_out_of_a_persons_scope_is_not_there(house: House, own: Furnished) -> None:
    browser = await house.scoped(Role.OPERATOR, own.site)
    unseen = {
        "site": own.agency.failing, "proposal": own.desk.high.id, "change": own.desk.change, "incident": own.desk.incident, "snapshot": new_id(),
        "high": own.desk.high.id,
    }  # fmt: skip
    wrong = [one for pair in _pairs(own, unseen) if (one := await _told_apart(browser, *pair, needs_404=False))]
    assert not wrong, "\n".join(wrong)


def _pairs(own: Furnished, foreign: Mapping[str, str]) -> Iterator[tuple[Sent, Sent]]:
    """The same twice: with a thing that is not one's own, and with one that is nowhere."""
    for table, method in ((GETS, "GET"), (LIVE, "GET"), (POSTS, "POST")):
        yield from _of_table(table, method, own, foreign)
    for path, form in FIELDS:
        yield from _of_case(path, Case(frozenset(), form=form), "POST", own, foreign, in_form=True)
    for path in ASKED:
        yield from _of_case(path, Case(frozenset()), "GET", own, foreign)


def _of_table(table: Mapping[str, Case], method: str, own: Furnished, foreign: Mapping[str, str]) -> Iterator[tuple[Sent, Sent]]:
    for path, case in table.items():
        yield from _of_case(path, case, method, own, foreign)


def _of_case(
    path: str, case: Case, method: str, own: Furnished, foreign: Mapping[str, str], *, in_form: bool = False
) -> Iterator[tuple[Sent, Sent]]:
    places = dict.fromkeys([*(() if in_form else named(path)), *(name for value in case.form.values() for name in named("".join(value)))])
    for name in places:
        for of in ("site", "client") if name == "scope" else () if name in NO_THINGS else (name,):
            if of in foreign:
                yield (
                    (method, filled(path, {**own.names, name: foreign[of]}), form_of(case, {**own.names, name: foreign[of]})),
                    (method, filled(path, {**own.names, name: _nowhere(of)}), form_of(case, {**own.names, name: _nowhere(of)})),
                )


def _nowhere(name: str) -> str:
    return "plugin:nowhere/only.php" if name == "component" else new_id()


async def _told_apart(browser: Browser, foreign: Sent, absent: Sent, *, needs_404: bool = True) -> str:
    """What gives it away; nothing when the two are answered alike."""
    answers = [
        await (browser.get(path, **more) if method == "GET" else browser.post(path, form, **more))
        for more in ({}, PART)[: 2 if foreign[0] == "GET" else 1]
        for method, path, form in (foreign, absent)
    ]
    shown = [_shown(answer, path) for answer, (_, path, _) in zip(answers, (foreign, absent) * 2, strict=False)]
    if shown[::2] != shown[1::2]:
        return f"{foreign}: {answers[0].status_code}, absent {answers[1].status_code}"
    if "?" not in foreign[1] and needs_404 and answers[0].status_code < 400:
        return f"{foreign}: {answers[0].status_code}, as if it were there"
    return ""


async def _call(client: httpx.AsyncClient, sent: Sent, headers: Mapping[str, str]) -> tuple[int, str]:
    method, path, body = sent
    more = {"json": body, "headers": {**headers, "Idempotency-Key": new_id()}} if method == "POST" else {"headers": headers}
    answer = await client.request(method, PREFIX + path, **more)  # type: ignore[arg-type]  # as its words say
    return answer.status_code, _shown(answer, path)[1]


def _shown(answer: httpx.Response, path: str) -> tuple[int, str, str]:
    """Status, body and where it leads, without what differs from one request to the next: its number, its nonce, the form's token, what was asked."""
    named_as = [each for each in re.split(r"[/?=&]", path) if len(each) > 20 or ":" in each]
    body = answer.text
    for each in named_as:
        for written in (each, quote(each, safe=""), quote(each)):
            body = body.replace(written, "ASKED")
    return answer.status_code, _PASSING.sub("-", body), _PASSING.sub("-", answer.headers.get("location", ""))
