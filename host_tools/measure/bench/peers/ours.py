# SPDX-License-Identifier: MIT
"""lib/httpd with DiniTech's sample as a document that was rendered before."""

import json
import select

from samples import DEVICE_INFO, DEVICE_VALUES, finish, requests

from httpd import responses, server
from httpd.document import Document
from loading.listener import listen
from ticks import ticks_ms


def serve(port, count):
    values = Document(600, responses.JSON, aged=True)
    values.begin()
    values.write(json.dumps(DEVICE_VALUES).encode())
    values.end()
    values.set_age(0)
    info = responses.Fixed("200", responses.JSON, json.dumps(DEVICE_INFO).encode())
    routes = {b"/api/v1/values.json": values, b"/api/v1/info.json": info}
    # On the board wait_ms is 0 and the loop spins; here each pass that finds nothing would be
    # counted as work.
    ours = server.Server(listen("127.0.0.1", port), routes, select.poll(), wait_ms=100)
    print("ready")
    step = ours.step
    stats = ours.stats
    while stats["requests"] != count:
        step(ticks_ms())
    step(ticks_ms())
    finish()


serve(*requests())
