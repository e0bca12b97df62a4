"""The report of a real small study in a real browser: phone, desktop, dark, printed on A4."""

import base64
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from selenium import webdriver

from nvp.analysis.plots.figures import Panel
from tests.browser import set_screen, start_browser

NAME = "sgd_noise"
# text against what is behind it: at least 4.5, as WCAG AA asks
CONTRAST = """
const light = c => { const [r, g, b] = c.match(/[\\d.]+/g).map(v => v / 255)
  .map(v => v <= .04045 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4);
  return .2126 * r + .7152 * g + .0722 * b };
const behind = e => { const c = getComputedStyle(e).backgroundColor;
  return /, 0\\)$/.test(c) ? behind(e.parentElement) : c };
return [...document.querySelectorAll('p, h1, h2, h3, dt, dd, td, th, summary, li, .terms b')]
  .filter(e => e.innerText.trim() && e.offsetParent)
  .map(e => { const [a, b] = [light(getComputedStyle(e).color), light(behind(e))];
    return [(Math.max(a, b) + .05) / (Math.min(a, b) + .05), e.innerText.slice(0, 40)] })
  .filter(([ratio]) => ratio < 4.5)
"""


@pytest.fixture(scope="module")
def browser() -> Iterator[webdriver.Chrome]:
    yield from start_browser()


def show(browser: webdriver.Chrome, page: Path, width: int, *, scheme: str = "light") -> None:
    """Open the page at a width, in light or dark."""
    set_screen(browser, width, 844, dark=scheme == "dark")
    browser.get(page.as_uri())


@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_in_a_browser(
    browser: webdriver.Chrome, page: Path, drawn: list[Panel], width: int
) -> None:
    show(browser, page, width)
    assert browser.get_log("browser") == []
    wide, inner = browser.execute_script(
        "return [document.documentElement.scrollWidth, window.innerWidth]"
    )
    assert wide <= inner == width  # tables scroll by themselves
    images = browser.execute_script(
        "return [...document.images].map(i => [i.naturalWidth, i.alt, i.width,"
        " i.getBoundingClientRect().right])"
    )
    assert len(images) == sum(bool(panel.files) for panel in drawn) > 0
    for natural, alt, shown, right in images:
        assert natural > 900
        assert len(alt) > 40
        assert shown > 250
        assert right <= width  # no panel is cut off
    assert browser.execute_script("return document.querySelector('.answer').innerText.length") > 80
    assert browser.title.startswith("sgd_noise (quick)")


def test_a_tap_enlarges_a_figure_on_a_phone(browser: webdriver.Chrome, page: Path) -> None:
    show(browser, page, 390)
    measure = "return document.querySelector('figure.page img').width"
    small = browser.execute_script(measure)
    browser.execute_script("document.querySelector('figure.page label').click()")
    assert browser.execute_script(measure) > 1.5 * small
    assert browser.execute_script("return document.documentElement.scrollWidth") <= 390


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_is_legible_in_light_and_dark(
    browser: webdriver.Chrome, page: Path, scheme: str
) -> None:
    show(browser, page, 1280, scheme=scheme)
    back = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert (sum(map(int, re.findall(r"\d+", back))) < 200) == (scheme == "dark")
    assert browser.execute_script(CONTRAST) == []
    browser.get("about:blank")


@pytest.fixture(scope="module")
def printed(browser: webdriver.Chrome, page: Path) -> Iterator[webdriver.Chrome]:
    """Yield a browser that shows the page as on A4 paper."""
    show(browser, page, 703)  # 186 mm at 96 dots to the inch
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    yield browser
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})


def test_print_has_all_columns_and_opens_or_drops_what_folds(printed: webdriver.Chrome) -> None:
    rights = printed.execute_script(
        "return [...document.querySelectorAll('th, td, img, pre')].filter(e => e.offsetParent)"
        ".map(e => e.getBoundingClientRect().right)"
    )
    assert len(rights) > 20
    assert max(rights) <= 703
    shown = printed.execute_script(
        "return [...document.querySelectorAll('details')].map(e => [e.className, e.offsetHeight])"
    )
    assert all(bool(height) == (name == "opened") for name, height in shown)
    shared = printed.execute_script(
        "return document.querySelector('.shared li').getBoundingClientRect().height"
    )
    assert shared > 0


def test_a_printed_page_is_a4_and_cuts_no_figure(printed: webdriver.Chrome) -> None:
    pdf = base64.b64decode(
        printed.execute_cdp_cmd("Page.printToPDF", {"preferCSSPageSize": True})["data"]
    )
    boxes = re.findall(rb"/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]", pdf)
    assert 2 <= len(boxes) <= 12
    assert all((round(float(w)), round(float(h))) == (595, 842) for w, h in boxes)
    heights, breaks = zip(
        *printed.execute_script(
            "return [...document.querySelectorAll('figure')]"
            ".map(e => [e.offsetHeight, getComputedStyle(e).breakInside])"
        ),
        strict=True,
    )
    assert set(breaks) == {"avoid"}
    assert max(heights) < 1016  # 269 mm: what a page holds, so that none has to be cut
