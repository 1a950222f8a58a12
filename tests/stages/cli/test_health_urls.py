"""`site health-urls`: what is looked at after a change is shown, chosen and given back by people who may."""

import json

import pytest

from presswarden.identity.model import Role
from tests.support.office import Office

pytestmark = pytest.mark.req("N6")


def test_pages_are_shown_chosen_and_given_back(office: Office) -> None:
    home = office.ask("site", "health-urls", "shop")["home"]
    assert "health_paths" in office.run("site", "health-urls", "shop").output
    told = office.ask("site", "health-urls", "shop", f"{home}/cart/", "/contact/")
    assert told["chosen"] == [f"{home}/cart/", f"{home}/contact/"] == office.ask("site", "health-urls", "shop")["chosen"]
    assert f"{home}/cart/, {home}/contact/" in office.run("site", "health-urls", "shop").output
    assert office.ask("site", "health-urls", "shop", "--none")["chosen"] == []
    assert office.ask("site", "health-urls", "shop", "--default")["chosen"] is None


def test_another_sites_page_is_refused_in_words_and_nothing_changes(office: Office) -> None:
    office.ask("site", "health-urls", "shop", "/cart/")
    ran = office.run("--json", "site", "health-urls", "shop", "https://elsewhere.example/")
    assert (ran.exit_code, json.loads(ran.stderr)["code"]) == (2, "sites.pages")
    assert office.run("site", "health-urls", "shop", "/a/", "--none").exit_code == 2
    assert office.run("site", "health-urls", "shop", *(f"/{number}/" for number in range(6))).exit_code == 2
    assert len(office.ask("site", "health-urls", "shop")["chosen"]) == 1


def test_who_may_not_choose_how_a_site_is_run_may_only_look(office: Office) -> None:
    office.join("otto", Role.OPERATOR)
    assert office.ask("site", "health-urls", "shop", who="otto")["chosen"] is None
    ran = office.run("--json", "site", "health-urls", "shop", "/cart/", who="otto")
    assert json.loads(ran.stderr)["code"] == "identity.forbidden"
