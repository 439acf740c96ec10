"""Directives for pages that run: what a page shows as output is what its code printed.

`{run}` holds Python, run in the page's own namespace, in the order of the page; the last open figure of matplotlib
follows it under the option `:picture: what it shows`. `{command}` runs command lines of ours in the page's folder, and
`{file} NAME` writes one there. Code that raises, and a command that ends with another code than 0, or than the one that
`:code:` names, end the build. A page whose text, and the code below it, have not changed shows what its last run left
(`kept.py`).
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
from kept import ROOT, Kept
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.util.docutils import SphinxDirective

WORK = "work"  # where a page runs, in its folder
DASHBOARD = "out/dashboard"
HOME = "/home/you"  # what output calls that place


class Page:
    """What runs on one page: its folder, its namespace, and what each of its blocks told, in order."""

    def __init__(self, name: str, text: str) -> None:
        self.kept = Kept(name, text)
        self.work = self.kept.folder / WORK
        if not self.kept.whole:
            self.work.mkdir()
        self.names: dict[str, Any] = {}
        self.told: list[str] = []
        self.pictures = 0

    def add(self, run: Any) -> str:
        """What the next block told: read where the page was kept, else by running it."""
        text = self.kept.told[len(self.told)] if self.kept.whole else run()
        self.told.append(text)
        return str(text)


class Live(SphinxDirective):
    """What the directives share: the page, and how output and pictures are shown."""

    has_content = True
    option_spec: ClassVar[dict[str, Any]] = {
        "picture": directives.unchanged_required,
        "file": directives.path,
        "code": directives.nonnegative_int,
        "open": directives.path,
    }

    @property
    def page(self) -> Page:
        """The page that this block stands on."""
        pages = self.env.temp_data
        if "live" not in pages:
            text = Path(self.env.doc2path(self.env.docname)).read_text(encoding="utf-8")
            pages["live"] = Page(self.env.docname.removeprefix("docs/site/"), text)
        page: Page = pages["live"]
        return page

    def shown(self, language: str, output: str) -> list[nodes.Node]:
        """The code, and its output below it."""
        code = "\n".join(self.content)
        found: list[nodes.Node] = [nodes.literal_block(code, code, language=language)]
        if output.strip():
            found.append(nodes.literal_block(output.rstrip(), output.rstrip(), language="text", classes=["output"]))
        return found

    def picture(self, kind: str) -> tuple[Path, nodes.image]:
        """The next picture of this page: its file, and its node."""
        page = self.page
        page.pictures += 1
        name = f"{page.kept.name}-{page.pictures}{kind}"
        return page.kept.folder / name, nodes.image(uri=page.kept.address(name), alt=self.options["picture"])


class Run(Live):
    """Python, run in the namespace of its page."""

    def run(self) -> list[nodes.Node]:
        """Show the code, what it printed, and its picture."""
        found = self.shown("python", self.page.add(self.output))
        if "picture" not in self.options:
            return found
        file, node = self.picture(".svg")
        if not self.page.kept.whole:
            import matplotlib.pyplot as plt

            plt.savefig(file, metadata={"Date": None}, bbox_inches="tight")
            plt.close("all")
        return [*found, node]

    def output(self) -> str:
        """Run the code; what it printed."""
        output = io.StringIO()
        code = compile("\n".join(self.content), f"{self.env.docname}.md, line {self.lineno}", "exec")
        with contextlib.redirect_stdout(output), contextlib.chdir(self.page.work):
            try:
                exec(code, self.page.names)  # the page's own code, from this repository
            except Exception as error:
                raise ExtensionError(f"{self.env.docname}, line {self.lineno}: {error!r}") from error
        return output.getvalue().replace(str(self.page.work), HOME)


class Command(Live):
    """Command lines, run in the folder of their page; `:picture:` shows `:file:`, or what the last --out names."""

    def run(self) -> list[nodes.Node]:
        """Show the lines, what they printed, and a picture that they drew."""
        found = self.shown("bash", self.page.add(self.output))
        if "open" in self.options:
            found.append(self.link(self.options["open"]))
        if "picture" not in self.options:
            return found
        words = shlex.split(self.content[-1], comments=True)
        drawn = self.options["file"] if "file" in self.options else words[words.index("--out") + 1]
        file, node = self.picture(Path(drawn).suffix)
        if not self.page.kept.whole:
            shutil.copy(self.page.work / drawn, file)
        return [*found, node]

    def link(self, page: str) -> nodes.paragraph:
        """A link to a page that the lines made; its folder is kept, and becomes a part of the site."""
        folder = Path(page).parts[0]
        if not self.page.kept.whole:
            shutil.copytree(self.page.work / folder, self.page.kept.folder / folder)
        self.env.opened = {**getattr(self.env, "opened", {}), self.page.kept.name: self.page.kept.folder / folder}
        up = "../" * self.env.docname.count("/")
        target = f"{up}opened/{self.page.kept.name}/{Path(*Path(page).parts[1:])}"
        return nodes.paragraph("", "", nodes.reference("", f"Open {page}", refuri=target))

    def output(self) -> str:
        """Run the lines, continued ones as one; what they printed, on stderr too where a code is asked for."""
        output, asked = "", self.options.get("code", 0)
        lines = [line for line in "\n".join(self.content).replace("\\\n", " ").splitlines() if line.strip()]
        for line in lines:
            code = asked if line is lines[-1] else 0
            words = shlex.split(line, comments=True)
            done = subprocess.run(words, cwd=self.page.work, env=environment(), capture_output=True, text=True)
            if done.returncode != code:
                told = f"{self.env.docname}: `{line}` ended with {done.returncode}: {done.stdout}{done.stderr}"
                raise ExtensionError(told)
            output += done.stdout
            if code:
                output += f"{done.stderr.rstrip()}\n[exit code {code}]\n"
        return output.replace(str(self.page.work), HOME)


class File(Live):
    """A file in the folder of its page, shown under its name."""

    required_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Write the file, and show it."""
        name, text = self.arguments[0], "\n".join(self.content) + "\n"
        if not self.page.kept.whole:
            (self.page.work / name).write_text(text, encoding="utf-8")
        language = {".toml": "toml", ".py": "python", ".sh": "bash"}.get(Path(name).suffix, "text")
        parts = (nodes.caption("", name), nodes.literal_block(text, text, language=language))
        return [nodes.container("", *parts, literal_block=True, classes=["literal-block-wrapper"])]


