"""Mutates the kernel bodies: each barrier deleted, each atomic made plain, in turn. The tests must
notice every one.

A kernel body that lacks a barrier still gives the right answer nearly always. What says that it is
there, and needed, is the thread sanitizer on ThreadBlock (cpp/simt/thread_block.hpp); what says
that the tests' sizes reach it, is this. All mutants are compiled at once, into copies of the
kernels' tests that ask the environment which of them to be. One counts as found if the sanitizer
reports a race, a context stops the process, or a test fails.

    python3 tools/mutate_kernels.py [--only row_scan] [--jobs 2]

Prints a table, and exits with status 1 if a mutant was not found. Takes some minutes.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]

#: The tests that run a header's bodies, those first that are quickest to find something.
TESTS = {
    "auction.hpp": ["auction"],
    "block_sort.hpp": ["sliced"],
    "block_sums.hpp": ["sliced", "auction"],
    "half_step.hpp": ["sinkhorn"],
    "line_transport.hpp": ["sliced"],
    "row_minima.hpp": ["row_minima"],
    "row_scan.hpp": ["row_minima", "auction"],
    "sliced.hpp": ["sliced"],
}

OPERATION = re.compile(r"\b(k_?)\.(sync\(\)|atomic_add|atomic_max)")
COMMENT = re.compile(r"//.*")
#: Stands between a body and its block; appended to block.hpp.
PROXY = """
#include <cstdlib>
namespace monge::simt {
inline const int chosen_mutant = std::atoi(std::getenv("MONGE_MUTANT"));
template <class B>
struct Mutant {
  B& k;
  bool chosen;
  void sync(unsigned line = __builtin_LINE()) {
    if (chosen) return;
    if constexpr (requires { k.sync(line); }) {
      k.sync(line);
    } else {
      k.sync();
    }
  }
  int atomic_add(int* p, int value) {
    if (!chosen) return k.atomic_add(p, value);
    const int before = *p;
    *p = before + value;
    return before;
  }
  void atomic_max(Word* p, Word value) {
    if (!chosen) return k.atomic_max(p, value);
    if (value > *p) *p = value;
  }
};
template <class B>
Mutant<B> mutant(int number, B& k) {
  return {k, number == chosen_mutant};
}
}  // namespace monge::simt
"""
FLAGS = ["-std=c++20", "-O1", "-g1", "-ffp-contract=off", "-fsanitize=thread", "-pthread"]
#: Seconds, longer than any test takes. A mutant that takes longer has not been found: the machine
#: may just be slow.
TIMEOUT = 900


@dataclass(frozen=True)
class Mutation:
    number: int  #: from 1
    header: str
    line: int
    operation: str


def mutate(header: Path, first: int) -> list[Mutation]:
    """Rewrites a header so that each operation can be left out; the mutations that it then has."""
    source = header.read_text(encoding="utf-8")
    code = COMMENT.sub(lambda comment: " " * len(comment[0]), source)  # the same offsets
    found = []
    text, done = "", 0
    for number, match in enumerate(OPERATION.finditer(code), start=first):
        line = source.count("\n", 0, match.start()) + 1
        found.append(Mutation(number, header.name, line, match[2].removesuffix("()")))
        text += source[done : match.start()] + f"mutant({number}, {match[1]}).{match[2]}"
        done = match.end()
    header.write_text(text + source[done:], encoding="utf-8")
    return found


def mutate_all(copy: Path) -> list[Mutation]:
    block = copy / "simt/block.hpp"
    block.write_text(block.read_text(encoding="utf-8") + PROXY, encoding="utf-8")
    found: list[Mutation] = []
    for header in sorted((copy / "simt/kernels").glob("*.hpp")):
        found += mutate(header, len(found) + 1)
    return found


def compile_tests(copy: Path, name: str) -> None:
    source = ROOT / f"tests/cpp/simt/{name}_kernel_test.cpp"
    command = [os.environ.get("CXX", "g++"), *FLAGS, f"-I{copy}", f"-I{ROOT / 'tests/cpp'}"]
    libraries = ["-lgtest", "-lgtest_main"]
    subprocess.run([*command, str(source), "-o", str(copy / name), *libraries], check=True)


def run_tests(copy: Path, name: str, number: int) -> str:
    """How a mutant was noticed; "" if it was not. Number 0 is the source as it is."""
    # The sanitizer cannot place its shadow where addresses are drawn from too wide a range.
    fixed_addresses = ["setarch", "-R"] if shutil.which("setarch") else []
    try:
        ended = subprocess.run(
            [*fixed_addresses, str(copy / name), "--gtest_fail_fast"],
            check=False,
            env={
                **os.environ,
                "MONGE_MUTANT": str(number),
                "TSAN_OPTIONS": "halt_on_error=1 exitcode=66",
            },
            capture_output=True,
            text=True,
            timeout=TIMEOUT,
        )
    except subprocess.TimeoutExpired:
        return ""
    if "data race" in ended.stderr:
        return "race"
    if "simt: divergent" in ended.stderr:
        return "divergence"
    return {0: "", 1: "wrong answer"}.get(ended.returncode, f"status {ended.returncode}")


def verdict(copy: Path, mutation: Mutation) -> str:
    for name in TESTS[mutation.header]:
        if found := run_tests(copy, name, mutation.number):
            return f"{found} ({name})"
    return ""


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--only", default="", help="headers whose name contains this")
    parser.add_argument("--jobs", type=int, default=2, help="compilations and tests at a time")
    arguments = parser.parse_args()
    survived = 0
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(arguments.jobs) as pool:
        copy = Path(folder)
        shutil.copytree(ROOT / "cpp/simt", copy / "simt")
        chosen = [m for m in mutate_all(copy) if arguments.only in m.header]
        if unknown := {m.header for m in chosen} - TESTS.keys():
            print(f"no tests are named for {', '.join(sorted(unknown))}")
            return 1
        names = sorted({name for m in chosen for name in TESTS[m.header]})
        list(pool.map(lambda name: compile_tests(copy, name), names))
        for m, found in zip(chosen, pool.map(lambda m: verdict(copy, m), chosen), strict=True):
            survived += not found
            print(
                f"{f'{m.header}:{m.line}':24} {m.operation:12} {found or 'NOT FOUND'}", flush=True
            )
        for name, noise in zip(
            names, pool.map(lambda n: run_tests(copy, n, 0), names), strict=True
        ):
            if noise:
                print(f"{name}, not mutated: {noise}")
                return 1
    print(f"{len(chosen) - survived} of {len(chosen)} found; not mutated, all tests pass")
    return 1 if survived else 0


if __name__ == "__main__":
    sys.exit(main())
