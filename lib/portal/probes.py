# SPDX-License-Identifier: MIT
"""What phones and browsers ask to learn whether there is internet, and what they take for a yes.

The answer is known by the path; the hosts are many and change.
"""

# End of a path -> (kind, body). Android, Windows since 10 and before, Firefox.
_YES = (
    ("/connecttest.txt", "text/plain", b"Microsoft Connect Test"),
    ("/ncsi.txt", "text/plain", b"Microsoft NCSI"),
    ("/success.txt", "text/plain", b"success\n"),
    (
        "/canonical.html",
        "text/html",
        b'<meta http-equiv="refresh" content="0;url=https://support.mozilla.org/kb/captive-portal"/>',
    ),
)
# Apple's systems, at any path.
_SUCCESS = b"<HTML><HEAD><TITLE>Success</TITLE></HEAD><BODY>Success</BODY></HTML>"


def yes(path):
    """(status, kind, body) that tells a phone that all is well."""
    if path.endswith("204"):
        return 204, "", b""
    for end, kind, body in _YES:
        if path.endswith(end):
            return 200, kind, body
    return 200, "text/html", _SUCCESS
