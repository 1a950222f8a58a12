"""The one request a site makes by itself: certificates are verified, whatever another plugin switched off."""

from __future__ import annotations

import datetime as dt
import ipaddress
import ssl
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from lab.site import Site
from tests.connector.peer import Peer

pytestmark = pytest.mark.site


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """Key and certificate of 127.0.0.1, signed by nobody."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.oid.NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path / "own.pem"
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


def over_tls(certificate: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    return context


def filtering(site: Site, php: str) -> None:
    (site.content / "mu-plugins" / "filters.php").write_text("<?php " + php)


@pytest.mark.req("P1")
@pytest.mark.parametrize(
    "php",
    [
        "add_filter( 'https_ssl_verify', '__return_false' ); add_filter( 'https_local_ssl_verify', '__return_false' );",
        "add_filter( 'http_request_args', function ( $args ) { $args['sslverify'] = false; $args['redirection'] = 5; return $args; }, 99 );",
    ],
)
def test_a_certificate_nobody_signed_is_refused_though_a_plugin_switched_verifying_off(
    new_site: Callable[..., Site], certificate: Path, php: str
) -> None:
    site = new_site()
    filtering(site, php)
    with Peer(tls=over_tls(certificate)) as peer:
        told = site.wp("presswarden", "pair", peer.offer().text, "--wait=0")
        assert "unreachable" in told.stderr
        assert peer.sites == {}
        other = site.php("echo is_wp_error( wp_remote_get( $argv[1] ) ) ? 'refused' : 'let through';", peer.url)
        assert other == "let through", "other requests are not ours to judge"


def test_authorities_of_the_owners_own_are_left_alone(new_site: Callable[..., Site], certificate: Path) -> None:
    site = new_site()
    filtering(site, f"add_filter( 'https_ssl_verify', function () {{ return '{certificate}'; }} );")
    with Peer(tls=over_tls(certificate)) as peer:
        told = site.wp("presswarden", "pair", peer.offer().text, "--wait=20")
        assert told.code == 0, told
