# SPDX-License-Identifier: MIT
"""Stands in for the virtual board: takes its command line, answers like a bridge, fails when told to.

The word after the script's name says what it does: serve, crash, or later (crash once it has served).
"""

import argparse
import json
import sys
import time
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

VALUES = {
    "device_values": {
        "energy_meters": {"0": {"grid_power_w": -542}},
        "inverters": {"0": {"inv_power_ac_w": 2225, "battery_connected": True}},
        "load_power_w": 1683,
    }
}


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = json.dumps(VALUES).encode()
        self.send_response(200)
        self.send_header("Age", "1")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("behaviour")
    parser.add_argument("--config", required=True)
    parser.add_argument("--uart", required=True)
    parser.add_argument("--http-port", type=int, required=True)
    parser.add_argument("--clamp", action="append")
    arguments = parser.parse_args()
    name, _, waveform = arguments.clamp[0].partition("=@")
    print(f"{name} sees {Path(waveform).read_text().strip()}", flush=True)
    if arguments.behaviour == "crash":
        sys.exit("devices[0].unit: 248 is more than 247")
    server = HTTPServer(("127.0.0.1", arguments.http_port), Handler)
    print(f"ready http://127.0.0.1:{arguments.http_port}/", flush=True)
    until_s = time.monotonic() + (0.5 if arguments.behaviour == "later" else 20)
    server.timeout = 0.1
    while time.monotonic() < until_s:
        server.handle_request()
    sys.exit("the firmware crashed")


main()
