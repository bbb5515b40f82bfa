"""`python -m monge` is the `monge` command."""

import sys

from monge.cli import main

sys.exit(main())
