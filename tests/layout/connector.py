"""The connector's house rules that a reader of its text can check: shape of files, who hooks, what Core may not call, versions that agree.

Limits: PHP is read with comments and strings taken out, not parsed. Dangerous calls are the token checker's (`tools/php`), spacing is PHP_CodeSniffer's.
"""

import re

from tests.layout.tree import Text, Tree

PLUGIN = "connector/presswarden-connector.php"
WORDPRESS_CALL = re.compile(
    r"(?<![\w>:$\\])\\?(?:wp_\w+|(?:get|add|update|delete)_(?:option|site_option|transient|user_meta|post_meta|bloginfo)|add_action|add_filter|apply_filters|do_action"
    r"|esc_\w+|sanitize_\w+|is_wp_error|__|_e|_n|_x|current_user_can|register_\w+|home_url|site_url|rest_url|get_bloginfo|is_multisite|plugins_url|trailingslashit)\s*\("
    r"|\$wpdb\b|\bnew\s+\\?WP_\w+|\bABSPATH\b|\bWPINC\b"
)
SHARED_BY_UPGRADERS = "connector/src/Site/Updates/Package.php"
"""The one trait: WordPress's four upgraders each have a class of ours that extends it, and all four override the same methods. No class can stand in for it."""
NOISE = re.compile(r"/\*.*?\*/|//[^\n]*|(?<![\w$])#(?!\[)[^\n]*|'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\"", re.DOTALL)


def code_of(file: Text) -> str:
    """The text without comments; strings are left as empty ones and lines stay where they are."""
    return NOISE.sub(lambda found: ("''" if found[0][0] in "'\"" else "") + "\n" * found[0].count("\n"), file.source)


def _classes(tree: Tree) -> list[Text]:
    return tree.files(".php", under=("connector/src",))


def php_files_without_strict_types_or_namespace(tree: Tree) -> list[str]:
    found = []
    for file in tree.files(".php", under=("connector",)):
        if "declare( strict_types=1 );" not in file.source:
            found.append(f"{file.name} does not declare strict types")
    for file in _classes(tree):
        folder = file.name.removeprefix("connector/src").rpartition("/")[0].replace("/", "\\")
        if f"namespace Presswarden\\Connector{folder};" not in file.source:
            found.append(f"{file.name} is not in the namespace of its folder")
    return found


def php_classes_that_are_not_final(tree: Tree) -> list[str]:
    found = []
    for file in _classes(tree):
        code = code_of(file)
        found += [f"{file.name} {kind.strip()}" for kind in re.findall(r"^[ \t]*((?:abstract )?class \w+)", code, re.MULTILINE)]
        kinds = "trait" if file.name == SHARED_BY_UPGRADERS else "final class|interface"
        named = re.findall(rf"^\s*(?:{kinds}) (\w+)", code, re.MULTILINE)
        if named != [file.path.stem]:
            found.append(f"{file.name} holds {named}, not the one class it is named for")
    return found


def hooks_outside_the_plugin_file(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{number}"
        for file in tree.files(".php", under=("connector/src", PLUGIN))
        if file.name != "connector/src/Plugin.php"
        for number, line in enumerate(code_of(file).splitlines(), 1)
        if re.search(r"(?<![\w>:$])\\?add_(?:action|filter)\s*\(", line)
    ]


def wordpress_in_the_core(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{number} {line.strip()[:80]}"
        for file in tree.files(".php", under=("connector/src/Core",))
        for number, line in enumerate(code_of(file).splitlines(), 1)
        if WORDPRESS_CALL.search(line)
    ]


def routes_open_to_everyone(tree: Tree) -> list[str]:
    return [
        file.name
        for file in tree.files(".php", under=("connector",))
        if re.search(r"__return_true\b", re.sub(r"/\*.*?\*/|//[^\n]*", "", file.source, flags=re.DOTALL))
    ]


def connector_versions_that_differ(tree: Tree) -> list[str]:
    plugin, readme = tree.root / PLUGIN, tree.root / "connector/readme.txt"
    if not plugin.is_file() or not readme.is_file():
        return []
    code, text = plugin.read_text(), readme.read_text()
    versions = {
        "header": re.findall(r"^\s*\*?\s*Version:\s*(\S+)", code, re.MULTILINE),
        "stable tag": re.findall(r"^Stable tag:\s*(\S+)", text, re.MULTILINE),
        "constant": re.findall(
            r"VERSION'?\s*(?:,|=)\s*'([^']+)'", code + "".join(f.source for f in tree.files("Plugin.php", under=("connector/src",)))
        ),
    }
    found = [f"{place}: {given}" for place, given in versions.items() if len(set(given)) != 1]
    if len({version for given in versions.values() for version in given}) > 1:
        found.append(f"versions differ: {versions}")
    return found


def readme_out_of_form(tree: Tree) -> list[str]:
    readme = tree.root / "connector/readme.txt"
    if not readme.is_file():
        return []
    head, _, rest = readme.read_text().partition("\n\n")
    short = rest.strip().partition("\n")[0].rstrip()
    found = [] if 0 < len(short) <= 150 else [f"the short text has {len(short)} characters"]
    for needed in ("== Description ==", "External services", "== Changelog =="):
        if needed not in rest:
            found.append(f"no {needed!r}")
    return found + [
        f"no {field!r}"
        for field in ("Requires at least:", "Tested up to:", "Requires PHP:", "Stable tag:", "License:")
        if field not in head
    ]
