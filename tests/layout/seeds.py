"""One violation for each rule, as text that is added to a copy of the tree. Limits: a seed shows that a rule sees, not all that it sees."""

from dataclasses import dataclass

SRC = "src/presswarden/"


@dataclass(frozen=True)
class Seed:
    rule: str
    files: tuple[tuple[str, str], ...]
    """Path and text; the text is added at the end of a file that exists."""
    named: str
    """What the finding must name."""


def seed(rule: str, named: str, *files: tuple[str, str]) -> Seed:
    return Seed(rule, files, named)


def one(rule: str, path: str, text: str, named: str = "") -> Seed:
    return Seed(rule, ((path, text),), named or path)


CONTRACTS = [
    seed("contract:order", "audit", (SRC + "processes/web.py", ""), (SRC + "audit/seeded.py", "from presswarden.processes import web")),
    one("contract:order", SRC + "stowaway/seeded.py", "", "presswarden.stowaway"),
    seed(
        "contract:order", "agents", (SRC + "dispatch/seeded.py", ""), (SRC + "agents/seeded.py", "from presswarden.dispatch import seeded")
    ),
    seed(
        "contract:thinking-cannot-act",
        "presswarden.outside.wire",
        (SRC + "outside/wire.py", ""),
        (SRC + "agents/between.py", "from presswarden.outside import wire"),
        (SRC + "agents/seeded.py", "from presswarden.agents import between"),
    ),
    seed(
        "contract:thinking-cannot-act",
        "presswarden.approvals.consent",
        (SRC + "approvals/consent.py", ""),
        (SRC + "surfaces/mcp/seeded.py", "from presswarden.approvals import consent"),
    ),
    seed(
        "contract:acting-cannot-think",
        "presswarden.outside.models",
        (SRC + "outside/models.py", ""),
        (SRC + "processes/dispatcher.py", "from presswarden.outside import models"),
    ),
    seed(
        "contract:thinking-has-no-mailbox",
        "presswarden.mailbox",
        (SRC + "mailbox/seeded.py", ""),
        (SRC + "flows/propose.py", "from presswarden.mailbox import seeded"),
    ),
    seed(
        "contract:web-neither-thinks-nor-signs",
        "presswarden.dispatch",
        (SRC + "dispatch/seeded.py", ""),
        (SRC + "outside/seeded.py", "from presswarden.dispatch import seeded"),
        (SRC + "processes/web.py", "from presswarden.outside import seeded"),
    ),
    seed(
        "contract:one-signer",
        "presswarden.dispatch.signing",
        (SRC + "dispatch/signing.py", ""),
        (SRC + "dispatch/seeded.py", "from presswarden.dispatch import signing"),
    ),
    seed(
        "contract:looks-have-a-permit",
        "presswarden.outside.pages",
        (SRC + "outside/pages.py", ""),
        (SRC + "processes/seeded.py", "from presswarden.outside import pages"),
    ),
    seed(
        "contract:people-consent",
        "presswarden.approvals.consent",
        (SRC + "approvals/consent.py", ""),
        (SRC + "surfaces/api/seeded.py", "from presswarden.approvals import consent"),
    ),
    seed(
        "contract:settings-stop-at-the-door",
        "presswarden.processes.settings",
        (SRC + "processes/settings.py", ""),
        (SRC + "surfaces/seeded.py", "from presswarden.processes import settings"),
    ),
    seed(
        "contract:processes-migrate",
        "presswarden.migrations",
        (SRC + "migrations/seeded.py", ""),
        (SRC + "audit/seeded.py", "from presswarden.migrations import seeded"),
    ),
    one("contract:deciding-is-pure", SRC + "policy/seeded.py", "from presswarden.kernel import db", "presswarden.kernel.db"),
    one("contract:deciding-is-pure", SRC + "sites/model.py", "import httpx", "httpx"),
    seed(
        "contract:doors-are-strangers",
        "presswarden.surfaces.ingest",
        (SRC + "surfaces/ingest/seeded.py", ""),
        (SRC + "surfaces/console/seeded.py", "from presswarden.surfaces.ingest import seeded"),
    ),
    seed(
        "contract:no-cycles",
        "presswarden.audit",
        (SRC + "audit/seeded.py", "from presswarden.audit import sown"),
        (SRC + "audit/sown.py", "from presswarden.audit import seeded"),
    ),
    seed(
        "A process other than serve never holds a model key and the signing key",
        "presswarden.processes.courier",
        (SRC + "outside/models.py", ""),
        (SRC + "dispatch/signing.py", ""),
        (SRC + "processes/courier.py", "from presswarden.outside import models\nfrom presswarden.dispatch import signing"),
    ),
]

