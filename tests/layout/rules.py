"""The table of rules: a sentence for each, and what finds the places that break it."""

from collections.abc import Callable
from functools import partial

from tests.layout import connector, contracts, evidence, files, folders, imports, nouns
from tests.layout.tree import Tree

Rule = Callable[[Tree], list[str]]

RULES: dict[str, Rule] = {
    **{f"contract:{name}": partial(contracts.broken, name=name) for name in contracts.CONTRACTS},
    "A process other than serve never holds a model key and the signing key": imports.processes_that_think_and_sign,
    "Every part of the tree is known to a rule": folders.parts_no_rule_knows,
    "Every folder of the product is a package": folders.folders_that_are_no_package,
    "Every name in an import contract is a part of the tree": folders.names_in_contracts_that_are_no_part,
    "A stage is entered by its doors alone": imports.stages_entered_by_other_than_their_doors,
    "A library is imported at home alone": imports.libraries_away_from_home,
    "A library has a home before it is used": imports.libraries_without_a_home,
    "Only outside opens a socket": imports.sockets_opened_outside_outside,
    "Nobody imports by string": imports.imports_by_string,
    "Only the gate mints permits": evidence.permits_minted_outside_the_gate,
    "Every method of the ports of dispatch and agents takes a permit": evidence.ports_without_a_permit,
    "Every store function takes and uses the organisation first": evidence.stores_that_do_not_put_the_organisation_first,
    "Only processes speak for everyone": evidence.everyone_made_outside_processes,
    "Only the edge opens and commits transactions": evidence.transactions_away_from_the_edge,
    "Decisions and nouns are pure": nouns.impure_decisions_and_nouns,
    "Only the clock reads the clock": nouns.clocks_read_outside_the_clock,
    "Only processes read the environment": nouns.settings_read_outside_processes,
    "Nouns are frozen and states are closed": nouns.nouns_that_can_change,
    "A package holds one docstring and nothing else": files.packages_that_hold_more_than_a_docstring,
    "A module opens with a docstring": files.modules_without_a_docstring,
    "A file has at most 300 lines": files.files_longer_than_a_reader_bears,
    "Nothing is left unfinished": files.unfinished_work,
    "No empty words": files.empty_words,
    "An exception to a check names its code and its reason": files.exceptions_without_a_reason,
    "No trace of one machine": files.traces_of_one_machine,
    "No file names a package host": files.package_hosts,
    "A test name is a sentence": files.names_of_tests_that_are_no_sentence,
    "Tests do not patch our own code": files.patches_of_our_own_code,
    "Decisions have four parts, a number and a line in the index": files.decisions_out_of_form,
    "PHP files declare strict types and the namespace of their folder": connector.php_files_without_strict_types_or_namespace,
    "A PHP file holds one final class": connector.php_classes_that_are_not_final,
    "Only Plugin.php hooks into WordPress": connector.hooks_outside_the_plugin_file,
    "The connector's core calls nothing of WordPress": connector.wordpress_in_the_core,
    "No route is open to everyone": connector.routes_open_to_everyone,
    "The connector has one version": connector.connector_versions_that_differ,
    "The connector's readme is in form": connector.readme_out_of_form,
}
