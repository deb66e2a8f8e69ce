"""package.json, by which `mpremote mip install --target /` puts the bridge on a board without this project's tools.

`python -m host_tools.build.package` writes it anew; a test tells when that is due. The files come as source. make deploy is
the better way: it checks the config, compiles, sends a quarter of the bytes and keeps the old version.
"""

import json
from pathlib import Path

from host_tools.build import image
from host_tools.build.version import version

PACKAGE = image.ROOT / "package.json"


def package(root=image.ROOT):
    """The content: [path on the board, path here], as image.py places them, with every board and profile."""
    entries = [
        *image.code_and_data(root),
        *image.named(root, image.BOARDS),
        *image.named(root, image.PROFILES),
    ]
    urls = []
    for entry in sorted(entries):
        path = entry.source.relative_to(root)
        target = Path(entry.target).with_suffix(path.suffix)
        urls.append([target.as_posix(), path.as_posix()])
    return {"urls": urls, "version": version(root)}


def text(content):
    """One file a line."""
    lines = ",\n".join(f"    {json.dumps(pair)}" for pair in content["urls"])
    return f'{{\n  "urls": [\n{lines}\n  ],\n  "version": "{content["version"]}"\n}}\n'


if __name__ == "__main__":
    PACKAGE.write_text(text(package()))
    print(f"{PACKAGE.name} written")
