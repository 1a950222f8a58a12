"""Text that means harm, in every column that a site, a person or a model may fill. Limits: past all checks on the way in, so that pages stand on their own."""

from typing import Final

from sqlalchemy import text

from tests.console.rig import House

INVISIBLE: Final = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200b\u200c\u200d\u200e\u200f\ufeff\u0007\u001b"
HARM: Final = (
    '<img src=x onerror="window.harmed=1"><b hx-get="/harm" hx-trigger="load">b</b><script>window.harmed=1</script>'
    '{{ 7*7 }}{% raw %}"\'><a href="javascript:window.harmed=1">' + INVISIBLE
)
LONG: Final = HARM + "long " * 1_000 + "W" * 5_000
COLUMNS: Final = {
    "sites": ("label", "pause_reason"), "installations": ("connector", "php", "wordpress"), "telemetry_components": ("name", "version"),
    "telemetry_offers": ("version",), "telemetry_roll": ("wordpress", "php"), "telemetry_standings": ("connector",),
    "changes": ("says", "was", "version"), "people": ("name",), "clients": ("name",), "organisations": ("name",),
    "site_views": ("name",), "api_tokens": ("name",), "login_passkeys": ("name",), "passkeys": ("name",),
    "sessions": ("browser", "source"), "invitations": ("name", "mail"), "notice_webhooks": ("last_says",), "audit_checks": ("says",),
    "proposal_packages": ("says",), "gate_stops": ("reason",), "mailbox_requests": ("settled_by",),
}  # fmt: skip


async def poison(house: House, harm: str) -> None:
    """Each text differs from the next one, where a table wants that."""
    async with house.transaction() as tx:
        connection = await tx.connection()
        for table, columns in COLUMNS.items():
            for column in columns:
                # The names are of the table above.
                await connection.execute(text(f"UPDATE {table} SET {column} = :harm || rowid WHERE {column} IS NOT NULL"), {"harm": harm})
