"""The guard: it lets a connection out only to an address that is public or listed."""

from __future__ import annotations

import socket
from ipaddress import ip_address
from typing import Any

import pytest
from django.core.exceptions import ImproperlyConfigured
from pytest_django import Settings

from apps.core.http import NEVER, AddressRefused, Allow, BadAddress, Http, Timeout, Unreachable
from apps.core.http.guard import kind_of
from tests.core.loopback import always, answer, loopback

INNER = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",
    "10.1.2.3",
    "172.16.0.1",
    "172.31.255.255",
    "192.168.1.1",
    "169.254.169.254",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::8.8.8.8",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "2002:7f00:1::",
    "2002:808:808::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:db8::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
    "4000::1",
]
OUTER = ["8.8.8.8", "93.184.216.34", "172.32.0.1", "::ffff:8.8.8.8", "64:ff9b::808:808", "2a00::1"]


def lookup(monkeypatch: pytest.MonkeyPatch, *answers: list[str]) -> list[str]:
    """Let names resolve to each of these in turn; returns the names asked for."""
    rest, asked = list(answers), []
    real = socket.getaddrinfo

    def resolve(host: Any, port: Any, *args: Any, **kwargs: Any) -> Any:
        if host[0].isdigit() or ":" in host:
            return real(host, port, *args, **kwargs)
        asked.append(host)
        found = rest.pop(0) if len(rest) > 1 else rest[0]
        return [entry for address in found for entry in real(address, port, *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


@pytest.fixture(autouse=True)
def nothing_listed(settings: Settings) -> None:
    settings.HTTP_ALLOW = ()


@pytest.mark.parametrize("address", INNER)
def test_it_knows_inner_addresses(address: str) -> None:
    assert kind_of(ip_address(address))


@pytest.mark.parametrize("address", OUTER)
def test_it_knows_outer_addresses(address: str) -> None:
    assert kind_of(ip_address(address)) is None


@pytest.mark.parametrize("address", INNER)
def test_it_refuses_a_name_for_an_inner_address(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup(monkeypatch, [address])
    with pytest.raises(AddressRefused, match="HTTP_ALLOW"):
        Http("Jira", "http://jira.example").get()


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "localhost."])
def test_it_connects_to_no_server_here(host: str) -> None:
    with loopback(always()) as server:
        with pytest.raises(AddressRefused):
            Http("Jira", f"http://{host}:{server.port}").get()

        assert server.connections == 0


@pytest.mark.parametrize(
    "url",
    [
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0x7f.1/",
        "http://0177.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1.5/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "//example.com/",
        "example.com",
        "http:///path",
        "http://ada:s3cret@example.com/",
        "http://exa mple.com/",
        "http://example.com:99999/",
        "http://[::1/",
    ],
)
def test_it_refuses_odd_addresses(url: str) -> None:
    with pytest.raises(BadAddress) as refused:
        Http("Jira", url)

    assert "s3cret" not in str(refused.value)


def test_it_refuses_a_name_when_one_of_its_addresses_is_inner(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lookup(monkeypatch, ["93.184.216.34", "127.0.0.1"])
    with pytest.raises(AddressRefused):
        Http("Jira", "http://jira.example").get()


def test_it_connects_only_to_the_address_it_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    """A name that answers differently the second time, as in DNS rebinding."""
    with (
        loopback(always(), host="127.0.0.2") as mine,
        loopback(always(), host="127.0.0.1", port=mine.port) as secret,
    ):
        asked = lookup(monkeypatch, ["127.0.0.2"], ["127.0.0.1"])
        url = f"http://jira.example:{mine.port}"
        http = Http("Jira", url, allow=Allow.of("127.0.0.2"), retry=NEVER)

        assert http.get() == {}
        assert asked == ["jira.example"]
        assert mine.asked[0].headers["host"] == f"jira.example:{mine.port}"

        http.close()
        with pytest.raises(AddressRefused):
            http.get()
        assert len(asked) == 2
        assert secret.connections == 0


def test_it_tries_the_next_checked_address(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback(always(), host="127.0.0.2") as server:
        lookup(monkeypatch, ["127.0.0.3", "127.0.0.2"])
        http = Http("Jira", f"http://jira.example:{server.port}", allow=Allow.of("127.0.0.0/8"))

        assert http.get() == {}


def test_it_ends_a_lookup_that_never_answers(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback(always()) as server:
        monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: server.over.wait() and [])
        soon = Timeout(connect=0.1, read=60, total=60)
        with pytest.raises(Unreachable, match="lookup"):
            Http("Jira", "http://jira.example", retry=NEVER, timeout=soon).get()


@pytest.mark.parametrize(
    "entry",
    ["jira.example", "JIRA.example.", "jira.example:{port}", "127.0.0.1:{port}", "127.0.0.0/8"],
)
def test_it_lets_out_what_is_listed(
    entry: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    lookup(monkeypatch, ["127.0.0.1"])
    with loopback(always()) as server:
        settings.HTTP_ALLOW = (entry.format(port=server.port),)
        assert Http("Jira", f"http://jira.example:{server.port}").get() == {}


@pytest.mark.parametrize("entry", ["jira.example:1", "other.example", "127.0.0.1:1", "10.0.0.0/8"])
def test_it_lets_out_nothing_else(
    entry: str, monkeypatch: pytest.MonkeyPatch, settings: Settings
) -> None:
    lookup(monkeypatch, ["127.0.0.1"])
    settings.HTTP_ALLOW = (entry,)
    with pytest.raises(AddressRefused, match="jira.example:8080 to HTTP_ALLOW"):
        Http("Jira", "http://jira.example:8080").get()


@pytest.mark.parametrize("address", ["169.254.169.254", "fe80::1", "0.0.0.0", "fd00:ec2::254"])
def test_it_opens_link_local_addresses_to_no_name(
    address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    lookup(monkeypatch, [address])
    with pytest.raises(AddressRefused, match="adds the address itself"):
        Http("Jira", "http://jira.example", allow=Allow.of("jira.example")).get()


def test_it_reads_an_ipv6_entry_with_a_port() -> None:
    assert Allow.of("[::1]:80").permits("::1", 80, ip_address("::1"))
    assert not Allow.of("[::1]:80").permits("::1", 81, ip_address("::1"))


def test_it_knows_a_listed_name_in_its_own_script() -> None:
    allow = Allow.of("bücher.example")
    assert allow.permits("xn--bcher-kva.example", 80, ip_address("10.0.0.1"))


@pytest.mark.parametrize("entry", ["http://x/", "a b", "*", "x:y", ""])
def test_it_says_which_entry_is_wrong(entry: str) -> None:
    with pytest.raises(ImproperlyConfigured, match="HTTP_ALLOW"):
        Allow.of(entry)


def test_it_writes_the_name_without_its_trailing_dot(monkeypatch: pytest.MonkeyPatch) -> None:
    lookup(monkeypatch, ["127.0.0.1"])
    with loopback(always()) as server:
        url = f"http://JIRA.example.:{server.port}/"
        Http("Jira", url, allow=Allow.of("jira.example")).get()

        assert server.asked[0].headers["host"] == f"jira.example:{server.port}"


@pytest.mark.parametrize("inner", ["http://127.0.0.1:{port}/", "http://[::1]:{port}/"])
def test_it_guards_every_hop(inner: str) -> None:
    with loopback(always()) as secret:
        location = inner.format(port=secret.port)
        script = always(302, Location=location)
        with loopback(script, host="127.0.0.2") as server, pytest.raises(AddressRefused):
            Http("Jira", server.url, allow=Allow.of("127.0.0.2")).get()

        assert secret.connections == 0


@pytest.mark.parametrize(
    "location",
    ["http://169.254.169.254/latest/", "//10.0.0.1/", "http://0x7f000001/", "file:///etc/passwd"],
)
def test_it_refuses_a_hop_to_an_inner_address(location: str) -> None:
    refusals = (AddressRefused, BadAddress)
    with loopback(always(302, Location=location)) as server, pytest.raises(refusals):
        Http("Jira", server.url, allow=Allow.of("127.0.0.1")).get()


def test_it_ignores_proxies_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    with loopback(always()) as proxy, loopback(always(body=b"1")) as server:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, proxy.url)
        assert Http("Jira", server.url, allow=Allow.of("127.0.0.1")).get() == 1
        assert proxy.connections == 0


def test_it_opens_a_unix_socket_only_when_asked_to(tmp_path: Any) -> None:
    path = str(tmp_path / "s")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        listener.bind(path)
        listener.listen()
        http = Http("Docker", "http://docker", unix_socket=path, retry=NEVER)
        listener.settimeout(120)

        import threading

        def serve() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer(body=b'"ok"'))

        thread = threading.Thread(target=serve)
        thread.start()
        assert http.get("/version") == "ok"
        thread.join()
        http.close()
