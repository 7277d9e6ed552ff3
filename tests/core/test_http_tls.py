"""TLS: a certificate counts only when it is trusted, in time and made out to this host."""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from apps.core.errors import Invalid
from apps.core.http import NEVER, Allow, Http, Redirected, Tls, Unreachable, Untrusted
from tests.core.loopback import Loopback, always, loopback

HERE = Allow.of("127.0.0.0/8", "::1")


class Authority:
    """A certificate authority of our own."""

    def __init__(self) -> None:
        self.key = ec.generate_private_key(ec.SECP256R1())
        self.name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Test CA")])
        builder = self._start(self.name, self.key, days=30)
        builder = builder.add_extension(x509.BasicConstraints(ca=True, path_length=None), True)
        self.pem = self._signed(builder)

    def issue(self, host: str, *, days: int = 30) -> str:
        """A certificate for one host with its key, as PEM text."""
        key = ec.generate_private_key(ec.SECP256R1())
        builder = self._start(x509.Name([]), key, days=days)
        try:
            alternative: x509.GeneralName = x509.IPAddress(ip_address(host))
        except ValueError:
            alternative = x509.DNSName(host)
        builder = builder.add_extension(x509.SubjectAlternativeName([alternative]), True)
        private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        return self._signed(builder) + private.decode()

    def _start(
        self, subject: x509.Name, key: ec.EllipticCurvePrivateKey, *, days: int
    ) -> x509.CertificateBuilder:
        end = datetime.now(UTC) + timedelta(days=days)
        builder = x509.CertificateBuilder(self.name, subject, key.public_key())
        builder = builder.serial_number(x509.random_serial_number())
        return builder.not_valid_before(end - timedelta(days=60)).not_valid_after(end)

    def _signed(self, builder: x509.CertificateBuilder) -> str:
        return builder.sign(self.key, hashes.SHA256()).public_bytes(Encoding.PEM).decode()


@pytest.fixture(scope="module")
def authority() -> Authority:
    return Authority()


def serving(pem: str, folder: Path, *, asks: str | None = None) -> ssl.SSLContext:
    (folder / "server.pem").write_text(pem)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cadata=asks)
    context.load_cert_chain(folder / "server.pem")
    if asks:
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@pytest.fixture
def server(authority: Authority, tmp_path: Path) -> Iterator[Loopback]:
    with loopback(always(), tls=serving(authority.issue("127.0.0.1"), tmp_path)) as running:
        yield running


def call(server: Loopback, tls: Tls) -> object:
    with Http("Vault", server.url, allow=HERE, retry=NEVER, tls=tls) as http:
        return http.get()


def test_it_refuses_an_unknown_authority(server: Loopback) -> None:
    with pytest.raises(Untrusted, match="Vault shows a certificate that is not trusted"):
        call(server, Tls())


def test_it_trusts_a_given_authority(server: Loopback, authority: Authority) -> None:
    assert call(server, Tls(ca=authority.pem)) == {}


def test_it_can_be_told_not_to_check(server: Loopback) -> None:
    assert call(server, Tls(verify=False)) == {}


@pytest.mark.parametrize(("host", "days"), [("other.example", 30), ("127.0.0.1", -1)])
def test_it_refuses_a_wrong_or_expired_certificate(
    host: str, days: int, authority: Authority, tmp_path: Path
) -> None:
    context = serving(authority.issue(host, days=days), tmp_path)
    with loopback(always(), tls=context) as server, pytest.raises(Untrusted):
        call(server, Tls(ca=authority.pem))


def test_it_checks_the_name_and_not_the_address(
    authority: Authority, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("apps.core.http.wire._look_up", lambda *_: ["127.0.0.1"])
    context = serving(authority.issue("vault.example"), tmp_path)
    with loopback(always(), tls=context) as server:
        url = f"https://vault.example:{server.port}"
        with Http("Vault", url, allow=HERE, tls=Tls(ca=authority.pem)) as http:
            assert http.get() == {}


def test_it_shows_its_own_certificate(authority: Authority, tmp_path: Path) -> None:
    context = serving(authority.issue("127.0.0.1"), tmp_path, asks=authority.pem)
    with loopback(always(), tls=context) as server:
        client = authority.issue("portal.example")
        assert call(server, Tls(ca=authority.pem, client=client)) == {}
        with pytest.raises(Unreachable):
            call(server, Tls(ca=authority.pem))


def test_it_says_that_the_other_side_speaks_no_tls() -> None:
    with loopback(always()) as server:
        url = server.url.replace("http:", "https:")
        with Http("Vault", url, allow=HERE, retry=NEVER) as http, pytest.raises(Unreachable):
            http.get(seconds=0.3)


def test_it_never_falls_back_to_plain_http(authority: Authority, tmp_path: Path) -> None:
    with loopback(always()) as plain:
        context = serving(authority.issue("127.0.0.1"), tmp_path)
        script = always(302, Location=plain.url)
        with loopback(script, tls=context) as server, pytest.raises(Redirected, match="to plain"):
            call(server, Tls(ca=authority.pem))
        assert plain.connections == 0


@pytest.mark.parametrize("tls", [Tls(ca="nonsense"), Tls(client="nonsense")])
def test_it_says_that_a_certificate_is_unreadable(tls: Tls) -> None:
    with pytest.raises(Invalid, match="certificate: it must be readable PEM text"):
        Http("Vault", "https://vault.example", tls=tls)


def test_it_keeps_the_key_out_of_sight() -> None:
    assert "nonsense" not in repr(Tls(client="nonsense"))
