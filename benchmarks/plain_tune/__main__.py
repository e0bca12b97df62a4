"""Run the comparison."""

import sys

from benchmarks.plain_tune.compare import main

sys.exit(main())
