"""Packages that the lab's update server offers, built in memory: good, broken and hostile ones.

Every kind but GOOD is a way in which a real download has gone wrong or been turned against a site.
What WordPress does with each stands in its tests, not here.
"""

from __future__ import annotations

import io
import stat
import struct
import zipfile
from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

_WHEN = (2026, 11, 1, 10, 0, 0)  # one time for all, so that equal packages are equal bytes
SLIPPED = "presswarden-lab-slipped.php"


class Kind(StrEnum):
    """What is the matter with a package."""

    GOOD = "good"
    FATAL = "fatal on load"
    PARSE_ERROR = "parse error"
    NO_PLUGIN_FILE = "zip with no plugin file"
    CUT_ZIP = "zip cut half way, sent whole"
    HTML = "an HTML page instead of a zip"
    CUT_DOWNLOAD = "connection ends half way"
    REDIRECT = "redirect to another address of the server"
    ZIP_SLIP = "a member that climbs out of its folder"
    SYMLINK = "a member that is a symbolic link"
    CHANGED = "other bytes at every download"
    MISSING = "answered with 404"


def zipped(files: Mapping[str, bytes | str], links: Mapping[str, str] | None = None) -> bytes:
    """A zip with these members; `links` become symbolic links."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as box:
        for name, text in files.items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.external_attr = (stat.S_IFREG | 0o644) << 16
            box.writestr(info, text, zipfile.ZIP_DEFLATED)
        for name, target in (links or {}).items():
            info = zipfile.ZipInfo(name, _WHEN)
            info.create_system = 3
            info.external_attr = (stat.S_IFLNK | 0o777) << 16
            box.writestr(info, target)
    return out.getvalue()


def zipped_folder(folder: Path, top: str) -> bytes:
    """A zip of a real folder below one top name, as release zips are."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as box:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                info = zipfile.ZipInfo(f"{top}/{path.relative_to(folder)}", _WHEN)
                info.external_attr = (stat.S_IFREG | 0o644) << 16
                info.compress_type = zipfile.ZIP_DEFLATED
                box.writestr(info, path.read_bytes(), compresslevel=1)
    return out.getvalue()


def plugin_files(slug: str, version: str, body: str = "", name: str | None = None) -> dict[str, bytes | str]:
    """A small working plugin that answers its version at /wp-json/SLUG/v1/version."""
    main = (
        f"<?php\n/*\nPlugin Name: {name or slug.replace('-', ' ').title()}\nVersion: {version}\nRequires at least: 6.2\n"
        f"Requires PHP: 7.4\nText Domain: {slug}\n*/\n{body}\n"
        "add_action( 'rest_api_init', static function () {\n"
        f"\tregister_rest_route( '{slug}/v1', '/version', array(\n\t\t'methods' => 'GET',\n"
        "\t\t'permission_callback' => '__return_true',\n\t\t'callback' => static function () {\n"
        f"\t\t\treturn array( 'version' => '{version}' );\n\t\t}},\n\t) );\n}} );\n"
    )
    return {
        f"{slug}/{slug}.php": main,
        f"{slug}/readme.txt": f"=== {slug} ===\nStable tag: {version}\n",
        f"{slug}/inc/part.txt": "part of the package\n" * 200,
    }


def theme_files(slug: str, version: str, body: str = "") -> dict[str, bytes | str]:
    """A small working classic theme."""
    return {
        f"{slug}/style.css": f"/*\nTheme Name: {slug.title()}\nVersion: {version}\nRequires PHP: 7.4\n*/\n",
        f"{slug}/index.php": "<!doctype html><title><?php bloginfo( 'name' ); ?></title><?php wp_head(); ?>"
        f"<body><p>{slug} {version}</p><?php wp_footer();\n",
        f"{slug}/functions.php": f"<?php\n{body}\n",
    }


BODIES = {
    Kind.FATAL: "throw new Error( 'This version breaks on load.' );",
    Kind.PARSE_ERROR: "this is { no PHP",
}


def component(slug: str, version: str, kind: Kind, *, theme: bool = False, serial: int = 0) -> bytes:
    """The bytes that the server sends for one package. `serial` makes CHANGED differ."""
    if kind is Kind.HTML:
        return b"<!doctype html><title>Licence expired</title><p>Please log in to download this file.</p>"
    body = BODIES.get(kind, "")
    files = theme_files(slug, version, body) if theme else plugin_files(slug, version, body)
    links: dict[str, str] = {}
    match kind:
        case Kind.NO_PLUGIN_FILE:
            files = {f"{slug}/readme.txt": "The plugin's own file is not here.\n"}
        case Kind.ZIP_SLIP:
            files[f"{slug}/../../../{SLIPPED}"] = "<?php echo 'outside';\n"
        case Kind.SYMLINK:
            links[f"{slug}/link.txt"] = "/etc/passwd"
        case Kind.CHANGED:
            files[f"{slug}/serial.txt"] = f"download {serial}\n"
    whole = zipped(files, links)
    return whole[: len(whole) // 2] if kind is Kind.CUT_ZIP else whole


def write_plugin(into: Path, slug: str, version: str, body: str = "", name: str | None = None) -> Path:
    """The plugin as a folder below `into`, for `Site.install_plugin`."""
    for path, text in plugin_files(slug, version, body, name).items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
    return into / slug


def write_theme(into: Path, slug: str, version: str, body: str = "") -> Path:
    """The theme as a folder below `into`."""
    for path, text in theme_files(slug, version, body).items():
        target = into / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(text if isinstance(text, bytes) else text.encode())
    return into / slug


def language_pack(slug: str, locale: str, updated: str, phrases: Mapping[str, str]) -> bytes:
    """A translation as a zip: .po, .mo and the PHP form that newer WordPress reads."""
    header = f"Project-Id-Version: {slug}\nPO-Revision-Date: {updated}+0000\nContent-Type: text/plain; charset=UTF-8\nLanguage: {locale}\n"
    quoted = "".join(f'"{line}\\n"\n' for line in header.splitlines())
    po = f'msgid ""\nmsgstr ""\n{quoted}' + "".join(f'\nmsgid "{source}"\nmsgstr "{text}"\n' for source, text in phrases.items())
    pairs = ", ".join(f"'{source}' => '{text}'" for source, text in phrases.items())
    php = f"<?php\nreturn array( 'po-revision-date' => '{updated}+0000', 'language' => '{locale}', 'messages' => array( {pairs} ) );\n"
    stem = f"{slug}-{locale}"
    return zipped({f"{stem}.mo": _mo({"": header, **phrases}), f"{stem}.po": po, f"{stem}.l10n.php": php})


def _mo(phrases: Mapping[str, str]) -> bytes:
    """gettext's binary form: header, two tables of lengths and offsets, then the texts."""
    pairs = sorted((source.encode(), text.encode()) for source, text in phrases.items())
    count = len(pairs)
    at = 28 + 16 * count
    tables, texts = [], b""
    for column in (0, 1):
        for pair in pairs:
            tables.append(struct.pack("<II", len(pair[column]), at + len(texts)))
            texts += pair[column] + b"\0"
    return struct.pack("<7I", 0x950412DE, 0, count, 28, 28 + 8 * count, 0, at) + b"".join(tables) + texts
