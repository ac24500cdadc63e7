"""The WSGI application; starts this process's housekeeper."""

import gc
import os

gc.disable()  # nothing of what is loaded here goes again: collecting meanwhile took a fifth of the time (2026-11)

import django  # noqa: E402 loads much

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guardrail.settings")
django.setup(set_prefix=False)

from django.conf import settings  # noqa: E402 needs the settings
from django.urls import get_resolver  # noqa: E402 needs the settings

from guardrail import housekeeper, webhook  # noqa: E402 needs the app registry
from guardrail.arrivals import Arrivals  # noqa: E402 imports nothing that does
from guardrail.handler import Handler  # noqa: E402 needs the settings

application = Arrivals(Handler(), threads=settings.WEB_THREADS)

# every page behind it: the first call would wait 0.85 s of processor time for them, on a busy machine 5 s (2026-11)
get_resolver().url_patterns  # noqa: B018 reading it loads them
housekeeper.ensure_loaded()
housekeeper.start()
webhook.warm()
# A full collection walked all modules and cached readings in the middle of a call: 20 ms of the 30 that 60 kB take to
# read for the first time (2026-11). What is loaded by now stays; the rest is collected when much has gathered.
gc.collect()
gc.freeze()
gc.set_threshold(50_000, 20, 50)
gc.enable()
