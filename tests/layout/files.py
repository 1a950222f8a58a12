"""What every file owes its reader: a docstring, a bearable length, words of the domain, reasons for exceptions, and nothing of one machine.

Limits: whether a docstring is true and a comment gives a reason is for people.
"""

import ast
import re
import sys

from tests.layout.tree import Text, Tree

LONGEST = 300
CODE = (".py", ".php", ".mjs", ".js", ".sh", ".sql", ".css", ".html")
WRITTEN = (*CODE, ".md", ".json", ".toml", ".xml", ".txt", ".yml", ".yaml", ".ini", ".lock")
EMPTY_WORDS = {
    "manager",
    "managers",
    "helper",
    "helpers",
    "util",
    "utils",
    "utility",
    "handler",
    "handlers",
    "data",
    "misc",
    "common",
    "stuff",
}
WORDS_OF_THE_LAW = {"PersonalData"}
# Written in pieces, so that this file does not contain what it looks for.
UNFINISHED = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX|HA" + r"CK)\b")
REGISTRIES = re.compile(
    r"(?:py" + r"pi\.org|python" + r"hosted\.org|npm" + r"js\.(?:org|com)|yarn" + r"pkg\.com|crates" + r"\.io|packa" + r"gist\.org)",
    re.IGNORECASE,
)
MACHINE = re.compile(r"(?<![\w.$}/-])/(?:wo" + r"rk/\w|ro" + r"ot/|tmp/br" + r"ief)")


def files_longer_than_a_reader_bears(tree: Tree) -> list[str]:
    long = [
        (file, file.source.count("\n"))
        for file in tree.files(*CODE, under=("src", "connector", "lab", "tests", "tools", "bench", "contract", "web"))
    ]
    return [f"{file.name} has {lines} lines" for file, lines in long if lines > LONGEST]


def unfinished_work(tree: Tree) -> list[str]:
    return _lines_with(UNFINISHED, tree.files(*CODE, ".md"))


def traces_of_one_machine(tree: Tree) -> list[str]:
    return _lines_with(MACHINE, tree.files(*WRITTEN))


def package_hosts(tree: Tree) -> list[str]:
    return _lines_with(REGISTRIES, tree.files(*WRITTEN))


def modules_without_a_docstring(tree: Tree) -> list[str]:
    return [file.name for file in tree.files(".py") if file.syntax.body and not (ast.get_docstring(file.syntax) or "").strip()]


def packages_that_hold_more_than_a_docstring(tree: Tree) -> list[str]:
    return [file.name for file in tree.product() if file.name.endswith("/__init__.py") and len(file.syntax.body) != 1]


def empty_words(tree: Tree) -> list[str]:
    found = []
    for file in tree.files(".py", ".php", ".mjs", under=("src", "connector", "lab", "tools", "tests", "bench")):
        stem = file.path.stem.lower()
        if EMPTY_WORDS.intersection(re.split(r"[_-]", stem)) or stem == "process":
            found.append(file.name)
    for file in tree.files(".py", under=("src", "lab", "tools", "bench")):
        for node in ast.walk(file.syntax):
            if (
                isinstance(node, ast.ClassDef)
                and node.name not in WORDS_OF_THE_LAW
                and EMPTY_WORDS.intersection(word.lower() for word in re.findall(r"[A-Z][a-z]+", node.name))
            ):
                found.append(f"{file.name}:{node.lineno} class {node.name}")
        for node in file.syntax.body:
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and re.match(r"_?(?:process|handle)(?:_|$)", node.name):
                found.append(f"{file.name}:{node.lineno} function {node.name}")
    return found


def exceptions_without_a_reason(tree: Tree) -> list[str]:
    """`# type: ignore[code]  # why`, `# noqa: CODE - why`, `phpcs:ignore Rule -- why`."""
    found = []
    good = re.compile(
        r"#\s*type:\s*ignore\[[\w, -]+\]\s*(?:#|-|\(|:)\s*\w.{4,}"
        r"|#\s*noqa:\s*[A-Z]+[0-9]+(?:\s*,\s*[A-Z]+[0-9]+)*\s*(?:#|-|\(|:)\s*\w.{4,}"
        r"|phpcs:(?:ignore|disable|enable)\s+[\w.,\s]+--\s*\w.{4,}"
    )
    asked = re.compile(r"#\s*type:\s*ignore|#\s*noqa|//\s*phpcs:(?:ignore|disable)|/\*\s*phpcs:(?:ignore|disable)")
    for file in tree.files(".py", ".php", under=("src", "lab", "tools", "bench", "connector")):
        for number, line in enumerate(file.source.splitlines(), 1):
            if asked.search(line) and not good.search(line):
                found.append(f"{file.name}:{number} {line.strip()[:80]}")
    return found


def names_of_tests_that_are_no_sentence(tree: Tree) -> list[str]:
    return [
        f"{file.name}:{node.lineno} {node.name}"
        for file in tree.files(".py", under=("tests",))
        for node in ast.walk(file.syntax)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_") and len(node.name.split("_")) < 4
    ]


def patches_of_our_own_code(tree: Tree) -> list[str]:
    found = []
    for file in tree.files(".py", under=("tests",)):
        for node in ast.walk(file.syntax):
            if isinstance(node, ast.Import | ast.ImportFrom) and "mock" in re.split(r"\W+", ast.unparse(node)):
                found.append(f"{file.name}:{node.lineno} {ast.unparse(node)}")
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "monkeypatch.setattr" and _is_ours(node.args[0]):
                found.append(f"{file.name}:{node.lineno} {ast.unparse(node)[:80]}")
    return found


def _is_ours(target: ast.expr) -> bool:
    name = target.value if isinstance(target, ast.Constant) else ast.unparse(target)
    return str(name).partition(".")[0] not in sys.stdlib_module_names


def decisions_out_of_form(tree: Tree) -> list[str]:
    pages = [file for file in tree.files(".md", under=("docs/decisions",)) if not file.name.endswith("README.md")]
    index = tree.root / "docs/decisions/README.md"
    found = (
        [] if [page.path.name[:4] for page in pages] == [f"{n:04}" for n in range(1, len(pages) + 1)] else ["numbers have gaps or repeat"]
    )
    for page in pages:
        parts = [part for part in ("Context", "Decision", "Consequences", "What we refused") if f"\n## {part}\n" not in page.source]
        found += [f"{page.name} has no part {part!r}" for part in parts]
        if f"]({page.path.name})" not in index.read_text():
            found.append(f"{page.name} is not in the index")
    return found


def _lines_with(pattern: re.Pattern[str], files: list[Text]) -> list[str]:
    return [
        f"{file.name}:{number} {line.strip()[:80]}"
        for file in files
        for number, line in enumerate(file.source.splitlines(), 1)
        if pattern.search(line)
    ]
