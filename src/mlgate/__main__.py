"""`python -m mlgate`."""

import os
import sys

# Python looks into the current folder first then, and that is the folder that is judged: its `yaml.py` is not ours.
sys.path[:] = [place for place in sys.path if place not in ("", os.getcwd())]  # noqa: PTH109 - quick imports no pathlib

from mlgate.quick import main  # noqa: E402

sys.exit(main())
