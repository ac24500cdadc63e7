"""The WSGI application; starts this process's housekeeper."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "guardrail.settings")
application = get_wsgi_application()

from guardrail import housekeeper, webhook  # noqa: E402 needs the app registry

housekeeper.ensure_loaded()
housekeeper.start()
webhook.warm()
