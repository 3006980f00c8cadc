#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Feeds each lint a sound sample, which must pass, and broken ones, which must be found.

A lint that cannot fail proves nothing. Usage: selftest.py [LINT...]
"""

import os
import shutil
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"

SOUND = {
    "lib/LAYERS": "# FLOOR FOLDER: FOLDERS | DOORS\n0 l4: |\n1 base: | tl/expected\n"
                  "4 flow: base l4 |\n4 route: base |\n5 io: base |\n7 tools: * | CLI\n",
    "lib/l4/CMakeLists.txt": "nlb_library(l4)\n",
    "lib/l4/l4_core.h": "/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-only */\n",
    "lib/l4/README": "The core.\n",
    "lib/base/CMakeLists.txt": "nlb_library(base SOURCES text.cpp LINKS tl::expected)\n",
    "lib/base/README": "Values.\n",
    "lib/base/text.hpp": SPDX + "#pragma once\n\n#include <tl/expected.hpp>\n\n#include <string>\n",
    "lib/flow/CMakeLists.txt": "nlb_library(flow SOURCES flow.cpp LINKS nlb_base nlb_l4)\n",
    "lib/flow/README": "Tables.\n",
    "lib/flow/flow.cpp": SPDX + '\n#include "base/text.hpp"\n\n#include "l4/l4_core.h"\n\n'
                                "// read() and std::cerr in a comment are fine\n"
                                'const char* name = "getenv(";\n'
                                "\nint codec_read(int* x) {\n    return *x;\n}\n",
    "lib/route/CMakeLists.txt": "nlb_library(route LINKS nlb_base)\n",
    "lib/route/README": "Rings.\n",
    "lib/route/ring.hpp": SPDX + '#pragma once\n\n#include "base/text.hpp"\n',
    "lib/io/CMakeLists.txt": "nlb_library(io SOURCES fd.cpp LINKS nlb_base)\n",
    "lib/io/README": "Descriptors.\n",
    "lib/io/fd.cpp": SPDX + '#include "base/text.hpp"\n\n#include <unistd.h>\n',
    "tools/nlb-forward/main.cpp": SPDX + '#include "io/fd.hpp"\n\n#include <CLI/CLI.hpp>\n',
    "man/nlb-forward.8": '.Dd $Mdocdate$\n.Dt NLB-FORWARD 8\n.Os\n.Sh NAME\n.Nm nlb-forward\n'
                         '.Nd forward\n.Sh SYNOPSIS\n.Nm\n.Op Fl q\n.Sh DESCRIPTION\nIt forwards.\n'
                         '.Sh OPTIONS\nNone.\n.Sh EXIT STATUS\nZero.\n.Sh EXAMPLES\nNone.\n'
                         '.Sh SEE ALSO\n.Xr nlb-health 8\n',
}

HELP = """#!/bin/sh
# SPDX-License-Identifier: Apache-2.0
case "$*" in
--help) cat <<END
A tool
Usage: nlb-forward [OPTIONS] [SUBCOMMAND]

Options:
  -h,--help                   Print this help and exit
  -q,--quiet                  Only errors, not --verbose
Subcommands:
  run                         Forward
END
;;
"run --help") cat <<END
Forward
Usage: nlb-forward run [OPTIONS]

Options:
  -h,--help                   Print this help and exit
  --node TEXT                 Name
