"""Put the dashboard of the benchmarks, as `make dashboard` publishes it, into the site, so that it opens from disk.

    python docs/site/dashboard.py FROM TO

asv's page asks for its numbers by requests, which browsers refuse a page from disk. Here they stand in a script beside
it, and jQuery takes them from there: a transport of its own for JSON, used where the page is a file.
"""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

SCRIPT = "from_disk.js"
LAST = '<script src="vendor/stand_ins.js"></script>'  # of what comes before asv's own scripts
TRANSPORT = """
"use strict";
// the numbers of the pages by address, and the way that jQuery finds them
(function ($, kept) {
  $.ajaxTransport("json", function (options) {
    if (location.protocol !== "file:") return undefined;
    const name = decodeURIComponent(options.url.split("?")[0].replace(/^\\.\\//, ""));
    const answer = (done) => (name in kept ? done(200, "OK", { json: kept[name] }) : done(404, "not kept", {}));
    return {
      send: (headers, done) => setTimeout(answer, 0, done), // asv's other scripts come first, as before a request
      abort: () => undefined,
    };
  });
})(jQuery, %s);
"""


def from_disk(source: Path, target: Path) -> int:
    """Copy the pages, with their numbers in a script that runs before asv's own; return how many files it holds.

    Raises
    ------
    ValueError
        If the page is not one that benchmarks/offline.py made stand alone.
    """
    shutil.copytree(source, target, dirs_exist_ok=True)
    kept = {file.relative_to(source).as_posix(): json.loads(file.read_bytes()) for file in source.rglob("*.json")}
    (target / SCRIPT).write_text(TRANSPORT % json.dumps(kept), encoding="utf-8")
    page = target / "index.html"
    text = page.read_text(encoding="utf-8")
    if LAST not in text:
        raise ValueError(f"{page} does not load {LAST}")
    page.write_text(text.replace(LAST, f'{LAST}\n    <script src="{SCRIPT}"></script>'), encoding="utf-8")
    return len(kept)


if __name__ == "__main__":
    print(from_disk(Path(sys.argv[1]), Path(sys.argv[2])), "files of numbers in the dashboard")
