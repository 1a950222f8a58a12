"""Attack 12: bring a command for one site to another: a neighbour, a sibling in the same network, a copy, or the same site under a forged name.

Layers: the installation (every pairing has its own), the signature (every pairing has its own control key), the audience in the body, the clone check. In a
network the pairing lives in the main site's tables; a sibling has no record, and one that was given a copy of it can't open its keys and has another home.
The name in the Host header chooses nothing: home is what WordPress has stored.
"""

from __future__ import annotations

import json
import uuid
from collections.abc import Callable
from dataclasses import replace

import httpx
import pytest

from lab.site import Lab, Site
from tests.claims.attacks import Attack
from tests.claims.copies import copy_of, refresh
from tests.claims.doors import PLAIN, PRETTY, knock, record
from tests.claims.raw import Request, exchange, request
from tests.claims.victims import CONNECTOR, FOLDER, GENEROUS, Paired, Swap, pair, put_connector
from tests.connector.peer import Peer
from tests.connector.wire import Answer, Installation, Message

pytestmark = [pytest.mark.site, pytest.mark.req("X2", "W1", "P2")]

ANY_INSTALLATION = Swap("src/Site/Calls.php", "if ( ! hash_equals( $record->installation, $envelope->installation ) ) {", "if ( false ) {")
TOOLS = ("wp.site.get_environment", "wp.site.inventory", "control.pause", "control.confirm")
ARGS = {"control.pause": {"reason": "not here"}}


def named(message: Message, site: Site, host: str, path: str = PRETTY) -> Request:
    """The same request with another name in its Host header."""
    made = request(site.url, path, message)
    return replace(made, content=made.content.replace(f"Host: {site.url.removeprefix('http://')}".encode(), f"Host: {host}".encode(), 1))


def disguised(theirs: Message, own: Installation) -> dict[str, Message]:
    """A message for another site, dressed up for this one."""
    body = json.loads(theirs.body)
    return {
        "as it is": theirs,
        "with this site's installation": theirs.with_header("X-WP-Agent-Installation", own.installation),
        "with this site's home in its body": replace(theirs, body=theirs.body.replace(body["bind"]["aud"].encode(), own.home.encode())),
    }


def test_a_command_for_one_site_does_nothing_on_its_neighbour(
    paired_site: Paired, mutated_site: Callable[..., Paired], attack: Attack
) -> None:
    neighbour = mutated_site()
    paired_site.site.clear_events()
    for tool in TOOLS:
        for path in (PRETTY, PLAIN):
            theirs = paired_site.here.message(tool, ARGS.get(tool))
            for name, message in disguised(theirs, neighbour.here).items():
                answer = knock(neighbour.site, message, path)
                attack.refused(f"{tool} {name} at {path}", answer, "call.installation", "call.signature")
                host = paired_site.site.url.removeprefix("http://")
                attack.refused(
                    f"{tool} {name} under the other's name",
                    exchange(named(message, neighbour.site, host, path)),
                    "call.installation",
                    "call.signature",
                )
    # The neighbour's own control plane, made to address another site: the body says whose it is.
    for home in (
        paired_site.here.home,
        "https://shop.example",
        neighbour.here.home + "/",
        neighbour.here.home.upper(),
        "",
        neighbour.here.home + "/blog",
    ):
        astray = replace(neighbour.here, home=home).message("wp.site.health")
        attack.refused(f"signed for {home!r}", knock(neighbour.site, astray), "call.audience")
    attack.repelled("what ran", neighbour.ran() == [] and paired_site.ran() == [], neighbour.ran())
    assert knock(neighbour.site, neighbour.here.message("wp.site.health")).status == 200
    assert knock(paired_site.site, paired_site.here.message("wp.site.health")).status == 200


def test_a_forged_host_name_changes_nothing(paired_site: Paired, attack: Attack) -> None:
    here = paired_site.here
    for host in ("evil.example", "evil.example:80", "", "127.0.0.1", "localhost\\@evil.example", "[::1]", "a" * 300):
        astray = replace(here, home=f"http://{host}").message("wp.site.health")
        attack.refused(
            f"signed for {host[:40]!r} and sent under that name", exchange(named(astray, paired_site.site, host)), "call.audience"
        )
        for header in ("X-Forwarded-Host", "X-Original-Host", "X-Host", "Forwarded"):
            answer = exchange(request(paired_site.site.url, PRETTY, astray, ((header, host),)))
            attack.refused(f"{header} {host[:40]!r}", answer, "call.audience")
        message = here.message("wp.site.health")
        answer = exchange(named(message, paired_site.site, host))
        # The same site, called by a wrong name, is the same site.
        attack.repelled(f"this site's call under {host[:40]!r}", here.receipt_holds(message, answer) or answer.status >= 400, answer.status)
    own = here.message("wp.site.health")
    assert here.receipt_holds(own, exchange(request(paired_site.site.url, PRETTY, own)))


