"""The shape of the log: kept hashes, proofs from them, tiles."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from presswarden.audit import tree
from presswarden.kernel import merkle

LEAVES = [merkle.leaf_hash(str(number).encode()) for number in range(66_000)]
_GROWN, _NODES = tree.grow(merkle.Frontier(), LEAVES)
KEPT = {(0, i): leaf for i, leaf in enumerate(LEAVES)} | {(node.level, node.position): node.node_hash for node in _NODES}


def _kept(run: tree.Kept) -> bytes:
    return merkle.root([KEPT[run.level, run.first + i] for i in range(run.count)])


def test_growing_in_steps_leads_to_the_tree_of_all_leaves() -> None:
    frontier, nodes = merkle.Frontier(), []
    for start in range(0, len(LEAVES), 777):
        frontier, more = tree.grow(frontier, LEAVES[start : start + 777])
        nodes += more
    assert frontier.root() == merkle.root(LEAVES) == _GROWN.root()
    assert tuple(nodes) == _NODES
    assert {node.level for node in nodes} == {1, 2}


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_proofs_from_kept_hashes_are_accepted_and_read_few_of_them(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, len(LEAVES)))
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    root = tree.span_hash(0, size, _kept)
    spans = tree.inclusion_spans(index, size)
    assert merkle.verify_inclusion(LEAVES[index], index, size, [tree.span_hash(*span, _kept) for span in spans], root)
    older = tree.span_hash(0, old, _kept)
    steps = tree.consistency_spans(old, size)
    assert merkle.verify_consistency(old, size, older, root, [tree.span_hash(*span, _kept) for span in steps])
    for proof in (spans, steps):
        runs = [run for span in proof for run in tree.cover(*span)]
        assert len(runs) <= 2 * size.bit_length()
        assert all(run.count <= 128 for run in runs)


@given(st.integers(1, 300), st.data())
def test_proofs_equal_those_made_from_all_leaves(size: int, data: st.DataObject) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(1, size))
    assert [tree.span_hash(*s, _kept) for s in tree.inclusion_spans(index, size)] == merkle.inclusion_proof(LEAVES[:size], index)
    assert [tree.span_hash(*s, _kept) for s in tree.consistency_spans(old, size)] == merkle.consistency_proof(LEAVES[:size], old)


def test_a_proof_outside_the_tree_is_refused() -> None:
    for index, size in ((0, 0), (5, 5), (-1, 5)):
        with pytest.raises(ValueError):
            tree.inclusion_spans(index, size)
    for old, size in ((0, 5), (6, 5)):
        with pytest.raises(ValueError):
            tree.consistency_spans(old, size)


def test_tiles_lie_where_the_format_says() -> None:
    # The examples of C2SP tlog-tiles: index 1234067, a tree of 70,000 and one of 256.
    assert tree.tile_path(0, 1_234_067) == "tile/0/x001/x234/067"
    assert tree.tile_path("entries", 1_000, 17) == "tile/entries/x001/000.p/17"
    assert tree.tiles(70_000, 0)[-1] == (273, 112)
    assert tree.tiles(70_000, 1) == [(0, 256), (1, 17)]
    assert tree.tiles(70_000, 2) == [(0, 1)]
    assert list(tree.levels(70_000)) == [0, 1, 2]
    assert tree.tiles(256, 1) == [(0, 1)]
    assert tree.tiles(256, 0) == [(0, 256)]
    assert list(tree.levels(0)) == []
    assert tree.fold([]) == merkle.EMPTY_ROOT