class Dashboard(SphinxDirective):
    """The dashboard where it was published, and plainly that it is not there where it was not."""

    def run(self) -> list[nodes.Node]:
        """A link and a frame; or what would make it."""
        if not (ROOT / DASHBOARD / "index.html").is_file():
            told = "The dashboard was not there when this site was built: "
            return [nodes.paragraph("", told, nodes.literal("", "make dashboard"), nodes.Text(" makes it."))]
        page = "../" * self.env.docname.count("/") + "dashboard/index.html"
        frame = f'<iframe src="{page}" title="The dashboard" class="dashboard"></iframe>'
        told = "Curves of all stored results, by commit and by parameter. A click on a benchmark opens it. "
        link = nodes.reference("", "Open the dashboard on a page of its own", refuri=page)
        return [nodes.paragraph("", told, link, nodes.Text(".")), nodes.raw("", frame, format="html")]


def environment() -> dict[str, str]:
    """Variables of commands: this Python and its mpirun first, the packages of this checkout, no colour."""
    path = os.pathsep.join((str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)))
    return {**os.environ, "PATH": path, "PYTHONPATH": str(ROOT), "COLUMNS": "96", "NO_COLOR": "1"}


def keep(app: Sphinx, doctree: nodes.document) -> None:
    """When a page was read to its end: keep what it told, without the files that it worked on."""
    page = app.env.temp_data.get("live")
    if page is not None and not page.kept.whole:
        shutil.rmtree(page.work)
        page.kept.finish(page.told)


def copy(app: Sphinx, error: Exception | None) -> None:
    """When the site was written: put folders beside it that its pages open."""
    for name, folder in getattr(app.env, "opened", {}).items():
        shutil.copytree(folder, Path(app.outdir, "opened", name), dirs_exist_ok=True)


def setup(app: Sphinx) -> dict[str, Any]:
    """Sphinx calls this."""
    os.environ["MPLBACKEND"] = "agg"
    app.add_directive("run", Run)
    app.add_directive("command", Command)
    app.add_directive("file", File)
    app.add_directive("dashboard", Dashboard)
    app.connect("doctree-read", keep)
    app.connect("build-finished", copy)
    return {"parallel_read_safe": False, "parallel_write_safe": True}
