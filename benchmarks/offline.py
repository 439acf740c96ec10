"""Make the pages that `asv publish` wrote stand alone: every script and style beside them, with its licence.

asv's index.html loads what it needs from content delivery networks. The same files come with Python packages (group
`bench` of pyproject.toml); this puts them into `vendor/` beside the pages and rewrites the page's links.

=============  ===================================  ==========================================
script         package                              as asv asks for it
=============  ===================================  ==========================================
jQuery         js.jquery 3.3.1                      the same bytes: its checksum is asv's own
Bootstrap      js.bootstrap 3.1.1                   the same bytes: its checksum is asv's own
Flot           js.jquery-flot 0.8.1                 0.8.3
three more     stand_ins.js of this folder          stupidtable, blueimp-md5, flot-orderbars
=============  ===================================  ==========================================

``python benchmarks/offline.py FOLDER`` prints what was replaced and fails if an address is left.
"""

from __future__ import annotations

import base64
import hashlib
import re
import shutil
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

VENDOR = "vendor"
STAND_INS = Path(__file__).with_name("stand_ins.js")
FLOT = "js.jquery-flot", "js/jquery_flot/resources/{}"
SOURCES = {
    "jquery-3.3.1.min.js": ("js.jquery", "js/jquery/resources/{}"),
    "bootstrap.min.js": ("js.bootstrap", "js/bootstrap/resources/js/{}"),
    "bootstrap.min.css": ("js.bootstrap", "js/bootstrap/resources/css/{}"),
    "jquery.flot.min.js": FLOT,
    "jquery.flot.time.min.js": FLOT,
    "jquery.flot.selection.min.js": FLOT,
    "jquery.flot.categories.min.js": FLOT,
}
"""File name in asv's page -> (package, where the package keeps it)."""
REPLACED = ("jquery.flot.orderBars.js", "stupidtable.min.js", "md5.min.js")
"""Scripts that `stand_ins.js` takes the place of."""
FONTS = "js/bootstrap/resources/fonts"

TAG = re.compile(r'<(script|link)\b[^>]*?\b(?:src|href)="(https?://[^"]+)"[^>]*>', re.IGNORECASE)
LICENCES = """\
Scripts beside these pages, all under the MIT licence below
===========================================================
jQuery 3.3.1        Copyright JS Foundation and other contributors
Bootstrap 3.1.1     Copyright 2011-2014 Twitter, Inc.; its fonts are Glyphicons Halflings by Jan Kovarik
Flot 0.8.1          Copyright 2007-2013 IOLA and Ole Laursen
The pages themselves are asv's, BSD-3-Clause, Copyright 2013-2018 Michael Droettboom, Space Telescope Science
Institute, Pauli Virtanen, 2018-2024 asv developers; stand_ins.js is of this project, BSD-3-Clause.

Permission is hereby granted, free of charge, to any person obtaining a copy of this software and associated
documentation files (the "Software"), to deal in the Software without restriction, including without limitation the
rights to use, copy, modify, merge, publish, distribute, sublicense, and/or sell copies of the Software, and to permit
persons to whom the Software is furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all copies or substantial portions of the
Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR IMPLIED, INCLUDING BUT NOT LIMITED TO THE
WARRANTIES OF MERCHANTABILITY, FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE AUTHORS OR
COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR
OTHERWISE, ARISING FROM, OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE SOFTWARE.
"""


class OfflineError(Exception):
    """The pages cannot be made to stand alone; the message says what is missing."""


def installed(package: str, place: str) -> Path:
    """Path of a file that an installed package brought.

    Raises
    ------
    OfflineError
        If the package, or the file in it, is missing.
    """
    try:
        path = Path(str(distribution(package).locate_file(place)))
    except PackageNotFoundError:
        raise OfflineError(f"{package} is not installed: pip install --group bench") from None
    if not path.exists():
        raise OfflineError(f"{package} holds no {place}")
    return path


def stand_alone(folder: Path) -> list[str]:
    """Rewrite the pages in `folder`; return the names of the scripts and styles that now lie beside them.

    Raises
    ------
    OfflineError
        If the page asks for something that is not known here, or for other bytes of the same version.
    """
    page, vendor = folder / "index.html", folder / VENDOR
    vendor.mkdir(exist_ok=True)
    names: list[str] = []

    def local(tag: re.Match[str]) -> str:
        name = tag.group(2).rpartition("/")[2]
        if name in SOURCES:
            package, place = SOURCES[name]
            _copy(installed(package, place.format(name)), vendor / name, tag.group(0), package)
        elif name in REPLACED:
            already = STAND_INS.name in names
            name = STAND_INS.name
            shutil.copy(STAND_INS, vendor / name)
            if already:
                return "<script>"
        else:
            raise OfflineError(f"asv's page asks for {tag.group(2)}, which no package here brings")
        names.append(name)
        if tag.group(1).lower() == "link":
            return f'<link rel="stylesheet" href="{VENDOR}/{name}">'
        return f'<script src="{VENDOR}/{name}">'

    page.write_text(TAG.sub(local, page.read_text(encoding="utf-8")), encoding="utf-8")
    shutil.copytree(installed("js.bootstrap", FONTS), folder / "fonts", dirs_exist_ok=True)
    (vendor / "LICENCES.txt").write_text(LICENCES, encoding="utf-8")
    left = TAG.findall(page.read_text(encoding="utf-8"))
    if left or not names:
        raise OfflineError(f"the page still asks for {left or 'what it always did'}")
    return names


def _copy(source: Path, target: Path, tag: str, package: str) -> None:
    """Copy a file; where the package has the version that asv asks for, asv's own checksum must agree."""
    data = source.read_bytes()
    integrity = re.search(r'integrity="(sha\d+)-([^"]+)"', tag)
    if integrity and package != FLOT[0]:
        found = base64.b64encode(hashlib.new(integrity.group(1), data).digest()).decode()
        if found != integrity.group(2):
            raise OfflineError(f"{package}: {source.name} is not what asv's page asks for ({found})")
    target.write_bytes(data)


if __name__ == "__main__":
    try:
        print("\n".join(stand_alone(Path(sys.argv[1]))))
    except OfflineError as error:
        sys.exit(f"offline: {error}")
