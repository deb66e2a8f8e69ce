# SPDX-License-Identifier: MIT
"""microdot, the most used web framework for MicroPython; bench installs it (MIT) next to this
file's path.
"""

from microdot import Microdot
from samples import DEVICE_INFO, DEVICE_VALUES, finish, requests

PORT, COUNT = requests()
app = Microdot()
left = COUNT


@app.get("/api/v1/values.json")
async def values(request):
    return DEVICE_VALUES


@app.get("/api/v1/info.json")
async def info(request):
    return DEVICE_INFO


@app.after_request
async def count(request, response):
    global left
    left -= 1
    if left == 0:
        request.app.shutdown()
    return response


print("ready")
app.run(host="127.0.0.1", port=PORT)
finish()
