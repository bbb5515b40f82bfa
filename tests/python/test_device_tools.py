"""What checks the CUDA library, and counts its instructions, finds what it is for."""

import shutil
import subprocess
from pathlib import Path

import check_device_library
import device_twin
import pytest
import sass_counts

LOG = """
ptxas info    : Compiling entry function '_Z1aPf' for 'sm_90'
ptxas info    : Function properties for _Z1aPf
    0 bytes stack frame, 0 bytes spill stores, 0 bytes spill loads
ptxas info    : Used 64 registers, used 1 barriers
ptxas info    : Compiling entry function '_Z1bPf' for 'sm_80'
ptxas info    : Function properties for _Z1bPf
    8 bytes stack frame, 4 bytes spill stores, 12 bytes spill loads
ptxas info    : Used 32 registers, used 1 barriers
"""

CODE = """
.L_x_0:
        /*0000*/                   LDG.E R1, [R2.64] ;
.L_x_1:
        /*0010*/                   LDS.128 R4, [R8] ;
        /*0020*/                   FADD R4, R4, -R1 ;
        /*0030*/                   FFMA R4, R4, R4, R7 ;
        /*0040*/                   FFMA R4, R5, R5, R4 ;
        /*0050*/                   FFMA R4, R6, R6, R4 ;
        /*0060*/                   FMNMX R9, R9, R4, PT ;
        /*0070*/                   ISETP.GE.AND P0, PT, R10, 0x4, PT ;
        /*0080*/              @!P0 BRA `(.L_x_1) ;
        /*0090*/              @!P1 BRA `(.L_x_0) ;
        /*00a0*/                   EXIT ;
"""


def test_the_twin_passes_as_a_library():
    path = Path(device_twin.twin().path)
    assert list(check_device_library.complaints(path)) == []


def test_what_is_exported_besides_is_found(tmp_path):
    compiler = shutil.which("cc")
    if compiler is None:
        pytest.skip("no C compiler")
    library = tmp_path / "library.so"
    command = [compiler, "-shared", "-fPIC", "-x", "c", "-", "-o", str(library)]
    subprocess.run(command, input="int stray(void) { return 0; }", text=True, check=True)
    (complaint,) = check_device_library.complaints(library)
    assert complaint.startswith("exports ['stray'] more, and lacks ['monge_auction', ")


def test_spills_are_read_from_the_log(tmp_path, capsys):
    assert list(check_device_library.kernels(LOG)) == [
        ("_Z1aPf", "sm_90", 64, 0),
        ("_Z1bPf", "sm_80", 32, 16),
    ]
    log = tmp_path / "log"
    for text, complaint in ((LOG, "b(float*) spills 16 bytes for sm_80"), ("-", "no kernel")):
        log.write_text(text)
        assert check_device_library.main([device_twin.twin().path, str(log)]) == 1
        assert complaint in capsys.readouterr().out
    assert check_device_library.main([device_twin.twin().path]) == 0


def test_the_innermost_loop_over_pairs_is_counted():
    (loop,) = sass_counts.loops_over_pairs(CODE.splitlines())
    counts = {kind: loop.count(kind) for kind in ("all", "fma", "alu", "mufu", "shared")}
    assert counts == {"all": 8, "fma": 4, "alu": 2, "mufu": 0, "shared": 1}
    rate, limit = loop.pairs_per_second()
    assert limit == "all"
    assert rate == pytest.approx(132 * 1.98e9 * 128 / 8)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("AuctionKernel<PointCosts<(Metric)0, 3> >", "auction, squared, d = 3"),
        ("HalfStepKernel<PointCosts<(Metric)1, 2> >", "half step, Euclidean, d = 2"),
        ("SlicedKernel", "sliced"),
    ],
)
def test_kernels_are_named_in_words(name, words):
    assert sass_counts.readable(name) == words
