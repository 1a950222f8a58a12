"""Which pages of a site are looked at after a change: its own, up to five, or those of the settings."""

import pytest

from presswarden.audit import service as audit
from presswarden.sites import service as sites
from presswarden.sites.model import SiteUnknown
from presswarden.sites.pages import PagesRefused, path_below
from tests.stages.sites.conftest import Agency

pytestmark = pytest.mark.req("N6")
HOME = "https://shop.example/blog"


async def test_pages_are_chosen_shown_and_given_back_and_each_choice_stands_in_the_record(agency: Agency) -> None:
    _, installation = await agency.paired(home=HOME)
    for urls, kept in (
        ([f"{HOME}/cart/", "/kontakt/%C3%BC", f"{HOME}/cart/"], ("/cart/", "/kontakt/%C3%BC")),
        ([], ()),
        (None, None),
    ):
        agency.clock.advance(seconds=1)
        async with agency.database.transaction(agency.org) as tx:
            assert await sites.set_health_pages(tx, installation.site, urls, by=agency.by, now=agency.clock.now()) == kept
        async with agency.database.reading(agency.org) as tx:
            assert await sites.health_pages(tx, installation.site) == kept
            told = (await audit.events(tx, limit=100))[-1]
        assert (told.kind, told.subject) == ("site.health_pages", f"site:{installation.site}")


async def test_another_organisation_chooses_nothing(agency: Agency) -> None:
    _, installation = await agency.paired(home=HOME)
    async with agency.database.transaction(agency.org) as tx:
        await sites.set_health_pages(tx, installation.site, ["/cart/"], by=agency.by, now=agency.clock.now())
    other = type(agency.org)("00000000-0000-4000-8000-000000000009")
    with pytest.raises(SiteUnknown):
        async with agency.database.transaction(other) as tx:
            await sites.set_health_pages(tx, installation.site, ["/a/"], by=agency.by, now=agency.clock.now())
    async with agency.database.reading(other) as tx:
        assert await sites.health_pages(tx, installation.site) is None


@pytest.mark.parametrize(
    "url",
    [
        "https://shop.example/elsewhere/",  # the same server, another site
        "https://shop.example/blogger/",
        "https://shop.example.evil.example/blog/cart/",
        "http://shop.example/blog/cart/",
        "https://shop.example:8443/blog/cart/",
        "https://user@shop.example/blog/cart/",
        "//evil.example/",
        "cart/",
        "",
        f"{HOME}/cart/?add=1",
        f"{HOME}/cart/#top",
        f"{HOME}/../wp-login.php",
        f"{HOME}/%2e%2E/x",
        f"{HOME}/a b",
        f"{HOME}/ümlaut/",
        f"{HOME}/" + "a" * 300,
    ],
)
def test_what_is_no_plain_page_of_this_site_is_refused(url: str) -> None:
    with pytest.raises(PagesRefused):
        path_below(HOME, url)


async def test_more_than_five_pages_and_a_site_without_an_address_are_refused(agency: Agency) -> None:
    _, installation = await agency.paired(home=HOME)
    _, waiting = await agency.begin("new")
    for site, urls in ((installation.site, [f"/{number}/" for number in range(6)]), (waiting.site, ["/cart/"])):
        with pytest.raises(PagesRefused):
            async with agency.database.transaction(agency.org) as tx:
                await sites.set_health_pages(tx, site, urls, by=agency.by, now=agency.clock.now())
