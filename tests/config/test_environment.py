"""Environment variables of nvp: read in one place, wrong ones refused before anything starts."""

from pathlib import Path

import pytest

from nvp.config.environment import (
    CHOICES,
    NUMBERS,
    check_environment,
    hint_unknown,
    read_choice,
    read_number,
)
from studies.sgd_noise import STUDY
from tests.in_process import run_main

WRONG = ("abc", "", " ", "-1", "nan", "inf", "1e400", "0x10", "20 s", "1,5")


@pytest.mark.parametrize("name", NUMBERS)
def test_every_number_is_read_and_what_is_none_is_refused(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(name, raising=False)
    assert read_number(name) == NUMBERS[name].default
    monkeypatch.setenv(name, " 2.5 ")
    assert read_number(name) == 2.5
    for text in WRONG:
        monkeypatch.setenv(name, text)
        with pytest.raises(ValueError, match=rf"^{name}: expected a number of seconds >") as found:
            read_number(name)
        assert repr(text) in str(found.value)
        assert "\n" not in str(found.value)
        with pytest.raises(ValueError, match=name):
            check_environment()


def test_the_least_value_is_taken_where_it_makes_sense(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NVP_CHECKPOINT_SECONDS", "0")
    assert read_number("NVP_CHECKPOINT_SECONDS") == 0.0
    monkeypatch.setenv("NVP_SILENT_SECONDS", "0")
    with pytest.raises(ValueError, match="> 0, got '0'"):
        read_number("NVP_SILENT_SECONDS")
    monkeypatch.setenv("NVP_LEASE_SECONDS", "0.5")
    with pytest.raises(ValueError, match=">= 1, got '0.5'"):
        read_number("NVP_LEASE_SECONDS")


@pytest.mark.parametrize("name", CHOICES)
def test_a_word_is_one_of_those_that_are_known(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "")
    assert read_choice(name) is None
    for word in CHOICES[name]:
        monkeypatch.setenv(name, word)
        assert read_choice(name) == word
    monkeypatch.setenv(name, "off")
    with pytest.raises(ValueError, match=rf"^{name}: expected .* or .*, got 'off'$"):
        check_environment()


def test_a_name_that_looks_like_one_of_ours_is_hinted_at() -> None:
    assert hint_unknown(dict.fromkeys(("NVP_DATA", "NVP_TEST_ALL", "HOME"), "")) == []
    (hint,) = hint_unknown({"NVP_CHECKPOINT_SECOND": "5"})
    assert "NVP_CHECKPOINT_SECOND is set" in hint
    assert "NVP_CHECKPOINT_SECONDS meant?" in hint


def test_a_start_refuses_in_one_line_and_writes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NVP_CHECKPOINT_SECONDS", "abc")
    for how in ([], ["--no-ray"], ["--dry-run"]):
        ended = run_main(STUDY, tmp_path / "out", *how)
        assert ended.returncode == 2
        assert ended.stderr.startswith("error: NVP_CHECKPOINT_SECONDS: expected a number")
        assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "out").exists()
