# SPDX-License-Identifier: MIT
"""The way of DiniTech's script (Custom API 1.4): one blocking loop, the JSON made again for each
request.

micropython script.py PORT REQUESTS    (0: for ever)
"""

import json
import socket

from samples import DEVICE_INFO, DEVICE_VALUES, finish, requests


def respond(client):
    request = client.recv(1024).decode("utf-8")
    headers = request.split("\n")
    method, path = headers[0].split()[:2]
    if method != "GET":
        response = "HTTP/1.0 500 INTERNAL SERVER ERROR\n\nmethod not allowed"
    elif path == "/api/v1/values.json":
        response = "HTTP/1.0 200 OK\nContent-Type: application/json\n\n" + json.dumps(
            DEVICE_VALUES
        )
    elif path == "/api/v1/info.json":
        response = "HTTP/1.0 200 OK\nContent-Type: application/json\n\n" + json.dumps(DEVICE_INFO)
    else:
        response = "HTTP/1.0 404 NOT FOUND\n\nfile not found"
    client.send(response.encode())
    client.close()


def serve(port, count):
    server = socket.socket()
    server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    server.bind(socket.getaddrinfo("127.0.0.1", port)[0][-1])
    server.listen(8)
    print("ready")
    while count:
        client, _ = server.accept()
        respond(client)
        count -= 1
    finish()


serve(*requests())
