"""`python -m declax`: look at model files, compare, convert and run them from a shell."""

import sys

from declax.cli import main

if __name__ == "__main__":
    sys.exit(main())
