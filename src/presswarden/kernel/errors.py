"""The one base class of errors that a person may read.

An error names what is wrong (`says`), where (`where`), and what to do next (`do`), under a stable dotted `code`. It knows nothing of HTTP or exit codes:
`surfaces/problems.py` maps codes. Nothing secret and nothing received from outside goes into these texts unescaped.
"""


class PresswardenError(Exception):
    """Base of every expected failure. Subclasses set `code` and write `says` and `do`."""

    code: str = "internal"

    def __init__(self, says: str, *, do: str = "", where: str = "", **extra: str | int) -> None:
        super().__init__(says)
        self.says = says
        self.do = do
        self.where = where
        self.extra = extra


class Malformed(PresswardenError):
    """Input from outside that is not of the agreed form."""

    code = "request.malformed"


class TooLarge(PresswardenError):
    code = "request.too_large"


class NotFound(PresswardenError):
    """Absent, or another organisation's: the answer is the same."""

    code = "not_found"
