"""The import contracts of `.importlinter`, checked on any tree, in this process and without a cache."""

from copy import deepcopy

from importlinter import Contract
from importlinter.api import read_configuration
from importlinter.application import output
from importlinter.contracts.acyclic_siblings import AcyclicSiblingsContract
from importlinter.contracts.layers import LayersContract

from tests.layout.tree import REPOSITORY, Tree
from tools.import_contracts import ForbiddenWherePresent, IndependentWherePresent, ProtectedWherePresent

KINDS: dict[str, type[Contract]] = {
    kind.type_name: kind
    for kind in (LayersContract, AcyclicSiblingsContract, ForbiddenWherePresent, ProtectedWherePresent, IndependentWherePresent)
}
CONFIGURATION = read_configuration(str(REPOSITORY / ".importlinter"))
CONTRACTS: dict[str, dict[str, str]] = {options["id"]: options for options in CONFIGURATION["contracts_options"]}


def broken(tree: Tree, name: str) -> list[str]:
    """What breaks the contract `name` in `tree`, as import-linter says it."""
    options = CONTRACTS[name]
    contract = KINDS[options["type"]](options["name"], CONFIGURATION["session_options"], options)
    check = contract.check(deepcopy(tree.graph()), verbose=False)
    if check.kept:
        return []
    with output.console.capture() as said:
        contract.render_broken_contract(check)
    return [line for line in said.get().splitlines() if line.strip()]
