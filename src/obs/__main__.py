"""`python -m obs` is the `obs` command."""

import sys

from obs.cli.main import main

sys.exit(main())
