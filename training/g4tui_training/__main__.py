"""`python -m g4tui_training` is `g4tui-train`."""

import sys

from g4tui_training.main import main

sys.exit(main())