def network(lab: Lab, peer: Peer) -> tuple[Paired, str]:
    """A network of two sites; the main one is paired. Its second site's address."""
    site = lab.site("network", multisite=True, constants=GENEROUS)
    site.install_plugin(CONNECTOR, folder=FOLDER)
    paired = pair(site, peer)
    site.php("wpmu_create_blog( parse_url( home_url(), PHP_URL_HOST ) . ':' . parse_url( home_url(), PHP_URL_PORT ), '/two/', 'Two', 1 );")
    return paired, site.url + "/two"


def at(base: str, message: Message, path: str = PRETTY) -> Answer:
    with httpx.Client(timeout=30) as client:
        got = client.post(base + path, content=message.body, headers={"Content-Type": "application/json", **message.headers})
        return Answer(got.status_code, got.content, got.headers)


def test_a_sibling_in_the_network_answers_nothing(lab: Lab, peer: Peer, attack: Attack) -> None:
    paired, sibling = network(lab, peer)
    site, here = paired.site, paired.here
    site.clear_events()
    assert httpx.get(sibling + "/wp-json/").status_code == 200
    for path in (PRETTY, PLAIN):
        attack.refused(f"the main site's call at the sibling's {path}", at(sibling, here.message("wp.site.health"), path), "rest_no_route")
    # Somebody copies the pairing over, as a cloner inside a network does.
    stored = record(site)
    for name in ("presswarden_record", "presswarden_flags"):
        text = str(site.option(name)).replace("'", "''")
        site.query(f"INSERT INTO wp_2_options (option_name, option_value, autoload) VALUES ('{name}', '{text}', 'yes')")
    for path in (PRETTY, PLAIN):
        attack.refused(
            f"the main site's call at a sibling with its record, {path}",
            at(sibling, here.message("wp.site.health"), path),
            "call.clone",
            "call.store",
        )
        aimed = replace(here, home=sibling).message("wp.site.health")
        attack.refused(f"a call made out to the sibling, {path}", at(sibling, aimed, path), "call.audience", "call.store")
    attack.repelled("what ran", paired.ran() == [], paired.ran())
    refused = site.php("switch_to_blog( 2 ); echo ( new Presswarden\\Connector\\Site\\RecordStore() )->read()->state;")
    assert refused == stored["state"] == "paired"
    again = at(site.url, here.message("wp.site.health"))
    assert again.status == 200, again.body
    blog = Swap("src/Site/Keys.php", "return 'blog ' . get_current_blog_id() . ' ' . $slot;", "return 'blog 1 ' . $slot;")
    for change, code in (("clone", "call.store"), (blog, "call.clone")):
        put_connector(site, change)
        assert at(sibling, here.message("control.pause", {"reason": "x"})).code == code, site.log.read_text()[-1500:]
    put_connector(site, "clone", blog)
    site.php("switch_to_blog( 2 ); Presswarden\\Connector\\Site\\Tables::make();")
    message = here.message("control.pause", {"reason": "the sibling's turn"})
    answer = at(sibling, message)
    assert here.receipt_holds(message, answer), answer.body
    site.delete()


def test_a_site_obeys_its_own_commands(paired_site: Paired, mutated_site: Callable[..., Paired]) -> None:
    for own in (paired_site, mutated_site()):
        assert [knock(own.site, own.here.message(tool), path).status for tool in TOOLS[:2] for path in (PRETTY, PLAIN)] == [200] * 4


def test_without_its_layers_a_site_obeys_commands_for_another(lab: Lab, mutated_site: Callable[..., Paired], peer: Peer) -> None:
    def obeys(*changes: str | Swap) -> bool:
        neighbour = mutated_site(*changes)
        astray = Installation(str(uuid.uuid4()), "https://shop.example", neighbour.here.control, neighbour.here.key)
        return knock(neighbour.site, astray.message("wp.site.inventory")).status == 200

    # One control key for many sites, as some connectors have it: then the other three layers are all there is.
    layers = (ANY_INSTALLATION, "installation", "audience")
    assert obeys(*layers)
    for layer in layers:
        assert not obeys(*(change for change in layers if change != layer)), f"{layer} alone does not stop it"


def test_without_the_clone_check_a_staging_copy_obeys(lab: Lab, mutated_site: Callable[..., Paired]) -> None:
    paired = mutated_site()
    staging = copy_of(lab, paired.site, "staging-12")
    assert knock(staging, paired.here.message("control.pause", {"reason": "x"})).code == "call.clone"
    refresh(staging, paired.site)
    put_connector(staging, "clone")
    assert knock(staging, paired.here.message("control.pause", {"reason": "x"})).status == 200
    staging.delete()
