"""`python -m analysis STUDY` is `nvp analyse STUDY`, and `python -m analysis compare A B` too."""

import sys

from nvp.analysis.command import main

if __name__ == "__main__":
    sys.exit(main())
