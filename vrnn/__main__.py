"""`python -m vrnn`."""

import sys

from vrnn.cli import main

sys.exit(main())
