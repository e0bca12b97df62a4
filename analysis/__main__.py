"""`python -m analysis STUDY` is `nvp analyse STUDY`, and `python -m analysis compare A B` too."""

import sys

from nvp.analysis.command import main
from nvp.config.closed_pipe import end_quietly

if __name__ == "__main__":
    sys.exit(end_quietly(main))
