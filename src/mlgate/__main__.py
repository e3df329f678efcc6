"""`python -m mlgate`."""

import sys

# Python looks into the current folder first then, and that is the folder that is judged: its `yaml.py` is not ours.
if not getattr(sys.flags, "safe_path", sys.flags.isolated):
    del sys.path[0]

from mlgate.quick import main

sys.exit(main())
