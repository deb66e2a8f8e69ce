# SPDX-License-Identifier: MIT
"""The charger's part: ask a bridge for its values."""

import http.client
import json
from dataclasses import dataclass, field

_PATH = "/api/v1/values.json"
_TIME_OUT_S = 1


@dataclass
class Answer:
    """What the bridge said, or why there is nothing."""

    status: int | None = None  # None: no answer at all
    age_s: str = ""  # its Age header
    values: dict = field(default_factory=dict)  # device_values
    problem: str = ""

    def fields(self, category, index):
        return self.values.get(category, {}).get(index, {})

    @property
    def summary(self):
        if self.problem:
            return f"{self.status or 'no answer'}: {self.problem}"
        return f"{self.status}, age {self.age_s or '?'} s"


def ask(host, port):
    """One request as the charger makes it; never raises for what the other side does."""
    connection = http.client.HTTPConnection(host, port, timeout=_TIME_OUT_S)
    try:
        connection.request("GET", _PATH)
        reply = connection.getresponse()
        body = reply.read()
        if reply.status != 200:
            return Answer(reply.status, problem=body.decode(errors="replace").strip())
        values = json.loads(body)["device_values"]
        return Answer(reply.status, reply.headers.get("Age", ""), values)
    except (OSError, http.client.HTTPException) as error:
        return Answer(problem=str(error) or type(error).__name__)
    except (ValueError, KeyError, TypeError):
        return Answer(reply.status, problem=f"this is no values.json: {body[:60]!r}")
    finally:
        connection.close()
