"""A process that runs workflows has a name that nobody else has while it runs, and the same one after a restart."""

import contextlib
from pathlib import Path

import pytest

from presswarden.processes import home


@pytest.mark.req("N8")
def test_processes_of_one_home_have_names_of_their_own_and_get_them_back(tmp_path: Path) -> None:
    with home.executor(tmp_path) as first:
        with home.executor(tmp_path) as second:
            assert second != first
        with home.executor(tmp_path) as again:
            assert again == second
    with home.executor(tmp_path) as restarted:
        assert restarted == first


def test_another_home_has_other_names(tmp_path: Path) -> None:
    with home.executor(tmp_path / "a") as one, home.executor(tmp_path / "b") as other:
        assert one != other


def test_more_dispatchers_than_there_are_names_are_refused(tmp_path: Path) -> None:
    with contextlib.ExitStack() as stack:
        for _ in range(home.MOST_EXECUTORS):
            stack.enter_context(home.executor(tmp_path))
        with pytest.raises(home.ExecutorsFull):
            stack.enter_context(home.executor(tmp_path))
