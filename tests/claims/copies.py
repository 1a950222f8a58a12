"""Copies of a paired site, as a staging plugin or a hosting panel makes them: files, database and keys in wp-config.php.

Limits: SQLite sites of the lab.
"""

from __future__ import annotations

import base64
import json
import re
import shutil
from pathlib import Path

from lab.site import Lab, Site
from tests.claims.control import ControlPlane
from tests.claims.doors import confirmation, knock, record
from tests.claims.victims import FOLDER, GENEROUS, copy_database
from tests.connector.wire import Installation


def copy_of(lab: Lab, site: Site, name: str, *, says_home: str | None = None) -> Site:
    """The same WordPress on another port. `says_home` is the address that its wp-config.php names, its own unless told."""
    config = (site.root / "wp-config.php").read_text()
    secrets = dict(re.findall(r"define\( '(\w+_(?:KEY|SALT))', '([^']+)' \)", config))
    made = lab.site(name, constants={**GENEROUS, **secrets})
    refresh(made, site)
    if says_home is not None:
        path = made.root / "wp-config.php"
        path.write_text(path.read_text().replace(f"'{made.url}'", says_home))
    return made


def refresh(copy: Site, original: Site) -> None:
    """Bring the copy to the state of the original."""
    for inside in (Path("plugins") / FOLDER, Path("presswarden-state")):
        shutil.rmtree(copy.content / inside, ignore_errors=True)
        shutil.copytree(original.content / inside, copy.content / inside)
    assert original.database.file is not None
    assert copy.database.file is not None
    copy_database(original.database.file, copy.database.file)
    copy.clear_events()


def pair_with(control: ControlPlane, site: Site) -> Installation:
    """Pairs a site with the real ingest; the dispatcher's first call is made here, with the key that the control plane told."""
    offer = control.offer(site.url)
    assert site.wp("presswarden", "pair", offer.text, "--wait=0").code == 0
    here = Installation(offer.installation, site.url, control.url, offer.key)
    here.site_public = base64.b64decode(record(site)["site_public"])
    message = confirmation(here)
    answer = knock(site, message)
    assert here.receipt_holds(message, answer)
    shown = control.ask("show", installation=offer.installation)
    assert shown["words"].split() == json.loads(answer.body)["result"]["words"]
    control.ask("confirm", installation=offer.installation)
    return here
