#!/usr/bin/env python3
"""Django's command line for Guardrail."""

import gc
import os
import sys

if __name__ == "__main__":
    gc.set_threshold(50_000, 20, 50)  # what is loaded stays: to look through it was a tenth of each start (2026-11)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guardrail.settings")
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)
