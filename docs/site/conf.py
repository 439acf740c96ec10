"""The site: Sphinx over the repository's own pages, from the repository's root (`make docs`).

The pages stay where a reader of the plain repository finds them, README.md and docs/*.md, so their links hold in both
places; what lies in docs/site is added by the site alone. Nothing is loaded from another host, and every warning,
a dead link among them, ends the build.
"""

import sys
from importlib.metadata import distribution
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))  # the extensions beside this file

project = "simresnet"
author = "the authors of simresnet"

extensions = ["sphinx.ext.autodoc", "numpydoc", "myst_parser", "live", "exhibits", "errata", "mathml", "case_tables"]
include_patterns = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "findings/README.md", "docs/*.md", "docs/site/**"]
exclude_patterns = [".*", "out", "build", "*.egg-info", "tests", "**/__pycache__"]
root_doc = "docs/site/index"
pygments_style = "friendly"
highlight_language = "none"  # what says no language of its own is an equation or what a command printed

myst_enable_extensions: list[str] = ["colon_fence"]  # pages with equations ask for dollarmath themselves
myst_heading_anchors = 3

html_math_renderer = "mathml"
fonts = [str(distribution("ziamath").locate_file("ziamath/fonts/STIXTwoMath-Regular.ttf"))]  # what browsers set it in
math_number_all = False

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # the docstrings state types with shapes and ranges
autodoc_preserve_defaults = True
numpydoc_show_class_members = False
numpydoc_class_members_toctree = False

html_theme = "furo"
html_static_path = ["static", *fonts]
html_css_files = ["site.css"]
html_title = "simresnet"
smartquotes = False  # what is copied from a page is to run
html_copy_source = False
html_show_search_summary = False  # a page from disk may not fetch another, and an excerpt is fetched
html_show_sourcelink = False
html_show_sphinx = False
html_show_copyright = False
