"""How often one caller may call: token buckets in memory, by source address before anything is read, by installation once the signature was right.

Limits: each process counts for itself and forgets with it; what must be exact (tries at a pairing code) is counted in the database.
"""

import ipaddress
from collections import OrderedDict
from dataclasses import dataclass
from datetime import datetime
from typing import Final

MOST_CALLERS: Final = 20_000
"""Buckets kept at once; the caller unseen longest is forgotten first, which a flood of addresses can only use against itself."""


@dataclass(frozen=True, slots=True)
class Rate:
    per_minute: int
    burst: int


@dataclass(slots=True)
class _Bucket:
    tokens: float
    at: datetime


# Hundreds of sites may share one hosting address, each with a heartbeat every five minutes and the answers of waiting calls.
PER_ADDRESS: Final = Rate(per_minute=600, burst=300)
PER_INSTALLATION: Final = Rate(per_minute=30, burst=30)


class Limit:
    def __init__(self, rate: Rate) -> None:
        self._rate = rate
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def allows(self, caller: str, now: datetime) -> bool:
        """Take one token of `caller`; False when there is none."""
        bucket = self._buckets.pop(caller, None) or _Bucket(self._rate.burst, now)
        gained = max((now - bucket.at).total_seconds(), 0) * self._rate.per_minute / 60
        tokens = min(bucket.tokens + gained, self._rate.burst)
        allowed = tokens >= 1
        self._buckets[caller] = _Bucket(tokens - 1 if allowed else tokens, max(now, bucket.at))
        while len(self._buckets) > MOST_CALLERS:
            self._buckets.popitem(last=False)
        return allowed


def source_of(host: str | None) -> str:
    """The caller as limits count it: an IPv4 address, or the /64 an IPv6 caller can pick addresses from."""
    try:
        address = ipaddress.ip_address(host or "")
    except ValueError:
        return "unknown"
    if isinstance(address, ipaddress.IPv6Address):
        mapped = address.ipv4_mapped
        return str(mapped) if mapped else str(ipaddress.ip_network((address, 64), strict=False))
    return str(address)
