"""Second on the board: start the application that lies under ROOT."""

import sys

ROOT = ""  # the folder that holds firmware, lib and boards


def start(root):
    for folder in (root + "/lib", root):
        if folder not in sys.path:
            sys.path.insert(0, folder)
    from firmware import app

    app.main(root)


start(ROOT)
