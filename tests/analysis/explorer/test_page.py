"""explore.html of a real small study in a real browser: one selection, seen in every view."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys

from nvp.analysis.explorer.command import main
from tests.browser import set_screen, start_browser, wait_until_ready
from tests.html_links import Links

NAME = "sgd_noise"
COUNT = "return document.getElementById('count').textContent"
ROWS = "return document.querySelectorAll('#rows tbody tr').length"
SHOWN = """return [
  document.getElementById('lines').data[0].customdata.length,
  document.getElementById('cloud').data[1].x.length,
  document.getElementById('curves').data.length - 1,
  document.querySelectorAll('#rows tbody tr').length,
  document.getElementById('map-about').textContent]"""
BOX = """document.getElementById('cloud').emit(
  'plotly_selected', {range: {x: [0.5, 3.5], y: [-1, 2]}})"""
POINT = """const cloud = document.getElementById('cloud');
  cloud.scrollIntoView({block: 'center'});
  const at = cloud.querySelectorAll('.scatterlayer path.point')[arguments[0]];
  const box = at.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2]"""
LONG = """const first = lineColumns()[0];
  first.levels = first.levels.map(() => 'EarlyCroP-S, rewinding');
  drawLines()"""
CUT_OFF = """const chart = document.getElementById('lines');
  const left = chart.getBoundingClientRect().left;
  return [...chart.querySelectorAll('.axis .tick text')]
    .filter((one) => one.getBoundingClientRect().left < left).map((one) => one.textContent)"""
RANGE = "return document.getElementById('lines').data[0].dimensions[0].constraintrange"
SETTLE = "const done = arguments[0]; setTimeout(() => setTimeout(done, 300), 300);"


@pytest.fixture(scope="module")
def page(study_place: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("explorer") / "explore.html"
    assert main([NAME, "--storage", str(study_place), "--out", str(path)]) == 0
    return path


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    yield from start_browser()


@pytest.fixture
def opened(browser: webdriver.Chrome, page: Path) -> webdriver.Chrome:
    set_screen(browser, 1280, 900)
    browser.get("about:blank")
    browser.get(page.as_uri())
    wait_until_ready(browser)
    return browser


def settle(browser: webdriver.Chrome) -> None:
    browser.execute_async_script(SETTLE)


def test_the_page_needs_nothing_beside_itself(page: Path, study_place: Path) -> None:
    text = page.read_text()
    links = Links()
    links.feed(text)
    assert links.found == ["data:,"]
    assert page.stat().st_size < 15e6
    assert not re.search(r"@import|url\(http", text)


@pytest.mark.one_commit_in(2, 0)
def test_a_selection_in_one_view_is_one_in_all(opened: webdriver.Chrome) -> None:
    assert opened.execute_script(SHOWN)[1:4] == [16, 16, 16]
    drag = "Plotly.restyle('lines', {'dimensions[0].constraintrange': [[-0.2, 0.2]]})"
    opened.execute_script(drag)  # what a drag along the first axis does
    settle(opened)
    assert opened.execute_script(COUNT) == "4 of 16 trials selected"
    assert opened.execute_script(SHOWN)[1:] == [
        4,
        4,
        4,
        "The mean of 4 trials; the input is at the top.",
    ]
    opened.execute_script(BOX)  # what a box does: its column gets the range of the box
    settle(opened)
    assert opened.execute_script(COUNT) == "12 of 16 trials selected"
    assert opened.execute_script(SHOWN)[1:4] == [12, 12, 12]
    assert opened.execute_script(RANGE) == [[0.5, 3.5]]
    opened.find_element(By.ID, "reset").click()
    settle(opened)
    assert opened.execute_script(SHOWN)[:4] == [16, 16, 16, 16]
    assert opened.get_log("browser") == []


@pytest.mark.one_commit_in(2, 1)
def test_a_keyboard_reaches_selection_trial_and_views(opened: webdriver.Chrome) -> None:
    opened.find_element(By.CSS_SELECTOR, "#filters summary").send_keys(Keys.ENTER)
    boxes = opened.find_elements(By.CSS_SELECTOR, "input[name='prune.method']")
    boxes[0].send_keys(Keys.SPACE)
    settle(opened)
    assert opened.execute_script(COUNT) == "8 of 16 trials selected"
    chip = opened.find_element(By.CSS_SELECTOR, "#chips button")
    assert "pruning method" in chip.text
    first = opened.find_element(By.CSS_SELECTOR, "#rows tbody button")
    name = first.text
    first.send_keys(Keys.ENTER)
    settle(opened)
    told = opened.find_element(By.ID, "trial").text
    assert told.startswith(name)
    assert "--only " + name in told
    assert len(opened.find_elements(By.CSS_SELECTOR, "tr.picked")) == 1
    opened.find_element(By.ID, "curve-measure").send_keys("validation loss", Keys.ENTER)
    settle(opened)
    title = "return document.getElementById('curves').layout.yaxis.title.text"
    assert "loss" in opened.execute_script(title)
    assert opened.get_log("browser") == []


@pytest.mark.one_commit_in(3, 0)
def test_pointing_at_a_trial_names_it_and_its_command(opened: webdriver.Chrome) -> None:
    ids = opened.execute_script("return data.ids")
    x, y = opened.execute_script(POINT, 2)
    opened.execute_cdp_cmd("Input.dispatchMouseEvent", {"type": "mouseMoved", "x": x, "y": y})
    settle(opened)
    told = opened.find_element(By.ID, "trial").text
    assert told.startswith(ids[2])
    assert f"--only {ids[2]}" in told
    assert ids[2] in opened.execute_script(
        "return document.getElementById('cloud').data[1].text[2]"
    )


@pytest.mark.one_commit_in(3, 1)
def test_a_page_that_loads_itself_keeps_its_selection(opened: webdriver.Chrome) -> None:
    opened.execute_script("filter('optim.noise', [[-0.4, 1.4]]); pick(1)")
    settle(opened)
    opened.refresh()
    wait_until_ready(opened)
    assert opened.execute_script(COUNT) == "8 of 16 trials selected"
    assert opened.execute_script("return state.picked") == 1


@pytest.mark.one_commit_in(3, 2)
@pytest.mark.parametrize(("width", "height", "dark"), [(390, 844, True), (1280, 900, False)])
def test_the_page_fits_a_screen(
    browser: webdriver.Chrome, page: Path, width: int, height: int, dark: bool
) -> None:
    set_screen(browser, width, height, dark=dark)
    browser.get("about:blank")
    browser.get(page.as_uri())
    wait_until_ready(browser)
    size = "return [document.documentElement.scrollWidth, window.innerWidth]"
    wide, inner = browser.execute_script(size)
    assert wide <= inner
    colors = "const s = getComputedStyle(document.body); return [s.color, s.backgroundColor]"
    ink, back = browser.execute_script(colors)
    light = [sum(map(int, re.findall(r"\d+", text)[:3])) for text in (ink, back)]
    assert (light[0] > light[1]) == dark
    assert abs(light[0] - light[1]) > 300
    browser.execute_script(LONG)
    settle(browser)
    assert browser.execute_script(CUT_OFF) == []
    assert browser.get_log("browser") == []


@pytest.mark.one_commit_in(3, 2)
def test_follow_writes_until_the_plan_is_done(study_place: Path, tmp_path: Path) -> None:
    page = tmp_path / "explore.html"
    command = [sys.executable, "-m", "nvp", "explore", NAME, "--storage", str(study_place)]
    done = subprocess.run(
        [*command, "--out", str(page), "--follow"],
        capture_output=True,
        text=True,
        timeout=300,
        env=os.environ,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("16 trials") == 1  # nothing is missing, so it does not wait
    assert 'data-follow="0"' in page.read_text()
