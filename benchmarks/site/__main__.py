"""Build the site into build/site/html: `python -m benchmarks.site`; exit 1 when anything is wrong.

The bar is of processor seconds of all threads, which a busy machine does not change.
"""

import os
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from benchmarks.bar import SHORT, bar
from benchmarks.site.checks import find_faults
from benchmarks.site.pages import ROOT, write_config, write_pages

BUILT = ROOT / "build/site"
SHIM = "https://unpkg.com/iframe-worker/shim"  # what the theme would load: we have a copy
SECONDS = 60


def main(built: Path = BUILT) -> int:
    """Build the site anew; return the exit code."""
    missing = [name for name in ("zensical", "mkdocstrings", "latex2mathml") if not find_spec(name)]
    if missing:
        print(f"not installed: {', '.join(missing)}; make site installs them", file=sys.stderr)
        return 2
    before = sum(os.times()[:4])
    shutil.rmtree(built, ignore_errors=True)
    write_pages(built / "pages")
    config = write_config(built, built / "pages")
    build = [sys.executable, "-m", "zensical", "build", "--strict", "-f", str(config)]
    ended = subprocess.run(build, cwd=built)
    if ended.returncode != 0:
        return 1
    use_own_shim(built / "html")
    faults = list(find_faults(built / "html"))
    print("\n".join([*faults, f"the site: {built / 'html/index.html'}"]))
    if faults:
        return 1
    return 0 if bar("site_cpu_seconds", sum(os.times()[:4]) - before, "<=", SECONDS) else SHORT


def use_own_shim(site: Path) -> None:
    """Let pages that are opened as files load the search's worker from the site itself."""
    for page in site.rglob("*.html"):
        up = "../" * (len(page.relative_to(site).parts) - 1)
        page.write_text(page.read_text().replace(SHIM, f"{up}assets/iframe-worker.js"))


if __name__ == "__main__":
    sys.exit(main())
