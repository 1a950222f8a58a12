"""A process dies at every point of every course: the next one ends the change as if nothing had happened, and no act ran twice."""

import pytest

from presswarden.flows import saga
from tests.fakes.points import STORIES, Engine, Killed, Point, table

pytestmark = pytest.mark.req("N8")


async def test_killed_at_any_point_a_change_ends_as_it_would_have_and_nothing_runs_twice() -> None:
    points = await table()
    assert len(points) > 300
    for point in points:
        await die_and_go_on(point)


async def die_and_go_on(point: Point) -> None:
    make, result = STORIES[point.story]
    engine = Engine(make(), point)
    with pytest.raises(Killed):
        await saga.run(engine, engine.site.task)
    await saga.run(engine, engine.site.task)
    ended = engine.site.ended
    assert ended is not None, point
    assert ended.result is result, point
    assert len(engine.effects) == len(set(engine.effects)), point
    undisturbed = Engine(make())
    await saga.run(undisturbed, undisturbed.site.task)
    assert engine.effects == undisturbed.effects, point
    assert (engine.site.version, engine.site.stage, engine.site.active) == (
        undisturbed.site.version,
        undisturbed.site.stage,
        undisturbed.site.active,
    ), point


async def test_an_act_under_way_is_never_left_out_and_never_repeated_wherever_the_process_dies() -> None:
    for point in await table():
        if point.step not in {"act", "close", "close_again", "take_back", "deactivate"}:
            continue
        engine = Engine(STORIES[point.story][0](), point)
        with pytest.raises(Killed):
            await saga.run(engine, engine.site.task)
        await saga.run(engine, engine.site.task)
        assert engine.site.acts.count(engine.site.task.act) == 1, point
