"""`python -m mlgate`."""

import sys

from mlgate.quick import main

sys.exit(main())