END
;;
--schema) cat <<END
{"message":"hello","meaning":"any > any: first line","members":[{"name":"tool","type":"string","presence":"required","meaning":"its \\"name\\""}]}
END
;;
esac
"""

# For the lints that ask a tool: what is in the tree besides SOUND.
SOUND_TOOL = {
    "bin/nlb-forward": HELP,
    "man/nlb-forward.8": ".Sh SYNOPSIS\n.Nm\n.Cm run\n.Op Fl -node Ar name\n.Sh OPTIONS\n.Bl -tag\n"
                         ".It Fl h , Fl -help\n.It Fl q , Fl -quiet\n.It Fl -node Ar name\n.El\n",
    "lib/contract/messages.def": '/* all */\nMESSAGE(Hello, "hello", "any > any: "\n "first line")\n'
                                 'FIELD(Text, tool, required, "its \\"name\\"")\nEND_MESSAGE\n',
    "man/nlb-messages.7": ".Sh MESSAGES\n.Ss hello\nFrom any to any: first\nline.\n.Bl -tag\n"
                          ".It Va tool\n.Pq string , required\nits \\(dqname\\(dq.\n.El\n.Sh X\n",
    "completions/bash/nlb-forward":
        "_nlb_forward() {\n    local all='run --help --quiet'\n"
        "    [ \"${COMP_WORDS[1]}\" = run ] && all='--help --node'\n"
        "    COMPREPLY=($(compgen -W \"$all\" -- \"$2\"))\n}\ncomplete -F _nlb_forward nlb-forward\n",
    "completions/zsh/_nlb-forward":
        "#compdef nlb-forward\n_arguments '(-h --help)'{-h,--help}'[help]' --quiet --node "
        "'1:command:(run)'\n",
    "completions/fish/nlb-forward.fish":
        "complete -c nlb-forward -f\ncomplete -c nlb-forward -n __fish_use_subcommand -a run\n"
        "complete -c nlb-forward -l help\ncomplete -c nlb-forward -l quiet\n"
        "complete -c nlb-forward -n '__fish_seen_subcommand_from run' -l node\n",
}
ASKS_TOOLS = {"messages_man", "man_help", "completions_help"}

# lint: what is changed (path, text put at the end or in place of the file) and what it must say.
BROKEN = {
    "layers": [
        ("lib/base/text.hpp", '#include "io/fd.hpp"\n', "base may not include"),
        ("lib/route/ring.hpp", '#include "flow/flow.hpp"\n', "route may not include"),
        ("lib/io/fd.cpp", '#include "flow/flow.hpp"\n', "io may not include"),
        ("lib/io/fd.cpp", "#include <tl/expected.hpp>\n", "the door of base"),
        ("lib/io/fd.cpp", "#include <zmq.h>\n", "no folder's door"),
        ("lib/io/CMakeLists.txt", "=nlb_library(io SOURCES fd.cpp)\n", "does not link nlb_base"),
        ("lib/base/CMakeLists.txt", "=nlb_library(base LINKS nlb_io)\n", "does not allow"),
        ("lib/base/CMakeLists.txt", "=add_subdirectory(x)\n", "declares no target"),
        ("lib/new/x.hpp", SPDX, "has no line here"),
        ("lib/LAYERS", "9 attic: |\n", "no folder in lib"),
        ("lib/LAYERS", "2 model: io |\n", "not on a lower floor"),
        ("lib/LAYERS", "model base\n", "not a line of the form"),
    ],
    "forbidden": [
        ("lib/flow/flow.cpp", "int f(int x) { return read(x, 0, 0); }\n", "read()"),
        ("lib/flow/flow.cpp", "int f() { return ::socket(1, 1, 0); }\n", "::socket()"),
        ("lib/flow/flow.cpp", "void f() { if (a && poll(b, 1, 0)) g(); }\n", "poll()"),
        ("lib/route/ring.hpp", "inline auto t() { return std::thread(); }\n", "std::thread"),
        ("lib/route/ring.hpp", "inline void e() { std::cerr << 1; }\n", "std::cerr"),
        ("lib/route/ring.hpp", "inline auto n = std::chrono::steady_clock::now();\n", "steady_clock"),
        ("lib/base/text.hpp", "inline auto h = getenv(kHome);\n", "getenv()"),
        ("lib/base/text.hpp", "#include <unistd.h>\n", "<unistd.h>"),
    ],
    "sizes": [
        ("lib/flow/flow.cpp", "// a line\n" * 500, "at most 500"),
        ("tools/nlb-forward/main.cpp", "// a line\n" * 60, "at most 60"),
        ("lib/bpf/nlb_tc.bpf.c", "// a line\n" * 151, "at most 150"),
        ("lib/new/x.hpp", SPDX, "no README"),
    ],
    "spdx": [
        ("lib/flow/flow.cpp", "=int x;\n", "no SPDX-License-Identifier: Apache-2.0"),
        ("lib/l4/l4_core.h", "=" + SPDX, "expected Apache-2.0 OR GPL-2.0-only"),
        ("tests/run", "=#!/bin/bash\n", "no SPDX-License-Identifier"),
    ],
    "paths": [
        ("lib/flow/flow.cpp", "// FIX" "ME\n", "a promise for later"),
        ("man/nlb-forward.8", "/ho" "me/me/nlb\n", "a home folder"),
        ("README.md", "see {root}/lib\n", "a path of this machine"),
        ("lib/base/text.hpp", "int x; \n", "trailing blank"),
    ],
    "format": [
        ("lib/flow/flow.cpp", "int   a=1;\n", "code should be clang-formatted"),
    ],
    "messages_man": [
        ("man/nlb-messages.7", "=.Sh MESSAGES\n.Ss extra\nFrom any to any: x.\n.Sh Y\n",
         "message extra is not in messages.def"),
        ("lib/contract/messages.def", 'MESSAGE(B, "bye", "any > any: x")\nEND_MESSAGE\n',
         "nothing about message bye"),
        ("lib/contract/messages.def", 'FIELD(Number, pid, optional, "id")\n', "expected 2"),
        ("bin/nlb-forward", "echo '{\"message\":\"new\",\"meaning\":\"x\",\"members\":[]}'\n",
         "message new is not in messages.def"),
    ],
    "man_help": [
        ("man/nlb-forward.8", ".It Fl -colour\n", "--colour has an item here"),
        ("bin/nlb-forward", "[ \"$*\" != --help ] || echo '  wait   Wait'\n", "command wait"),
        ("bin/nlb-forward", "[ \"$*\" != 'run --help' ] || echo '  --zone TEXT'\n",
         "--zone (run) is in --help"),
        ("bin/nlb-forward", "exit 3\n", "ended with status 3"),
    ],
    "completions_help": [
        ("completions/bash/nlb-forward", "=complete -W 'run' nlb-forward\n", "bash"),
        ("completions/bash/nlb-forward", "if\n", "bash ended with status"),
        ("completions/zsh/_nlb-forward", "if\n", "zsh ended with status"),
        ("completions/zsh/_nlb-forward", "--colour\n", "--colour is offered"),
        ("completions/fish/nlb-forward.fish", "complete -c nlb-forward -l colour\n", "--colour is offered"),
        ("completions/fish/nlb-forward.fish", "if true\n", "fish ended with status"),
        ("bin/nlb-forward", "[ \"$*\" != 'run --help' ] || echo '  --zone TEXT'\n",
         "options of run: --zone is in --help"),
        ("bin/nlb-forward", "[ \"$*\" != --help ] || echo '  wait   Wait'\n",
         "commands: wait is in --help"),
    ],
    "manpages": [
        ("man/nlb-forward.8", ".Foo\n", "unknown macro"),
        ("man/nlb-forward.8", ".Sh SYNOPSIS\n.Nm\n", "the order is"),
        ("man/nlb-forward.8", "=.Dd $Mdocdate$\n.Dt X 8\n.Os\n.Sh NAME\n.Nm x\n.Nd y\n", "no section"),
        ("tools/nlb-new/main.cpp", SPDX, "no manual page man/nlb-new.8"),
    ],
}


def write(root, path, text):
    whole = os.path.join(root, path)
    os.makedirs(os.path.dirname(whole), exist_ok=True)
    mode = "w" if text.startswith("=") else "a"
    with open(whole, mode, encoding="utf-8") as file:
        file.write(text.removeprefix("=").replace("{root}", os.path.realpath(root)))
    if path.startswith("bin/"):
        os.chmod(whole, 0o755)


def run(lint, root):
    return subprocess.run([os.path.join(HERE, lint), "--root", root,
                           "--bin", os.path.join(root, "bin")],
                          capture_output=True, text=True, timeout=60)


class SelfTest(unittest.TestCase):
    def sample(self, lint):
        folder = tempfile.TemporaryDirectory(prefix="nlb-lint.")
        self.addCleanup(folder.cleanup)
        root = os.path.join(folder.name, "tree")
        for path, text in {**SOUND, **(SOUND_TOOL if lint in ASKS_TOOLS else {})}.items():
            write(root, path, "=" + text)
        shutil.copy(os.path.join(HERE, "..", "..", ".clang-format"), root)
        return root

    def test_each_lint_passes_a_sound_tree_and_finds_each_flaw(self):
        for lint in sys.argv[1:] or BROKEN:
            with self.subTest(lint=lint):
                done = run(lint, self.sample(lint))
                self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
            for path, text, said in BROKEN[lint]:
                with self.subTest(lint=lint, path=path, said=said):
                    root = self.sample(lint)
                    write(root, path, text)
                    done = run(lint, root)
                    self.assertEqual(done.returncode, 1, done.stdout + done.stderr)
                    self.assertIn(said, done.stdout)

    def test_an_empty_tree_is_a_failure(self):
        with tempfile.TemporaryDirectory() as root:
            for lint in sys.argv[1:] or BROKEN:
                with self.subTest(lint=lint):
                    self.assertEqual(run(lint, root).returncode, 1)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
