# SPDX-License-Identifier: MIT
"""The least a server can do on this interpreter: accept, receive, send what is ready, close. No
HTTP at all.
"""

import json
import socket

from samples import DEVICE_VALUES, finish, requests


def serve(port, count):
    body = json.dumps(DEVICE_VALUES)
    answer = (
        f"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        f"Connection: close\r\n\r\n{body}"
    ).encode()
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    server.listen(8)
    print("ready")
    while count:
        client, _ = server.accept()
        client.recv(1024)
        client.send(answer)
        client.close()
        count -= 1
    finish()


serve(*requests())
