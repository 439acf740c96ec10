"""Directives for pages that run: what a page shows as output is what its code printed in this build.

`{run}` holds Python, runs it in the page's own namespace, in the order of the page, and shows the code with its output;
the last open figure of matplotlib follows it under the option `:picture: what it shows`. `{command}` runs one command
line of ours the same way. Code that raises, and a command that ends with another code than 0, end the build.
"""

from __future__ import annotations

import contextlib
import io
import os
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any, ClassVar

from docutils import nodes
from docutils.parsers.rst import directives
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

PICTURES, FILES = "out/docs/pictures", "out/docs/files"  # below the root, ignored by git


class Live(SphinxDirective):
    """What both directives share: a folder and a namespace a page, and how output is shown."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {"picture": directives.unchanged_required, "file": directives.path}

    def page(self) -> dict[str, Any]:
        """Folder, namespace and number of pictures of this page."""
        pages = self.env.temp_data
        if "live" not in pages:
            folder = Path(self.env.srcdir, FILES, self.env.docname.replace("/", "-"))
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            pages["live"] = {"folder": folder, "names": {}, "pictures": 0}
        return pages["live"]

    def shown(self, language: str, output: str) -> list[nodes.Node]:
        """The code, and its output below it."""
        code = "\n".join(self.content)
        found: list[nodes.Node] = [nodes.literal_block(code, code, language=language)]
        if output.strip():
            found.append(nodes.literal_block(output.rstrip(), output.rstrip(), language="text", classes=["output"]))
        return found

    def image(self, kind: str) -> tuple[Path, nodes.image]:
        """A new picture of this page: the file to write, and its node."""
        page = self.page()
        page["pictures"] += 1
        name = f"{PICTURES}/{self.env.docname.replace('/', '-')}-{page['pictures']}.{kind}"
        file = Path(self.env.srcdir, name)
        file.parent.mkdir(parents=True, exist_ok=True)
        return file, nodes.image(uri="/" + name, alt=self.options["picture"])


class Run(Live):
    """Python, run in the namespace of its page."""

    def run(self) -> list[nodes.Node]:
        page, output = self.page(), io.StringIO()
        code = compile("\n".join(self.content), f"{self.env.docname}.md, line {self.lineno}", "exec")
        with contextlib.redirect_stdout(output), contextlib.chdir(page["folder"]):
            try:
                exec(code, page["names"])  # the page's own code, from this repository
            except Exception as error:
                raise ExtensionError(f"{self.env.docname}, line {self.lineno}: {error!r}") from error
        found = self.shown("python", output.getvalue())
        if "picture" not in self.options:
            return found
        import matplotlib.pyplot as plt

        file, node = self.image("svg")
        plt.savefig(file, metadata={"Date": None})
        plt.close("all")
        return [*found, node]


class Command(Live):
    """Command lines, run in the folder of their page; `:picture:` shows `:file:`, or what the last --out names."""

    def run(self) -> list[nodes.Node]:
        page, output = self.page(), ""
        environment = {**os.environ, "PYTHONPATH": str(self.env.srcdir), "COLUMNS": "100", "NO_COLOR": "1"}
        for line in self.content:
            words = shlex.split(line, comments=True)
            words[0] = sys.executable if words[0] == "python" else words[0]
            done = subprocess.run(words, cwd=page["folder"], env=environment, capture_output=True, text=True)
            if done.returncode:
                raise ExtensionError(f"{self.env.docname}: `{line}` ended with {done.returncode}: {done.stderr}")
            output += done.stdout
        found = self.shown("bash", output)
        if "picture" not in self.options:
            return found
        file, node = self.image("png")
        shown = self.options["file"] if "file" in self.options else words[words.index("--out") + 1]
        file.write_bytes(Path(page["folder"], shown).read_bytes())
        return [*found, node]


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    os.environ["MPLBACKEND"] = "agg"
    app.add_directive("run", Run)
    app.add_directive("command", Command)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
