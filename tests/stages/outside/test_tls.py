"""Names, addresses and certificates, against a real TLS server on this machine."""

import asyncio
import ssl
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from presswarden.dispatch.model import WireAnswer, WireFault
from presswarden.outside.wire import HttpWire
from tests.stages.outside.servers import GOOD, LOOPBACK, http, post, says, server


def contexts(folder: Path, name: str) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """A server that shows a certificate for `name`, and a client that trusts it."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    started = datetime.now(UTC) - timedelta(days=1)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(started)
        .not_valid_after(started + timedelta(days=3))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    chain = folder / "chain.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    chain.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    shown = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    shown.load_cert_chain(chain)
    client = ssl.create_default_context(cadata=made.public_bytes(serialization.Encoding.PEM).decode())
    return shown, client


class Names:
    """Tells its addresses one after the other, as a rebinding name server does."""

    def __init__(self, *addresses: str) -> None:
        self.left = list(addresses)
        self.asked = 0

    async def __call__(self, _host: str, _port: int) -> Sequence[str]:
        self.asked += 1
        return [self.left.pop(0)]


async def test_the_certificate_is_checked_against_the_name_not_the_address(tmp_path: Path) -> None:
    shows, client = contexts(tmp_path, "shop.example")
    async with server(says(http(200, GOOD)), shows) as port:
        wire = HttpWire(LOOPBACK, resolver=Names("127.0.0.1"), trust=client, total_seconds=3)
        assert isinstance(await post(f"https://shop.example:{port}", wire), WireAnswer)


@pytest.mark.req("X3")
@pytest.mark.parametrize(("name", "trusted"), [("other.example", True), ("shop.example", False)])
async def test_a_wrong_or_unknown_certificate_is_refused_before_anything_is_sent(tmp_path: Path, name: str, trusted: bool) -> None:
    seen: list[bytes] = []

    async def serve(head: bytes, _body: bytes, _writer: asyncio.StreamWriter) -> None:
        seen.append(head)

    shows, client = contexts(tmp_path, name)
    async with server(serve, shows) as port:
        wire = HttpWire(LOOPBACK, resolver=Names("127.0.0.1"), trust=client if trusted else None, total_seconds=3)
        fault = await post(f"https://shop.example:{port}", wire)
    assert isinstance(fault, WireFault)
    assert (fault.code, fault.reached) == ("site.tls", False)
    assert seen == []


async def test_a_name_is_resolved_once_so_a_second_answer_leads_nowhere(tmp_path: Path) -> None:
    shows, client = contexts(tmp_path, "shop.example")
    names = Names("127.0.0.1", "169.254.169.254")
    async with server(says(http(404, b"<h1>no"), http(200, GOOD)), shows) as port:
        answer = await post(f"https://shop.example:{port}", HttpWire(LOOPBACK, resolver=names, trust=client, total_seconds=3))
    assert isinstance(answer, WireAnswer), "both forms of the endpoint went to the first address"
    assert names.asked == 1
