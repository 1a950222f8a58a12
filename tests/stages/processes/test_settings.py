"""Settings: from the environment over the file, each checked, each fault naming its key and place."""

from ipaddress import ip_network
from pathlib import Path

import pytest

from presswarden.processes.settings import Settings, SettingsInvalid


def test_the_environment_stands_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('url = "https://file.example"\nlisten = "127.0.0.1:9000"\n')
    loaded = Settings.load(tmp_path, {"PRESSWARDEN_URL": "https://env.example"})
    assert (loaded.web().url, loaded.web().port) == ("https://env.example", 9000)


def test_each_process_is_given_its_own_key_and_no_other(tmp_path: Path) -> None:
    loaded = Settings.load(tmp_path, {})
    assert [each.kek.name for each in (loaded.web(), loaded.dispatcher(), loaded.janitor(), loaded.courier())] == [
        "web.kek",
        "dispatcher.kek",
        "janitor.kek",
        "courier.kek",
    ]


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("url", "ftp://x"),
        ("url", "https://x/"),
        ("url", "https://x?y=1"),
        ("listen", "8700"),
        ("listen", "127.0.0.1:99999"),
        ("database", "mysql://x"),
        ("database", "sqlite://"),
        ("database", "sqlite://somewhere/x.sqlite"),
        ("database", "postgresql://presswarden:a-secret-word@host:port/name"),
        ("database", "postgresql://presswarden:a-secret-word@pooler/name?direct="),
        ("database", "postgresql://presswarden:a-secret-word@pooler/name?direct=host:port"),
        ("database", "postgresql://presswarden:a-secret-word@pooler/name?direct=postgresql://host"),
        ("database", "postgresql://presswarden:a-secret-word@pooler/name?direct=one&direct=two"),
        ("database", "sqlite:////x.sqlite?direct=host:5432"),
        ("site_networks", "10.0.0.0/99"),
        ("trusted_proxies", "proxy.example"),
        ("package_hosts", "downloads"),
        ("package_hosts", "https://downloads.wordpress.org"),
        ("package_hosts", "downloads.wordpress.org:8443"),
        ("package_hosts", "downloads.wordpress.org="),
        ("package_hosts", "downloads.wordpress.org=http://mirror.example"),
        ("package_hosts", "downloads.wordpress.org=https://user@mirror.example"),
        ("package_hosts", "downloads.wordpress.org=https://mirror.example/x/"),
        ("package_hosts", "10.0.0.1 x"),
        ("retention_days", "3"),
        ("retention_days", "400"),
        ("health_seconds", "0"),
        ("health_seconds", "601"),
        ("health_seconds", "1.5"),
        ("health_paths", "shop"),
        ("health_paths", "/shop?x=1"),
        ("health_paths", "https://elsewhere.example/"),
        ("health_paths", "/1,/2,/3,/4,/5,/6"),
    ],
)
def test_a_wrong_value_names_its_key_and_where_it_stands(tmp_path: Path, key: str, value: str) -> None:
    with pytest.raises(SettingsInvalid, match=key) as refused:
        Settings.load(tmp_path, {f"PRESSWARDEN_{key.upper()}": value}).serve()
    assert f"PRESSWARDEN_{key.upper()}" in refused.value.where
    assert "a-secret-word" not in f"{refused.value.says} {refused.value.where} {refused.value.do}"
    assert refused.value.do


def test_an_unknown_key_and_a_broken_file_are_refused(tmp_path: Path) -> None:
    (tmp_path / "settings.toml").write_text('colour = "blue"\n')
    with pytest.raises(SettingsInvalid, match="colour"):
        Settings.load(tmp_path, {})
    (tmp_path / "settings.toml").write_text("= =")
    with pytest.raises(SettingsInvalid, match="TOML"):
        Settings.load(tmp_path, {})


@pytest.mark.req("A5")
def test_no_proxy_is_trusted_unless_named(tmp_path: Path) -> None:
    assert Settings.load(tmp_path, {}).web().trusted_proxies == ()
    named = Settings.load(tmp_path, {"PRESSWARDEN_TRUSTED_PROXIES": "127.0.0.1, 10.0.0.0/8"})
    assert named.web().trusted_proxies == (ip_network("127.0.0.1/32"), ip_network("10.0.0.0/8"))


@pytest.mark.req("X14", "N13")
def test_packages_are_fetched_from_the_hosts_that_are_named_and_from_none_by_default(tmp_path: Path) -> None:
    assert dict(Settings.load(tmp_path, {}).courier().package_hosts) == {}
    named = "downloads.wordpress.org, packages.example=http://127.0.0.1:9000/packages.example"
    assert dict(Settings.load(tmp_path, {"PRESSWARDEN_PACKAGE_HOSTS": named}).serve().courier.package_hosts) == {
        "downloads.wordpress.org": "https://downloads.wordpress.org",
        "packages.example": "http://127.0.0.1:9000/packages.example",
    }


@pytest.mark.req("N19")
def test_mail_needs_a_server_and_a_sender(tmp_path: Path) -> None:
    both = {"PRESSWARDEN_SMTP_URL": "smtps://anna:p%40ss@mail.example", "PRESSWARDEN_MAIL_FROM": "presswarden@agency.example"}
    server = Settings.load(tmp_path, both).courier().mail
    assert server is not None
    assert (server.host, server.port, server.password, server.sender) == ("mail.example", 465, "p@ss", "presswarden@agency.example")
    assert Settings.load(tmp_path, {}).courier().mail is None


@pytest.mark.parametrize(
    ("url", "sender"),
    [("smtps://mail.example", ""), ("", "a@b.example"), ("https://mail.example", "a@b.example"), ("smtp://mail.example", "nobody")],
)
def test_mail_that_is_set_by_half_or_wrongly_is_refused(tmp_path: Path, url: str, sender: str) -> None:
    wrong = {"PRESSWARDEN_SMTP_URL": url, "PRESSWARDEN_MAIL_FROM": sender}
    with pytest.raises(SettingsInvalid) as told:
        Settings.load(tmp_path, wrong).courier()
    assert "smtp" in told.value.do
    assert "mail.example" not in told.value.says
