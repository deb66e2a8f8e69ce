# SPDX-License-Identifier: MIT
"""Every source file names its licence."""

import pytest

from host_tools.build import spdx
from host_tools.paths import ROOT


def test_every_source_has_its_line():
    bare = [str(path.relative_to(ROOT)) for path in spdx.sources() if not spdx.has_line(path)]
    assert not bare, f"`make format` puts the licence line into {', '.join(bare)}"


def test_what_counts_as_source():
    names = {path.relative_to(ROOT).as_posix() for path in spdx.sources()}
    assert {"Makefile", ".ci/run", "firmware/main.py", "host_tests/conftest.py"} <= names
    assert not any(name.endswith((".json", ".csv", "lib/clamp/__pycache__")) for name in names)


@pytest.mark.parametrize(
    ("name", "text", "wanted"),
    [
        ("a.py", '"""What."""\n', '# SPDX-License-Identifier: MIT\n"""What."""\n'),
        ("run", "#!/bin/sh\nset -e\n", "#!/bin/sh\n# SPDX-License-Identifier: MIT\nset -e\n"),
        (
            "a.html",
            "<!DOCTYPE html>\n<p>\n",
            "<!DOCTYPE html>\n<!-- SPDX-License-Identifier: MIT -->\n<p>\n",
        ),
        ("a.mjs", "let a\n", "// SPDX-License-Identifier: MIT\nlet a\n"),
    ],
)
def test_line_is_put_where_it_may_stand(tmp_path, name, text, wanted):
    path = tmp_path / name
    path.write_text(text)
    assert not spdx.has_line(path)
    spdx.add_line(path)
    assert path.read_text() == wanted and spdx.has_line(path)
