"""`python -m validation.gallery [NAME ...]`: run the entries, print what docs/gallery.md holds of them; exit code 1 if
one did not fail as foretold.
"""

from __future__ import annotations

import sys
import time

from validation.gallery import entries

if __name__ == "__main__":
    failed = []
    for name, run in entries():
        if sys.argv[1:] and name not in sys.argv[1:]:
            continue
        begun = time.perf_counter()
        exhibit = run()
        print(f"{name}: {exhibit.failure}\n\n{exhibit.table}\n\n{exhibit.remedy}\n")
        print(f"{name}: {time.perf_counter() - begun:.1f} s, {'as foretold' if exhibit.holds else 'NOT AS FORETOLD'}\n")
        failed += [name] * (not exhibit.holds)
    sys.exit(1 if failed else 0)
