# SPDX-License-Identifier: MIT
"""HTTP to a bridge: it is in the own network, whatever proxy the environment names for the world outside."""

import http.client
import json
import urllib.error
import urllib.request
from typing import Any

from host_tools.owner.remote import why_no_answer

urlopen = urllib.request.build_opener(urllib.request.ProxyHandler({})).open


class BridgeError(Exception):
    """A bridge does not answer, or not as one; the text is one sentence for the user."""


def fetch(address: str, path: str, timeout_s: float = 5) -> bytes:
    """What it answers to a path such as "log". Raises BridgeError."""
    url = address.rstrip("/") + "/" + path
    if address.rstrip("/") in ("http:", "https:"):
        raise BridgeError(f"{address} names no host; http://192.168.1.7/ would be an address")
    try:
        with urlopen(url, timeout=timeout_s) as answer:
            return answer.read()
    except urllib.error.HTTPError as error:
        raise BridgeError(f"{url} is answered with {error.code}; is this a bridge?") from None
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        raise BridgeError(f"{address}: {why_no_answer(reason)}") from None


def fetch_json(address: str, path: str, timeout_s: float = 5) -> Any:
    """The same, parsed."""
    data = fetch(address, path, timeout_s)
    try:
        return json.loads(data)
    except ValueError:
        raise BridgeError(f"{address} answers with no JSON at {path}; is this a bridge?") from None
