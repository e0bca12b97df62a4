"""explore.html of 1,000 trials of 20 epochs: how long it is written, and how long a browser takes.

`python -m benchmarks.explore [PLACE]`, by the clock, so: on a quiet machine only. The trials are
made up but well-formed (`benchmarks.made_up`); a place made before can be given. The page is usable
once it answers a selection: scatter, curves, map and table are there. The parallel coordinates come
last. The browser is a headless Chromium, which draws them without a graphics card; without one its
bars are not measured. A minute.
"""

import sys
import tempfile
import time
from pathlib import Path

from benchmarks.bar import SHORT, bar
from benchmarks.made_up import make
from benchmarks.report import SMALL
from nvp.analysis.explorer.command import main as explore
from tests.browser import open_browser, wait_until_ready

WRITE_S, READY_S, MOST_MB = 20, 2.0, 15


def measure(place: str) -> list[bool]:
    """Write the page and open it."""
    page = Path(place, "explore.html")
    start = time.perf_counter()
    assert explore(["small", "--storage", place, "--out", str(page)]) == 0
    holds = [bar("explore.write_1000_trials_s", time.perf_counter() - start, "<=", WRITE_S)]
    holds.append(bar("explore.page_mb", page.stat().st_size / 1e6, "<=", MOST_MB))
    browser = open_browser()
    if browser is None:
        print("    no chromium and chromedriver: how soon the page is ready was not measured")
        return holds
    try:
        browser.get(page.as_uri())
        drawn = wait_until_ready(browser) / 1e3
        usable = float(browser.execute_script("return document.body.dataset.usable")) / 1e3
        holds.append(bar("explore.usable_s", usable, "<=", READY_S))
        return [*holds, bar("explore.all_drawn_s", drawn, "<=", READY_S)]
    finally:
        browser.quit()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as made:
        place = sys.argv[1] if len(sys.argv) > 1 else made
        make(place, "small", SMALL, whole=True)
        holds = measure(place)
    sys.exit(0 if all(holds) else SHORT)
