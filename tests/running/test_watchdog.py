"""Who is stuck: judged by a trial's own signs of life."""

import pytest

from nvp.running.ray import watchdog
from nvp.running.ray.watchdog import Watchdog
from nvp.trial.progress import Progress


class Hours:
    """A clock that a test moves."""

    now = 0.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Hours:
    hours = Hours()
    monkeypatch.setattr(watchdog.time, "monotonic", lambda: hours.now)
    monkeypatch.setenv("NVP_SILENT_SECONDS", "10")
    return hours


class Handle:
    """A trial of Tune whose process is not there."""

    class temporary_state:  # noqa: N801 (Tune's name)
        ray_actor = None


def report(dog: Watchdog, name: str, batches: int, epoch: int = 0, status: str = "running") -> bool:
    return dog.see(Progress(trial_id=name, status=status, epoch=epoch), batches)


def names(dog: Watchdog) -> list[str]:
    dog.looked = -1e9
    return [name for name, _ in dog.silent()]


def test_a_slow_trial_beside_fast_ones_is_not_stuck(clock: Hours) -> None:
    dog = Watchdog()
    dog.start("fast", None)
    dog.start("slow", None)
    report(dog, "slow", 0)
    for second in range(1, 601):
        clock.now = float(second)
        report(dog, "fast", second * 100, epoch=second)
        assert report(dog, "slow", second // 25) == (second % 25 == 0)  # one epoch: ten minutes
        assert names(dog) == []


def test_a_trial_that_hangs_after_it_got_on_is_stuck(clock: Hours) -> None:
    dog = Watchdog()
    dog.start("hangs", None)
    report(dog, "hangs", 0)
    for second in (1, 2, 3):
        clock.now = float(second)
        assert report(dog, "hangs", second)
    for second in range(4, 14):
        clock.now = float(second)
        assert not report(dog, "hangs", 3)
        assert names(dog) == []
    clock.now = 13.5
    assert names(dog) == ["hangs"]
    assert dog.silent() == []  # looks every few seconds


def test_trials_that_are_silent_from_their_start_are_stuck_all_of_them(clock: Hours) -> None:
    dog = Watchdog()
    for name in "ab":
        dog.start(name, Handle)
        report(dog, name, 0)  # its process reports, but no batch is begun
    clock.now = 30.0
    assert names(dog) == []
    clock.now = 30.5
    assert names(dog) == ["a", "b"]
    dog.kill("a", 30.5)
    assert dog.killed == {"a": 30.5}
    dog.start("a", Handle)
    assert not dog.killed
    clock.now += 60.0  # twice as patient
    assert "a" not in names(dog)
    clock.now += 0.5
    assert "a" in names(dog)


def test_patience_is_learnt_from_the_longest_silence_of_all_attempts(clock: Hours) -> None:
    dog = Watchdog()
    dog.start("t", Handle)
    report(dog, "t", 0)
    clock.now = 20.0
    report(dog, "t", 1)
    assert dog.patience("t") == 200.0
    dog.kill("t", 201.0)
    dog.start("t", Handle)
    assert dog.patience("t") == 400.0
    dog.start("other", Handle)
    assert dog.patience("other") == 30.0


def test_an_epoch_is_a_sign_of_life_and_a_trial_that_ended_is_not_watched(clock: Hours) -> None:
    dog = Watchdog()
    dog.start("t", None)
    assert report(dog, "t", 5, epoch=3)  # continued from a checkpoint
    assert not report(dog, "t", 5, epoch=3)
    dog.end("t")
    assert not report(dog, "t", 9, epoch=4)
    clock.now = 1e6
    assert names(dog) == []
