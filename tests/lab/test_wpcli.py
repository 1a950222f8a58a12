"""The stand-in for WP-CLI runs commands that a plugin registers, with WP-CLI's exit codes."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest

from lab.packages import write_plugin
from lab.site import Site

pytestmark = pytest.mark.site

_COMMANDS = """
if ( defined( 'WP_CLI' ) && WP_CLI ) {
	/** Commands of the test. */
	final class Lab_Test_Command {
		public function status( array $arguments, array $options ): void {
			$rows = array( array( 'name' => 'a', 'more' => 1, 'left' => 'out' ) );
			WP_CLI\\Utils\\format_items( WP_CLI\\Utils\\get_flag_value( $options, 'format', 'table' ), $rows, array( 'name', 'more' ) );
		}
		public function echo_( array $arguments, array $options ): void {
			WP_CLI::success( implode( '+', $arguments ) . json_encode( $options ) );
		}
		/** @subcommand long-name */
		public function long_name(): void {
			WP_CLI::confirm( 'Really?' );
			WP_CLI::line( 'done as ' . get_current_user_id() );
		}
		public function broken(): void {
			WP_CLI::warning( 'soon' );
			WP_CLI::error( 'It broke.' );
			WP_CLI::line( 'never' );
		}
		public function half(): void {
			WP_CLI::halt( 3 );
		}
	}
	WP_CLI::add_command( 'labtest', 'Lab_Test_Command' );
	WP_CLI::add_command( 'labtest deep', static function ( $arguments ) { WP_CLI::line( 'deep ' . $arguments[0] ); } );
}
"""


@pytest.fixture(scope="module")
def commanded(shop: Site, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    shop.install_plugin(write_plugin(tmp_path_factory.mktemp("plugin"), "commands", "1.0", _COMMANDS))
    yield shop
    shop.php("require_once ABSPATH . 'wp-admin/includes/plugin.php'; deactivate_plugins( 'commands/commands.php' );")


def test_a_subcommand_gets_arguments_options_and_flags(commanded: Site) -> None:
    code, said = commanded.wp("labtest", "echo", "a", "b c", "--name=x=y", "--flag", "--no-other")
    assert (code, said) == (0, 'Success: a+b c{"name":"x=y","flag":true,"other":false}\n')


def test_rows_are_printed_in_the_format_that_was_asked_for(commanded: Site) -> None:
    assert json.loads(commanded.wp("labtest", "status", "--format=json").stdout) == [{"name": "a", "more": 1}]
    assert commanded.wp("labtest", "status").stdout == "name\tmore\na\t1\n"
    assert commanded.wp("labtest", "status", "--format=count").stdout == "1\n"
    refused = commanded.wp("labtest", "status", "--format=xml")
    assert (refused.code, refused.stderr) == (1, "Error: Invalid format: xml\n")


def test_an_error_ends_the_command_with_1_and_goes_to_stderr(commanded: Site) -> None:
    ran = commanded.wp("labtest", "broken")
    assert (ran.code, ran.stdout, ran.stderr) == (1, "", "Warning: soon\nError: It broke.\n")
    assert commanded.wp("labtest", "half").code == 3


def test_a_question_is_asked_unless_yes_was_given(commanded: Site) -> None:
    assert commanded.wp("labtest", "long-name", stdin="n\n").stdout == "Really? [y/n] "
    assert commanded.wp("labtest", "long-name", "--user=admin", stdin="y\n").stdout == "Really? [y/n] done as 1\n"


def test_the_longest_name_wins_and_unknown_ones_are_refused(commanded: Site) -> None:
    assert commanded.wp("labtest", "deep", "water").stdout == "deep water\n"
    assert commanded.wp("labtest", "fly").stderr == "Error: 'fly' is not a registered subcommand of 'labtest'.\n"
    assert commanded.wp("core", "update").code == 1


def test_a_path_of_a_plugin_can_be_installed_under_another_folder(commanded: Site, tmp_path: Path) -> None:
    commanded.install_plugin(write_plugin(tmp_path, "source", "1.0"), activate=False, folder="target")
    assert (commanded.content / "plugins" / "target" / "source.php").exists()
