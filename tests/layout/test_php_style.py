"""The sniffs of phpcs.xml.dist see what they are there for. Limits: spacing alone; what a connector may not call is checked on its tokens elsewhere."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.layout.tree import REPOSITORY

GOOD = """<?php
declare( strict_types=1 );

namespace Presswarden\\Connector\\Core;

final class Seeded {

	/** @var array<string,int> */
	private array $given;

	public function one( string $name, int $limit = 3 ): ?string {
		foreach ( $this->given as $key => $value ) {
			if ( $key === $name && $value < $limit ) {
				return (string) $value . '!';
			}
		}
		return null;
	}
}
"""
SEEDS = {
    "spaces for tabs": ("\tprivate array", "    private array", "Generic.WhiteSpace.DisallowSpaceIndent"),
    "no space inside parentheses of a condition": ("if ( $key", "if ($key", "PSR2.ControlStructures.ControlStructureSpacing"),
    "no space inside parentheses of a loop": ("foreach ( $this", "foreach ($this", "Squiz.ControlStructures.ForEachLoopDeclaration"),
    "no space inside parentheses of a function": ("one( string", "one(string", "Squiz.Functions.FunctionDeclarationArgumentSpacing"),
    "no space inside parentheses of a call": ("(string) $value", "strval($value)", "PEAR.Functions.FunctionCallSignature"),
    "no strict types": ("declare( strict_types=1 );", "", "Generic.PHP.RequireStrictTypes"),
    "a short tag": ("return null;", "?><?= 1 ?><?php", "Generic.PHP.DisallowShortOpenTag"),
    "eval": ("return null;", "return eval( $name );", "Squiz.PHP.Eval"),
    "a backtick": ("return null;", "return `id`;", "Generic.PHP.BacktickOperator"),
    "goto": ("return null;", "goto end; end: return null;", "Generic.PHP.DiscourageGoto"),
    "a forbidden function": ("return null;", "return unserialize( $name );", "Generic.PHP.ForbiddenFunctions"),
    "a silenced error": ("return null;", "return @file( $name );", "Generic.PHP.NoSilencedErrors"),
    "a short array": ("return null;", "return [];", "Generic.Arrays.DisallowShortArraySyntax"),
    "no visibility": ("\tpublic function", "\tfunction", "Squiz.Scope.MethodScope"),
    "a brace on a line of its own": ("?string {", "?string\n\t{", "Generic.Functions.OpeningFunctionBraceKernighanRitchie"),
}  # fmt: skip

pytestmark = pytest.mark.skipif(shutil.which("phpcs") is None, reason="phpcs is not installed (.ci/run installs it)")


def sniffs(source: str, folder: Path) -> set[str]:
    file = folder / "connector/src/Core/Seeded.php"
    file.parent.mkdir(parents=True)
    file.write_text(source)
    shutil.copy(REPOSITORY / "phpcs.xml.dist", folder)
    done = subprocess.run(["phpcs", "-q", "--report=json", str(file)], cwd=folder, capture_output=True, text=True, check=False)
    report = json.loads(done.stdout)
    messages = [message for found in report["files"].values() for message in found["messages"]]
    assert (done.returncode != 0) == bool(messages)
    return {".".join(message["source"].split(".")[:3]) for message in messages}


def test_php_in_our_style_is_let_be(tmp_path: Path) -> None:
    assert sniffs(GOOD, tmp_path) == set()


@pytest.mark.parametrize("seed", SEEDS)
def test_php_out_of_style_is_found(tmp_path: Path, seed: str) -> None:
    was, becomes, sniff = SEEDS[seed]
    assert was in GOOD
    assert sniff in sniffs(GOOD.replace(was, becomes, 1), tmp_path)
