# SPDX-License-Identifier: Apache-2.0
"""What --datapath kernel cannot have: one clear line and the exit status that the manual names."""

import os

import live
import netns
import nlbtest

RIGHTS = "-bpf,-perfmon,-net_admin,-sys_admin"


class Rights(live.TestCase):
    def refused(self, *words, before=()):
        """(status, the only line it says)."""
        status, out, err = self.run_tool(*self.net.node.command(
            *before, nlbtest.tool("nlb-forward"), "run", "-q", *words))
        self.assertEqual(len(err.splitlines()), 1, err)
        self.assertTrue(err.startswith("nlb-forward: error: "), err)
        self.assertNotIn("route-applied", out)
        return status, err

    def test_without_the_rights_to_load_programs(self):
        status, err = self.refused(*self.options(), before=("setpriv", "--bounding-set", RIGHTS,
                                                            "--inh-caps", RIGHTS))
        self.assertEqual(status, 4)
        self.assertIn("Operation not permitted", err)

    def test_an_interface_that_is_not_there(self):
        words = [word.replace("n0", "eth99") for word in self.options()]
        status, err = self.refused(*words)
        self.assertEqual(status, 2)
        self.assertIn("eth99", err)
        self.assertFalse(os.path.exists(f"{netns.PINS}/{self.net.node.name}"))

    def test_one_interface_of_two_is_not_there(self):
        words = [word.replace("n1", "eth99") for word in self.options()]
        self.assertEqual(self.refused(*words)[0], 2)
        self.assertFalse(os.path.exists(f"{netns.PINS}/{self.net.node.name}"))

    def test_no_interface(self):
        status, err = self.refused("--datapath", "kernel")
        self.assertEqual(status, 2)
        self.assertIn("--interface", err)


if __name__ == "__main__":
    live.main()
