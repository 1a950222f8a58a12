"""A clock that stands still until a test moves it."""

from datetime import UTC, datetime, timedelta


class FrozenClock:
    def __init__(self, at: datetime = datetime(2026, 11, 20, 12, 0, tzinfo=UTC)) -> None:
        self.at = at

    def now(self) -> datetime:
        return self.at

    def advance(self, **by: float) -> datetime:
        self.at += timedelta(**by)
        return self.at


class TickingClock(FrozenClock):
    """Each look is a moment later than the one before: what happened first is told first, in every run."""

    def now(self) -> datetime:
        return self.advance(milliseconds=1)
