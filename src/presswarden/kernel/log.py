"""The log of a process: lines of text for people, or one JSON object a line for machines, with whose and what a line belongs to.

What is under way is named with `about`; it stands in every line that is written meanwhile, by whatever code. Limits: what is written goes to standard error;
passwords in addresses are blotted out here, all other secrets must never come so far (W20).
"""

import logging
import re
import sys
from collections.abc import Iterator, MutableMapping
from contextlib import contextmanager
from enum import StrEnum
from typing import Any, Final

import structlog

_IN_AN_ADDRESS: Final = re.compile(r"(?<=://)[^\s/@]*:[^\s/@]*(?=@)")
_NOISY: Final = ("httpx", "alembic")


class Form(StrEnum):
    TEXT = "text"
    JSON = "json"


def begin(form: Form) -> None:
    """Write the process's log in this form from now on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(formatter() if form is Form.JSON else logging.Formatter("%(asctime)s %(levelname)s %(name)s %(message)s"))
    root = logging.getLogger()
    root.addHandler(handler)
    root.setLevel(logging.INFO)
    for name in _NOISY:
        logging.getLogger(name).setLevel(logging.WARNING)


def formatter() -> logging.Formatter:
    """`at`, `level`, `logger`, `event`, what it is about, and a traceback without the values of variables: those may be secrets."""
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=[
            structlog.contextvars.merge_contextvars,
            structlog.stdlib.add_log_level,
            structlog.stdlib.add_logger_name,
            structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"),
        ],
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            structlog.processors.format_exc_info,
            _blot,
            structlog.processors.JSONRenderer(sort_keys=True),
        ],
    )


@contextmanager
def about(**names: str) -> Iterator[None]:
    """Lines written in the block, by this task and what it starts, carry these names: `org`, `correlation`, `request` ..."""
    with structlog.contextvars.bound_contextvars(**names):
        yield


def _blot(_logger: Any, _method: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name, value in line.items():
        if isinstance(value, str):
            line[name] = _IN_AN_ADDRESS.sub("***", value)
    return line
