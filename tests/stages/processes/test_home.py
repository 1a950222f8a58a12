"""The home folder: made once, also when making it was interrupted; never made anew over what was lost."""

from pathlib import Path

import pytest

from presswarden.processes import home


def silent(_: str) -> None: ...


@pytest.mark.req("N8")
def test_a_first_start_that_was_interrupted_is_finished_by_the_next_with_the_keys_it_made(tmp_path: Path) -> None:
    home.make_home(tmp_path, silent)
    (tmp_path / "keys" / "janitor.kek").unlink()
    kept = (tmp_path / "keys" / "web.kek").read_text()
    assert home.is_first_start(tmp_path)
    home.make_home(tmp_path, silent)
    assert {path.stem for path in (tmp_path / "keys").iterdir()} == set(home.OWNERS)
    assert (tmp_path / "keys" / "web.kek").read_text() == kept
    home.made(tmp_path)
    assert not home.is_first_start(tmp_path)


@pytest.mark.req("N8")
def test_a_lost_database_is_said_to_be_lost_and_not_made_anew(tmp_path: Path) -> None:
    home.make_home(tmp_path, silent)
    home.made(tmp_path)
    database = f"sqlite:///{tmp_path / 'presswarden.sqlite'}"
    for look in (home.require_database, home.require_set_up):
        with pytest.raises(home.DatabaseLost) as lost:
            look(tmp_path, database)
        assert "move" in lost.value.do
    (tmp_path / "presswarden.sqlite").touch()
    home.require_set_up(tmp_path, database)


def test_where_nothing_is_the_next_step_is_serve(tmp_path: Path) -> None:
    with pytest.raises(home.NotSetUp) as missing:
        home.require_set_up(tmp_path, f"sqlite:///{tmp_path / 'presswarden.sqlite'}")
    assert "presswarden serve" in missing.value.do
