"""A web process has loaded all it needs before it takes a call: whoever waits for that is taken for allowed."""

import os
import subprocess
import sys

from tests.guardrail.instances import ROOT

# What a web server does with a process, and what the first calls then still load.
_ASK = """
import sys
from wsgiref.util import setup_testing_defaults
from guardrail.wsgi import application
before = set(sys.modules)
for path in ("/copilot-studio/validate", "/copilot-studio/analyze-tool-execution", "/v1/evaluate"):
    environ = {"PATH_INFO": path, "REQUEST_METHOD": "POST", "CONTENT_LENGTH": "2"}
    setup_testing_defaults(environ)
    b"".join(application(environ, lambda status, headers, error=None: None))
print(*sorted(name for name in set(sys.modules) - before if not name.startswith("encodings.")))
"""


def test_the_first_call_of_a_process_loads_no_module() -> None:
    asked = subprocess.run(
        [sys.executable, "-c", _ASK],
        cwd=ROOT,
        env=os.environ | {"DJANGO_SETTINGS_MODULE": "guardrail.settings"},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    assert asked.stdout.split() == []
