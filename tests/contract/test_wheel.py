"""A wheel carries what the program needs at run time: the migrations, and the words of the contract."""

import subprocess
import sys
import zipfile
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]


def test_a_wheel_holds_the_migrations_and_the_words(tmp_path: Path) -> None:
    build = f"from hatchling.build import build_wheel; print(build_wheel({str(tmp_path)!r}))"
    done = subprocess.run([sys.executable, "-c", build], cwd=REPOSITORY, capture_output=True, text=True, check=True)
    with zipfile.ZipFile(tmp_path / done.stdout.strip().splitlines()[-1]) as wheel:
        inside = wheel.namelist()
        assert wheel.read("presswarden/contract/words.json") == (REPOSITORY / "contract" / "words.json").read_bytes()
    migrations = {path.name for path in (REPOSITORY / "src/presswarden/migrations/versions").glob("*.py")}
    assert {Path(name).name for name in inside if name.startswith("presswarden/migrations/versions/")} == migrations