IMPORTS = [
    one("Every part of the tree is known to a rule", SRC + "surfaces/stowaway/seeded.py", "", "presswarden.surfaces.stowaway"),
    one("Every part of the tree is known to a rule", SRC + "processes/stowaway.py", "", "presswarden.processes.stowaway"),
    one("Every name in an import contract is a part of the tree", ".importlinter", """
[importlinter:contract:seeded]
name = A name that is misspelt
type = forbidden_where_present
source_modules = presswarden.agnets
forbidden_modules = presswarden.dispatch
""", "presswarden.agnets"),
    one("A stage is entered by its doors alone", SRC + "surfaces/seeded.py", "from presswarden.audit import store"),
    one("A stage is entered by its doors alone", SRC + "reports/seeded.py", "import presswarden.dispatch.signing"),
    one("A stage is entered by its doors alone", SRC + "surfaces/seeded.py", "from presswarden.telemetry.offers import store"),
    one("A library is imported at home alone", SRC + "audit/service.py", "import httpx"),
    one("A library is imported at home alone", SRC + "surfaces/seeded.py", "def f() -> None:\n    from urllib import request"),
    one("A library is imported at home alone", SRC + "processes/seeded.py", "from subprocess import run"),
    one("A library is imported at home alone", SRC + "processes/seeded.py", "import lab.site"),
    one("A library has a home before it is used", SRC + "kernel/seeded.py", "import numpy"),
    one("Only outside opens a socket", SRC + "telemetry/seeded.py", "import asyncio\nasync def f() -> None:\n    await asyncio.open_connection('::1', 1)"),
    one("Nobody imports by string", SRC + "sites/seeded.py", "import importlib\nimportlib.import_module('presswarden.' + 'dispatch')"),
    one("Nobody imports by string", SRC + "sites/seeded.py", "__import__('x')"),
    one("Nobody imports by string", SRC + "processes/seeded.py", "import uvicorn\nuvicorn.run('presswarden.processes.web:app')"),
]  # fmt: skip

STORE = "from presswarden.kernel.ids import Everyone, OrgId, SiteId\n"
EVIDENCE = [
    one("Only the gate mints permits", SRC + "flows/execute.py", "from presswarden.gate.permit import Permit as Leave\nleave = Leave()"),
    one("Only the gate mints permits", SRC + "flows/execute.py", "from presswarden.gate import permit\nmint = permit.Permit"),
    one("Only the gate mints permits", SRC + "flows/execute.py", "from dataclasses import replace\ndef f(permit):\n    return replace(permit, until=1)"),
    one("Every method of the ports of dispatch and agents takes a permit", SRC + "agents/ports.py", "class Seeded:\n    def ask(self, permit: bool): ..."),
    one("Every method of the ports of dispatch and agents takes a permit", SRC + "dispatch/ports.py", "class Seeded:\n    async def send(self): ..."),
    one("Every store function takes and uses the organisation first", SRC + "sites/store.py", STORE + "def seeded(site: SiteId, org: OrgId):\n    print(org)"),
    one("Every store function takes and uses the organisation first", SRC + "sites/store.py", STORE + "async def seeded(org: OrgId) -> None:\n    print(1)"),
    one("Every store function takes and uses the organisation first", SRC + "sites/store.py", "class Seeded:\n    def all(self) -> None:\n        print(1)"),
    one("Only processes speak for everyone", SRC + "telemetry/service.py", "from presswarden.kernel.ids import EVERYONE"),
    one("Only processes speak for everyone", SRC + "telemetry/service.py", "from presswarden.kernel import ids\neveryone = ids.Everyone()"),
    one("Only the edge opens and commits transactions", SRC + "sites/service.py", "async def seeded(tx) -> None:\n    await tx.commit()"),
    one("Decisions and nouns are pure", SRC + "policy/decide.py", "from datetime import UTC, datetime\ndef f():\n    return datetime.now(UTC)"),
    one("Decisions and nouns are pure", SRC + "incidents/model.py", "def seeded() -> str:\n    return open('x').read()"),
    one("Decisions and nouns are pure", SRC + "actions/catalogue.py", "import os"),
    one("Only the clock reads the clock", SRC + "dispatch/service.py", "import time\nstarted = time.time()"),
    one("Only processes read the environment", SRC + "kernel/sealing.py", "import os\nsecret = os.environ['SECRET']"),
    one("Nouns are frozen and states are closed", SRC + "sites/model.py", "from dataclasses import dataclass\n@dataclass\nclass Seeded:\n    state: str"),
    one("Nouns are frozen and states are closed", SRC + "sites/model.py", "import enum\nclass Seeded(enum.Enum):\n    A = 1"),
]  # fmt: skip
