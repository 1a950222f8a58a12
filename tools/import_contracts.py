"""Import-linter's contract types for a tree that is still growing.

Import-linter refuses a contract that names a module which does not exist. Ours are written for the whole tree, from the first commit on, so these types
leave out what is not there yet. Limits: a misspelt name would be left out in silence; `tests/layout` holds that every name in `.importlinter` is known.
"""

from collections.abc import Iterable

from grimp import ImportGraph
from importlinter import Contract, ContractCheck
from importlinter.contracts.forbidden import ForbiddenContract
from importlinter.contracts.independence import IndependenceContract
from importlinter.contracts.protected import ProtectedContract
from importlinter.domain.imports import ModuleExpression


class ForbiddenWherePresent(ForbiddenContract):
    """`forbidden`, over those of its modules that exist."""

    type_name = "forbidden_where_present"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        if _narrow(self, "source_modules", graph) and _narrow(self, "forbidden_modules", graph):
            return super().check(graph, verbose)
        return ContractCheck(kept=True)


class ProtectedWherePresent(ProtectedContract):
    """`protected`, over those of its modules that exist. Where no allowed importer exists yet, nobody may import them."""

    type_name = "protected_where_present"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        _narrow(self, "allowed_importers", graph)
        if _narrow(self, "protected_modules", graph):
            return super().check(graph, verbose)
        return ContractCheck(kept=True)


class IndependentWherePresent(IndependenceContract):
    """`independence`, over those of its modules that exist."""

    type_name = "independent_where_present"

    def check(self, graph: ImportGraph, verbose: bool) -> ContractCheck:
        if _narrow(self, "modules", graph) > 1:
            return super().check(graph, verbose)
        return ContractCheck(kept=True)


def _narrow(contract: Contract, field: str, graph: ImportGraph) -> int:
    """Keep what exists in `field`, and every name from outside the product; say how many are left."""
    names: Iterable[ModuleExpression] = getattr(contract, field)
    kept = [
        name
        for name in names
        if name.has_wildcard_expression() or name.expression in graph.modules or not name.expression.startswith("presswarden.")
    ]
    setattr(contract, field, kept)
    return len(kept)
