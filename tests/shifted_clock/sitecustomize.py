"""Starts each interpreter of a service under test once more, with the clock's shim loaded.

The service hands neither LD_PRELOAD nor anything else on that it does not know, but PYTHONPATH.
"""

import os
import sys

_LIBRARY = os.environ.get("PYTHON_CLOCK_SHIM", "")

if _LIBRARY and os.environ.get("LD_PRELOAD") != _LIBRARY:
    os.environ["LD_PRELOAD"] = _LIBRARY
    os.execv(sys.executable, [sys.executable, *sys.orig_argv[1:]])
