#!/usr/bin/env python
"""Starts Django; a refusal is one sentence and exit status 1, never a traceback."""

import gc
import os
import sys

_ALLOCATED = 20_000  # objects; at Python's 700 a start spends a seventh in collecting


def main() -> None:
    gc.set_threshold(_ALLOCATED)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "plugseller.settings")
    from django.core.management import execute_from_command_line

    from plugseller.refusals import sentence_for

    try:
        execute_from_command_line(sys.argv)
    except KeyboardInterrupt:
        sys.exit(130)
    except Exception as error:
        sentence = sentence_for(error)
        if sentence is None or "--traceback" in sys.argv:
            raise
        sys.exit(sentence)


if __name__ == "__main__":
    main()
