"""Mail leaves over a real socket, over TLS unless the server is this machine, and says why when it does not."""

import ssl
from datetime import UTC, datetime
from pathlib import Path

import pytest

from presswarden.outside.mail import Letter, Mailer, MailFault, MailServer, read_server
from tests.fakes.post import PostOffice, post_office
from tests.stages.outside.test_tls import contexts

pytestmark = pytest.mark.req("N19")
LETTER = Letter(
    "msg_1",
    "anna@example.org",
    "A proposal\nwaits",
    "Look at it:\nhttps://control.example/proposals/1\n",
    datetime(2026, 11, 20, tzinfo=UTC),
)


def _server(office: PostOffice, scheme: str = "smtp", *, user: str = "", password: str = "", host: str = "localhost") -> MailServer:
    return MailServer(scheme, host, office.port, user, password, "presswarden@agency.example")


async def _send(office: PostOffice, trust: ssl.SSLContext | None = None, letter: Letter = LETTER, **more: str) -> MailFault | None:
    return await Mailer(_server(office, **more), trust=trust, seconds=3).send(letter)


async def test_a_letter_arrives_whole_with_an_id_that_stays_the_same() -> None:
    async with post_office() as office:
        assert await _send(office) is None
        assert await _send(office) is None
    (first, second) = office.mails
    assert first["Message-ID"] == second["Message-ID"] == "<msg_1@agency.example>"
    assert (first["To"], first["From"], first["Subject"]) == ("anna@example.org", "presswarden@agency.example", "A proposal waits")
    assert str(first.get_payload()).strip().splitlines()[-1] == "https://control.example/proposals/1"


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
async def test_where_tls_is_offered_it_is_spoken(tmp_path: Path, scheme: str) -> None:
    shown, trust = contexts(tmp_path, "localhost")
    async with post_office(shown if scheme == "smtps" else None, **({} if scheme == "smtps" else {"tls": shown})) as office:
        assert await _send(office, trust, scheme=scheme) is None
    assert office.secured == [True]


async def test_a_certificate_of_another_name_is_refused(tmp_path: Path) -> None:
    shown, trust = contexts(tmp_path, "elsewhere.example")
    async with post_office(None, tls=shown) as office:
        assert getattr(await _send(office, trust), "code", "") == "mail.tls"
    assert office.mails == []


async def test_nothing_goes_in_the_clear_to_another_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    # The name leads here, so that the server that offers no TLS can be one of ours.
    import socket

    known = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *more, **named: known("127.0.0.1" if host == "mail.example" else host, *more, **named)
    )
    async with post_office() as office:
        fault = await _send(office, host="mail.example")
    assert getattr(fault, "code", "") == "mail.plain"
    assert office.mails == []


async def test_a_login_is_made_where_one_is_set() -> None:
    async with post_office(login=("anna", "right")) as office:
        assert await _send(office, user="anna", password="right") is None
        assert getattr(await _send(office, user="anna", password="wrong"), "code", "") == "mail.login"
    assert len(office.mails) == 1


@pytest.mark.parametrize(("refuse", "code"), [("RCPT", "mail.recipient"), ("MAIL", "mail.refused")])
async def test_a_refusal_is_told_by_its_kind(refuse: str, code: str) -> None:
    async with post_office(refuse=refuse) as office:
        fault = await _send(office)
    assert getattr(fault, "code", "") == code


async def test_a_server_that_is_away_is_told() -> None:
    async with post_office() as office:
        pass
    assert getattr(await _send(office), "code", "") == "mail.unreachable"


async def test_a_server_that_hangs_up_is_told() -> None:
    async with post_office(down=True) as office:
        assert getattr(await _send(office), "code", "") == "mail.refused"


@pytest.mark.parametrize(
    "to", ["anna@example.org\nBcc: eve@example.org", "two@a.example, three@b.example", "Anna <a@b.example>", "nobody", "ä@b.example"]
)
async def test_an_address_that_is_more_than_an_address_gets_nothing(to: str) -> None:
    async with post_office() as office:
        fault = await _send(office, letter=Letter("msg_1", to, "x", "y", LETTER.at))
    assert getattr(fault, "code", "") == "mail.address"
    assert office.mails == []


def test_a_mail_server_is_read_from_its_address() -> None:
    read = read_server("smtps://anna%40x:p%2Fw@mail.example", "presswarden@agency.example")
    assert (read.scheme, read.host, read.port, read.user, read.password) == ("smtps", "mail.example", 465, "anna@x", "p/w")
    assert "p/w" not in repr(read)
    assert read_server("smtp://localhost:2525/", "a@b.example").port == 2525


NO_SERVERS = [("http://mail.example", "a@b.c"), ("smtp://", "a@b.c"), ("smtp://m.example/x", "a@b.c"), ("smtp://m.example:99999", "a@b.c")]


@pytest.mark.parametrize(("url", "sender"), [*NO_SERVERS, ("smtp://m.example", "x"), ("smtp://m.example", "")])
def test_what_is_no_mail_server_is_refused(url: str, sender: str) -> None:
    with pytest.raises(ValueError):
        read_server(url, sender)
