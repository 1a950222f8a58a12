"""What a site is offered becomes an item with its exact version, its before-state and the package's hash; what can't be asked for has a reason of its own."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from presswarden.kernel.canonical import Json
from presswarden.kernel.ids import InstallationId, OrgId, SiteId
from presswarden.proposals.model import Item
from presswarden.proposals.packages.model import Package, installed, wanted
from presswarden.proposals.updates import UpdateRefused, item
from presswarden.telemetry.offers.model import Named, Offer

NOW = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)
SITE, INSTALLATION, HOME, ORG = SiteId("s"), InstallationId("i"), "https://shop.example", OrgId("o")
AKISMET = "plugin:akismet/akismet.php"
URL = "https://downloads.wordpress.org/plugin/akismet.5.8.zip"
COMPONENTS: dict[str, dict[str, Json]] = {
    "core": {"locale": "de_DE", "version": "7.1.4"},
    AKISMET: {"active": True, "name": "Akismet", "version": "5.7.2"},
    "plugin:hello.php": {"active": False, "name": "Hello Dolly", "version": "1.7.2"},
    "plugin:presswarden-connector/presswarden-connector.php": {"active": True, "name": "Presswarden", "version": "0.1.0"},
    "theme:plain": {"active": False, "name": "Plain", "version": "1.0"},
    "translation:plugin:akismet:de_DE": {"revised": "2026-10-01 10:00:00+0000"},
}

pytestmark = pytest.mark.req("N13", "N3")


def _item(component: str, version: str = "9.0", packages: tuple[Package, ...] = (), *, package: bool = True, url: str = "") -> Item:
    offer = Offer(Named(component, version, package, url, "", ""), NOW)
    return item(SITE, INSTALLATION, HOME, COMPONENTS, component, offer, packages)


@pytest.mark.parametrize(
    ("component", "tool", "before", "was"),
    [
        (AKISMET, "wp.plugin.update", {"active": True, "version": "5.7.2"}, "5.7.2"),
        ("plugin:presswarden-connector/presswarden-connector.php", "wp.connector.update", {"active": True, "version": "0.1.0"}, "0.1.0"),
        ("theme:plain", "wp.theme.update", {"active": False, "version": "1.0"}, "1.0"),
        ("core", "wp.core.update", {"version": "7.1.4"}, "7.1.4"),
        ("translation:plugin:akismet:de_DE", "wp.translation.update", {"revised": "2026-10-01 10:00:00+0000"}, ""),
        ("translation:plugin:akismet:fr_FR", "wp.translation.update", {"revised": ""}, ""),
    ],
)
def test_an_offer_becomes_the_tool_of_its_family_with_what_the_site_must_show(
    component: str, tool: str, before: dict[str, Json], was: str
) -> None:
    made = _item(component)
    assert (made.tool, made.version, dict(made.before), made.was, made.package) == (tool, "9.0", before, was, "")
    assert made.args == {}, "a first language pack has a snapshot too"


def test_the_hash_of_the_offers_own_address_is_bound() -> None:
    fetched = wanted(ORG, AKISMET, "5.8", URL, NOW).found("1" * 64, 10, NOW)
    other = replace(wanted(ORG, AKISMET, "5.8", URL + "?x", NOW), sha256="2" * 64)
    assert _item(AKISMET, "5.8", (other, fetched), url=URL).package == "1" * 64


def test_a_vendors_package_is_bound_to_the_one_zip_that_other_sites_got() -> None:
    one = installed(ORG, AKISMET, "5.8", "another-site", "3" * 64, NOW)
    assert _item(AKISMET, "5.8", (one,)).package == "3" * 64
    assert _item(AKISMET, "5.8", (one, installed(ORG, AKISMET, "5.8", "a-third", "4" * 64, NOW))).package == ""


@pytest.mark.req("N20")
@pytest.mark.parametrize(
    ("component", "code"),
    [
        ("plugin:nobody/nobody.php", "update.unknown"),
        ("theme:nobody", "update.unknown"),
        ("passwords", "update.unknown"),
        ("php", "update.unknown"),
        ("plugin:hello.php", "update.single_file"),
    ],
)
def test_what_can_not_be_updated_has_a_reason_and_a_next_step(component: str, code: str) -> None:
    with pytest.raises(UpdateRefused) as refused:
        _item(component)
    assert (refused.value.code, refused.value.where) == (code, component)
    assert refused.value.says
    assert refused.value.do


@pytest.mark.req("N20")
def test_a_version_without_a_package_is_a_matter_of_the_licence() -> None:
    with pytest.raises(UpdateRefused) as refused:
        _item(AKISMET, package=False)
    assert refused.value.code == "update.licence"


@pytest.mark.req("N20")
def test_without_an_offer_there_is_nothing_to_ask_for() -> None:
    with pytest.raises(UpdateRefused) as refused:
        item(SITE, INSTALLATION, HOME, COMPONENTS, AKISMET, None)
    assert refused.value.code == "update.no_offer"
