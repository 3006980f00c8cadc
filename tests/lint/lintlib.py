# SPDX-License-Identifier: Apache-2.0
"""What the lints share: finding files, stripping comments, reporting, asking a tool for its help.

A lint is a program: `LINT [--root DIR] [--bin DIR]`. It prints one line per finding,
`PATH:LINE: what is wrong`, and ends with status 1 when there was one, else 0.
"""

import argparse
import os
import re
import subprocess
import sys

CODE = (".cpp", ".hpp", ".h", ".c", ".def")
SKIPPED_FOLDERS = {".git", "__pycache__", "build", "data", "corpus"}


class Lint:
    """One run of one lint: where the tree is, and what was found."""

    def __init__(self, description):
        here = os.path.dirname(os.path.abspath(__file__))
        parser = argparse.ArgumentParser(description=description)
        parser.add_argument("--root", default=os.path.dirname(os.path.dirname(here)),
                            help="the tree to look at (default: the one this file is in)")
        parser.add_argument("--bin", help="folder with the built tools (default: none)")
        options = parser.parse_args()
        self.root = os.path.abspath(options.root)
        self.bin = os.path.abspath(options.bin) if options.bin else None
        self.findings = 0
        self.looked_at = 0

    def found(self, path, line, text):
        self.findings += 1
        where = os.path.relpath(path, self.root) if os.path.isabs(path) else path
        print(f"{where}:{line}: {text}")

    def files(self, *folders, suffixes=CODE):
        """Every file under the folders that ends in one of the suffixes ("" takes all)."""
        for folder in folders:
            top = os.path.join(self.root, folder)
            for at, inner, names in os.walk(top):
                inner[:] = sorted(d for d in inner if d not in SKIPPED_FOLDERS)
                for name in sorted(names):
                    if name.endswith(suffixes):
                        self.looked_at += 1
                        yield os.path.join(at, name)

    def folders(self, folder):
        top = os.path.join(self.root, folder)
        if not os.path.isdir(top):
            return []
        return sorted(d for d in os.listdir(top)
                      if os.path.isdir(os.path.join(top, d)) and d not in SKIPPED_FOLDERS)

    def tools(self):
        """The tools of the tree; each must have been built when --bin is given."""
        tools = [t for t in self.folders("tools") if t.startswith("nlb-")]
        for tool in list(tools):
            if not os.access(os.path.join(self.bin or "", tool), os.X_OK):
                self.found(f"tools/{tool}", 1, f"no program {tool} in {self.bin}")
                tools.remove(tool)
        return tools

    def run(self, tool, *arguments):
        """Standard output of a tool that must succeed."""
        done = subprocess.run([os.path.join(self.bin, tool), *arguments], stdin=subprocess.DEVNULL,
                              capture_output=True, text=True, timeout=60)
        if done.returncode != 0:
            self.found(f"tools/{tool}", 1, f"{' '.join(arguments)} ended with status "
                       f"{done.returncode}: {done.stderr.strip()}")
            return ""
        return done.stdout

    def finish(self):
        name = os.path.basename(sys.argv[0])
        print(f"{name}: {self.looked_at} looked at, {self.findings} findings")
        if self.looked_at == 0:
            print(f"{name}: nothing to look at under {self.root}")
        sys.exit(1 if self.findings or not self.looked_at else 0)


def read(path):
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.read()


_NOT_CODE = re.compile(
    r'//[^\n]*|/\*.*?\*/|R"(?P<mark>[^()\s]*)\(.*?\)(?P=mark)"'
    r'|"(?:\\.|[^"\\\n])*"|(?<![0-9a-fA-F])\'(?:\\.|[^\'\\\n])+\'', re.S)


def code_only(text):
    """The text with comments and literals blanked; line numbers stay."""
    return _NOT_CODE.sub(lambda m: " " + "\n" * m.group(0).count("\n"), text)


_OPTION = re.compile(r"(?<![\w-])(-[a-zA-Z0-9?]|--[a-z][a-z0-9-]*)(?![\w-])")


class Help:
    """What `--help` of one tool or command says: its options and its commands."""

    def __init__(self, text):
        self.options = set()
        self.commands = []
        section = None
        for line in text.splitlines():
            if re.match(r"^[A-Z]\w*:", line) and not line.startswith("Usage"):
                section = line.split(":")[0]
            elif section == "Subcommands" and re.match(r"^  \S", line):
                self.commands.append(line.split()[0])
            elif section in ("Options", "Positionals") and re.match(r"^  -", line):
                # The names stand before the first space; the rest is prose.
                self.options.update(_OPTION.findall(line.split()[0].replace(",", " ")))


def helps(lint, tool):
    """{"": the tool's own help, COMMAND: its help, ...}"""
    top = Help(lint.run(tool, "--help"))
    result = {"": top}
    for command in top.commands:
        result[command] = Help(lint.run(tool, command, "--help"))
    if not top.options:
        lint.found(f"tools/{tool}", 1, "--help names no option")
    lint.looked_at += len(result)
    return result
