# SPDX-License-Identifier: Apache-2.0
"""Time of network softirqs, by the program in softirq.bpf.c (clang and libbpf)."""

import ctypes
import ctypes.util
import os
import platform
import subprocess

HERE = os.path.dirname(os.path.abspath(__file__))
PROGRAMS = (b"begin", b"end")


class Meter:
    """Counts from now on; `folder` is for the compiled program."""

    def __init__(self, folder):
        built = os.path.join(folder, "softirq.bpf.o")
        headers = f"-I/usr/include/{platform.machine()}-linux-gnu"
        subprocess.run(["clang", "-target", "bpf", "-O2", "-g", headers,
                        "-c", os.path.join(HERE, "softirq.bpf.c"), "-o", built], check=True)
        name = ctypes.util.find_library("bpf")
        if name is None:
            raise OSError("libbpf is not installed")
        self.bpf = ctypes.CDLL(name, use_errno=True)
        for function in ("bpf_object__open", "bpf_object__find_program_by_name",
                         "bpf_program__attach"):
            getattr(self.bpf, function).restype = ctypes.c_void_p
        self.cpus = self.bpf.libbpf_num_possible_cpus()
        self.object = ctypes.c_void_p(self.bpf.bpf_object__open(built.encode()))
        if not self.object or self.bpf.bpf_object__load(self.object) != 0:
            raise OSError("cannot load the softirq meter")
        for program in PROGRAMS:
            found = ctypes.c_void_p(self.bpf.bpf_object__find_program_by_name(self.object, program))
            if not self.bpf.bpf_program__attach(found):
                raise OSError("cannot attach the softirq meter")
        self.charged = self.bpf.bpf_object__find_map_fd_by_name(self.object, b"charged")
        self.meters = self.bpf.bpf_object__find_map_fd_by_name(self.object, b"meters")

    def charge(self, pid):
        """Softirqs that interrupt this process are in its own time, and not counted here."""
        key, value = ctypes.c_uint32(pid), ctypes.c_uint32(1)
        self.bpf.bpf_map_update_elem(self.charged, ctypes.byref(key), ctypes.byref(value),
                                     ctypes.c_uint64(0))

    def seconds(self, cpu):
        """So far, on this CPU."""
        key, values = ctypes.c_uint32(0), (ctypes.c_uint64 * (2 * self.cpus))()
        self.bpf.bpf_map_lookup_elem(self.meters, ctypes.byref(key), values)
        return values[2 * cpu] / 1e9
