"""Counts the machine instructions that a kernel spends on a pair of points.

    python tools/sass_counts.py libmonge_cuda.so [sm_90]

Reads the disassembly of every kernel (nvdisasm and cuobjdump: nvidia-cuda-nvdisasm and
nvidia-cuda-cuobjdump on PyPI), and finds its innermost loops over pairs, for points of dimension 3:
there a staged point is one load of 16 bytes, once per pair, and three differences are squared and
added. A kernel has several such loops, by how rows are mapped to threads: the column `all` has the
least and the most, the others are of the first. Prints a Markdown table with what an H100 can do at
best: docs/gpu.md has it.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

#: An H100 SXM: multiprocessors, clock in Hz, and what a multiprocessor does per clock, in lanes.
MULTIPROCESSORS, CLOCK = 132, 1.98e9
PER_CLOCK = {"all": 128, "alu": 64, "mufu": 16, "shared": 32}

FMA = re.compile(r"FFMA|FMUL|FADD|IMAD|DFMA|DADD|DMUL|HFMA2")
MUFU = re.compile(r"MUFU")
SHARED = re.compile(r"LDS|STS|SHFL|ATOMS")
OTHER = re.compile(r"LDG|STG|LD\.|ST\.|LDC|ULDC|BRA|BAR|EXIT|BSSY|BSYNC|NOP|WARPSYNC|CALL|RET")

#: The load of a staged point, and what at least is done with each.
STAGED, FUSED, FUSED_PER_PAIR = re.compile(r"LDS[.A-Z]*\.128"), re.compile(r"FFMA"), 3

INSTRUCTION = re.compile(r"/\*(?P<at>[0-9a-f]{4,})\*/\s+(?P<text>[^;]+);")
LABEL = re.compile(r"^\s*(?P<name>\.L_x?_?\w+|\.L\w+):")
TARGET = re.compile(r"BRA.*`\((?P<name>\.L\w+)\)")


@dataclass(frozen=True)
class Loop:
    """Instructions from a label to the last branch back to it."""

    instructions: list[str]
    pairs: int

    def count(self, kind: str) -> float:
        """Instructions of a kind per pair."""
        kinds = Counter(kind_of(text) for text in self.instructions)
        return (len(self.instructions) if kind == "all" else kinds[kind]) / self.pairs

    def pairs_per_second(self) -> tuple[float, str]:
        """The most that an H100 does, and what limits it."""
        rates = {
            kind: PER_CLOCK[kind] / self.count(kind) for kind in PER_CLOCK if self.count(kind) > 0
        }
        limit = min(rates, key=rates.__getitem__)
        return MULTIPROCESSORS * CLOCK * rates[limit], limit


def kind_of(text: str) -> str:
    """The unit that executes an instruction: fma, alu, mufu, shared, other."""
    name = re.sub(r"@!?U?P\w+\s+", "", text).split()[0]
    for kind, pattern in (("mufu", MUFU), ("fma", FMA), ("shared", SHARED), ("other", OTHER)):
        if pattern.match(name):
            return kind
    return "alu"


def tool(name: str) -> str:
    """The path of a CUDA tool: on PATH, or from a wheel of this environment."""
    beside = Path(sys.prefix).glob(f"lib/python*/site-packages/nvidia/cu*/bin/{name}")
    found = shutil.which(name) or next((str(path) for path in beside), None)
    if found is None:
        raise SystemExit(f"{name} is needed: pip install nvidia-cuda-{name}")
    return found


def disassembly(library: Path, architecture: str) -> str:
    """The code of all kernels in the library."""
    with tempfile.TemporaryDirectory() as folder:
        extract = [tool("cuobjdump"), "-xelf", "all", "-arch", architecture, str(library.resolve())]
        subprocess.run(extract, cwd=folder, check=True, capture_output=True)
        cubins = sorted(Path(folder).glob("*.cubin"))
        return "\n".join(
            subprocess.run(
                [tool("nvdisasm"), "-c", str(cubin)], check=True, capture_output=True, text=True
            ).stdout
            for cubin in cubins
        )


def functions(text: str) -> Iterator[tuple[str, list[str]]]:
    """Kernels by their demangled names, with their lines."""
    parts = re.split(r"^\s*\.section\s+\.text\.(\w+).*$", text, flags=re.MULTILINE)
    names = subprocess.run(
        ["c++filt"], input="\n".join(parts[1::2]), capture_output=True, text=True, check=True
    ).stdout.splitlines()
    for name, body in zip(names, parts[2::2], strict=True):
        kernel = re.search(r"run<(.*)>\(", name)
        if kernel:
            noise = r"monge::|simt::|device::|\(anonymous namespace\)::"
            yield re.sub(noise, "", kernel[1]).strip(), body.splitlines()


def loops(lines: list[str]) -> Iterator[list[str]]:
    """The innermost loops: from a label to a later branch to it, without another such inside."""
    labels: dict[str, int] = {}
    code: list[str] = []
    spans: list[tuple[int, int]] = []
    for line in lines:
        if label := LABEL.match(line):
            labels[label["name"]] = len(code)
        elif instruction := INSTRUCTION.search(line):
            code.append(instruction["text"].strip())
            target = TARGET.search(code[-1])
            if target and target["name"] in labels:
                spans.append((labels[target["name"]], len(code)))
    for begin, end in spans:
        inside = [one for one in spans if one != (begin, end) and begin <= one[0] < one[1] <= end]
        if not inside:
            yield code[begin:end]


def loops_over_pairs(lines: list[str]) -> list[Loop]:
    """Those that are unrolled most, the one with the fewest instructions first."""
    found = []
    for code in loops(lines):
        pairs, fused = (sum(bool(one.search(text)) for text in code) for one in (STAGED, FUSED))
        if pairs and fused >= FUSED_PER_PAIR * pairs:
            found.append(Loop(code, pairs))
    most = max((loop.pairs for loop in found), default=0)
    return sorted((one for one in found if one.pairs == most), key=lambda one: one.count("all"))


def readable(name: str) -> str:
    """AuctionKernel<PointCosts<(Metric)0, 3> > as "auction, squared distances, d = 3"."""
    kernel = re.match(r"(\w+)Kernel", name)
    words = re.sub(r"(?<!^)([A-Z])", r" \1", kernel[1]).lower() if kernel else name
    metric = {"0": "squared", "1": "Euclidean"}.get(
        found[1] if (found := re.search(r"Metric\)(\d)", name)) else "", ""
    )
    dim = re.search(r", (\d)>", name)
    return ", ".join(part for part in (words, metric, f"d = {dim[1]}" if dim else "") if part)


def table(library: Path, architecture: str) -> Iterator[str]:
    yield "| kernel | all | fma | alu | mufu | shared | H100: pairs per second | limit |"
    yield "|---|---|---|---|---|---|---|---|"
    for name, lines in sorted(functions(disassembly(library, architecture))):
        found = loops_over_pairs(lines) if ", 3>" in name else []
        if found:
            rate, limit = found[0].pairs_per_second()
            counts = [f"{found[0].count(kind):.1f}" for kind in ("fma", "alu", "mufu", "shared")]
            spread = f"{found[0].count('all'):.1f} to {found[-1].count('all'):.1f}"
            row = [readable(name), spread, *counts, f"{rate:.2g}", limit]
            yield f"| {' | '.join(row)} |"


def main(arguments: list[str]) -> int:
    if not arguments:
        print(__doc__, file=sys.stderr)
        return 2
    print("\n".join(table(Path(arguments[0]), *(arguments[1:] or ["sm_90"]))))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
