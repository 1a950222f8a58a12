"""The files that browsers get: built by hatch_build.py, named by their content, read once. Limits: what is not in the manifest is not there."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from presswarden.kernel.errors import PresswardenError

BUILT: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"
_MEDIA: Final = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}


class AssetsMissing(PresswardenError):
    code = "assets.missing"


@dataclass(frozen=True, slots=True)
class Asset:
    body: bytes
    packed: bytes | None
    media: str


class Assets:
    def __init__(self, names: Mapping[str, str], files: Mapping[str, Asset]) -> None:
        self._names = names
        self._files = files

    @classmethod
    def load(cls, folder: Path = BUILT) -> "Assets":
        """Raises `AssetsMissing`."""
        try:
            names: dict[str, str] = json.loads((folder / "manifest.json").read_text())
            files = {called: _read(folder, called) for called in names.values()}
        except FileNotFoundError as fault:
            raise AssetsMissing("The console's files for browsers are not built.", where=str(folder), do="Run `make assets`.") from fault
        return cls(names, files)

    def url(self, name: str) -> str:
        """Where the file is: `app.css` → `/static/app.3aa5f264881e.css`. Raises `KeyError` for a file that is not built."""
        return PREFIX + self._names[name]

    def text(self, name: str) -> str:
        return self._files[self._names[name]].body.decode()

    async def answer(self, request: Request) -> Response:
        """The file named in the path. Its name changes with its content, so a browser never has to ask twice."""
        found = self._files.get(request.path_params["name"])
        if found is None:
            return Response("There is no such file.", 404, media_type="text/plain")
        headers = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}
        if found.packed is not None and "gzip" in request.headers.get("accept-encoding", ""):
            return Response(found.packed, headers={**headers, "Content-Encoding": "gzip"}, media_type=found.media)
        return Response(found.body, headers=headers, media_type=found.media)


def _read(folder: Path, called: str) -> Asset:
    packed = folder / f"{called}.gz"
    return Asset((folder / called).read_bytes(), packed.read_bytes() if packed.exists() else None, _MEDIA[called.rpartition(".")[2]])
