"""Memory that runs short: fewer trials at a time, a pause, an end; and why a process was lost."""

import pytest
from ray.air.execution._internal import RayActorManager
from ray.exceptions import ActorDiedError, OutOfMemoryError, RayActorError, RayTaskError
from ray.tune.execution import tune_controller

from nvp.running.last_words import StudyStopped
from nvp.running.ray import causes, memory_shortage
from nvp.running.ray.causes import Cause, make_actor_manager, read_cause, tell_causes
from nvp.running.ray.memory_shortage import PAUSES, QUIET_SECONDS, MemoryShortage

KILLED = OutOfMemoryError(
    "1 worker(s) were killed due to the node running low on memory. Memory on the node (IP: "
    "192.0.2.2, ID: 6843) was 14.96GB used / 15.60GB limit (0.958974)\nOOM kill reason: ..."
)


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now = [0.0]
    monkeypatch.setattr(memory_shortage.time, "monotonic", lambda: now[0])
    return now


def test_half_as_many_run_after_each_round_that_ended_for_memory(clock: list[float]) -> None:
    memory = MemoryShortage()
    assert memory.begin_round(8, 8) == ""
    assert (memory.most, memory.pause) == (None, 0.0)
    for before, after in ((8, 4), (4, 2), (2, 1), (1, 1)):
        memory.note_progress()
        memory.note_kill(" (15GB of 16GB used)")
        memory.note_kill(" (15GB of 16GB used)")  # a burst costs one step
        assert memory.changed
        line = memory.begin_round(before, 8)
        assert line == (
            f"memory is short (15GB of 16GB used): at most {after} trials at a time, in 2 s"
        )
        assert (memory.most, memory.changed) == (after, False)


def test_rounds_in_which_nothing_gets_on_are_paused_longer_and_come_to_an_end(
    clock: list[float],
) -> None:
    memory, pauses = MemoryShortage(), []
    for _ in PAUSES:
        memory.note_kill("")
        memory.begin_round(1, 2)
        pauses.append(memory.pause)
    assert tuple(pauses) == PAUSES
    memory.note_kill(" (15GB of 16GB used)")
    with pytest.raises(StudyStopped, match=r"memory: Ray ended .* 7 times.*15GB of 16GB"):
        memory.begin_round(1, 2)


def test_progress_forgives_the_rounds_in_vain(clock: list[float]) -> None:
    memory = MemoryShortage()
    for _ in range(50):
        memory.note_kill("")
        memory.begin_round(1, 2)
        memory.note_kill("")
        memory.begin_round(1, 2)
        memory.note_progress()


def test_a_quiet_while_gives_places_back_and_a_failed_rise_makes_the_next_one_later(
    clock: list[float],
) -> None:
    memory = MemoryShortage()
    memory.note_kill("")
    memory.begin_round(8, 8)
    clock[0] += QUIET_SECONDS
    memory.see_whether_over(waiting=True)
    assert not memory.changed
    clock[0] += 1
    memory.see_whether_over(waiting=False)
    assert not memory.changed
    memory.see_whether_over(waiting=True)
    assert memory.changed
    assert memory.begin_round(4, 8) == (
        "memory: no process was ended for it lately; 8 trials at a time again"
    )
    assert memory.most is None
    memory.note_kill("")
    memory.begin_round(8, 8)
    assert memory.most == 4
    clock[0] += QUIET_SECONDS + 1
    memory.see_whether_over(waiting=True)
    assert not memory.changed  # the rise was a mistake: the next one comes later
    clock[0] += QUIET_SECONDS
    memory.see_whether_over(waiting=True)
    assert memory.changed


def test_causes_are_told_apart() -> None:
    full = OSError(28, "No space left on device")
    assert read_cause(KILLED) == Cause("memory", " (14.96GB of 15.60GB used)")
    assert read_cause(ActorDiedError()) == Cause("died")
    assert read_cause(RayTaskError("step", "Traceback\nValueError: no", ValueError("no"))) == Cause(
        "raised", "ValueError: no"
    )
    assert read_cause(RayTaskError("step", "Traceback", full)) == Cause(
        "storage", "[Errno 28] No space left on device"
    )
    gone = NotADirectoryError(20, "Not a directory")
    assert read_cause(RayTaskError("step", "Traceback", gone)) == Cause(
        "file", "[Errno 20] Not a directory"
    )


def test_tune_takes_a_process_that_ray_ended_for_a_death(monkeypatch: pytest.MonkeyPatch) -> None:
    """As Tune's own manager does it, but for the queue of calls, which needs a Ray."""
    monkeypatch.setattr(RayActorManager, "_cleanup_actor", lambda *args, **kwargs: None)
    seen: list[object] = []

    class Handle:
        actor_id = 1

        def _on_error(self, actor: object, error: object) -> None:
            seen.append(error)

    class Call:
        _tracked_actor = Handle()
        _on_error = None

    manager = make_actor_manager(seen.append).__new__(make_actor_manager(seen.append))
    manager._failed_actor_ids = set()
    manager._actor_task_failed(Call, KILLED)
    cause, error = seen
    assert cause == Cause("memory", " (14.96GB of 15.60GB used)")
    assert isinstance(error, RayActorError)
    assert "running low on memory" in str(error)
    theirs = RayActorManager.__new__(RayActorManager)
    with pytest.raises(RuntimeError, match="unexpected exception"):
        theirs._actor_task_failed(Call, KILLED)  # why all this is needed: it ends the driver


def test_tune_still_takes_its_manager_from_where_ours_is_put(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(tune_controller, "RayActorManager", RayActorManager)
    ours = make_actor_manager(lambda cause: None)

    def stop(self: object, **options: object) -> None:
        raise StudyStopped("ours is asked")

    monkeypatch.setattr(ours, "__init__", stop)
    monkeypatch.setattr(causes, "make_actor_manager", lambda note: ours)
    tell_causes(lambda cause: None)
    with pytest.raises(StudyStopped, match="ours is asked"):
        tune_controller.TuneController(resource_manager_factory=lambda: None)  # type: ignore
