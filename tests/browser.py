"""A headless Chromium for pages; it draws without a graphics card, and asks no network."""

import os
import shutil
from collections.abc import Iterator

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.wait import WebDriverWait

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
)
PATIENCE_S = 120  # beside other tests


def open_browser() -> webdriver.Chrome | None:
    """Return a browser; None where there is none on this machine."""
    if not CHROMIUM or not DRIVER:
        return None
    options = webdriver.ChromeOptions()
    options.binary_location = CHROMIUM
    for flag in FLAGS:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=Service(DRIVER))


def start_browser() -> Iterator[webdriver.Chrome]:
    """Yield a browser for a fixture; without one a test is skipped, or fails in `make test-all`."""
    browser = open_browser()
    if browser is None:
        lacking = "chromium and chromedriver are not on this machine"
        (pytest.fail if os.environ.get("NVP_TEST_ALL") else pytest.skip)(lacking)
    try:
        yield browser
    finally:
        browser.quit()


def wait_until_ready(browser: webdriver.Chrome) -> int:
    """Wait until a page says that it is drawn; return the milliseconds it says that took."""
    script = "return document.body.dataset.ready"
    return int(
        WebDriverWait(browser, PATIENCE_S, 0.05).until(lambda one: one.execute_script(script))
    )


def set_screen(browser: webdriver.Chrome, width: int, height: int, *, dark: bool = False) -> None:
    """Show pages as a screen of this size does."""
    size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 500}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
