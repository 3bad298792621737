"""What a server runs: pages by Django, the signaling socket by Channels."""

from __future__ import annotations

import atexit
import gc
import os

from channels.routing import ProtocolTypeRouter
from django.core.asgi import get_asgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "lowkey_site.settings")
pages = get_asgi_application()

from lowkey_site.announce import announce  # noqa: E402  (Django has to be set up first)
from signaling.routing import websocket_application  # noqa: E402
from signaling.service import service  # noqa: E402

application = ProtocolTypeRouter({"http": pages, "websocket": websocket_application})

atexit.register(announce(service.meter))
gc.collect()
gc.freeze()  # what is loaded by now stays: to look through all of it for garbage takes 60 ms, in which nobody is served
