"""What hosts do and what Presswarden says there: the table of docs/guide/hosts.md, each row of which a story shows on a real site."""

from __future__ import annotations

from dataclasses import dataclass

from lab.host import Manner


@dataclass(frozen=True)
class Row:
    """`code` is empty where everything works."""

    manner: Manner
    code: str
    does: str


WORKS = ""
ROWS = (
    Row(Manner.PLAIN, WORKS, ""),
    Row(Manner.NO_AUTHORIZATION, WORKS, "Nothing: no call uses that header."),
    Row(Manner.FORWARDS, WORKS, "Nothing: what they say is believed nowhere."),
    Row(Manner.LOWER_CASE, WORKS, "Nothing."),
    Row(Manner.NO_PRETTY_LINKS, WORKS, "Nothing: the other form of the address is tried, and remembered."),
    Row(Manner.FORBIDS_PRETTY_LINKS, WORKS, "Nothing: as above."),
    Row(Manner.NO_OWN_HEADERS, "call.shape", "Let headers that begin with `X-WP-Agent-` pass."),
    Row(Manner.NO_BODIES, "call.shape", "Let bodies of `POST` to `/wp-json/presswarden/` pass."),
    Row(Manner.REWRITES_REQUESTS, "call.signature", "Take the rule away that writes requests anew; if there is none, the site's keys changed: pair again."),
    Row(Manner.REWRITES_ANSWERS, "call.receipt", "Exclude `/wp-json/presswarden/` from what alters pages. What was asked may have run: read the site again."),
    Row(Manner.NO_OWN_ANSWER_HEADERS, "call.receipt", "Let headers of answers that begin with `X-WP-Agent-` pass. What was asked may have run."),
    Row(Manner.COMPRESSES, "site.alters_answers", "Exclude `/wp-json/presswarden/` from compression and caching."),
    Row(Manner.HANGS_UP, "site.broken_answer", "Look at the site's error log and at the host's limits of time and size."),
    Row(Manner.NO_REST, "site.answers_html", "Let `/wp-json/presswarden/` pass, or its other form `?rest_route=/presswarden/`."),
    Row(Manner.CHALLENGE, "site.answers_html", "Exclude `/wp-json/presswarden/` from the test: signed calls prove themselves."),
    Row(Manner.MAINTENANCE, "site.answers_html", "Wait, or let `/wp-json/presswarden/` pass."),
    Row(Manner.PASSWORD, "site.asks_password", "Let `/wp-json/presswarden/` pass without the password, or take the password away."),
    Row(Manner.REDIRECTS, "site.redirects", "Pair the site under the address it redirects to."),
)  # fmt: skip
