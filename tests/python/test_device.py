"""What monge says of GPUs: on this machine, and with drivers and libraries made up."""

import dataclasses
import shutil
import subprocess
import sys

import device_twin
import monge
import pytest
from monge import cli, device
from monge.device import driver
from monge.device.library import ABI, DeviceError, DeviceLibrary

COMPILER = shutil.which("cc")

FAKE_DRIVER = """
#include <stddef.h>
#include <string.h>
int cuInit(unsigned flags) { return INIT; }
int cuDriverGetVersion(int* version) { *version = VERSION; return 0; }
int cuDeviceGetCount(int* count) { *count = 2; return 0; }
int cuDeviceGet(int* device, int index) { *device = 7 + index; return 0; }
int cuDeviceGetName(char* name, int size, int device) {
  strncpy(name, device == 7 ? "First" : "Second", size);
  return 0;
}
int cuDeviceTotalMem_v2(size_t* bytes, int device) { *bytes = (size_t)80 << 30; return 0; }
int cuDeviceGetAttribute(int* value, int attribute, int device) {
  *value = attribute == 75 ? MAJOR : attribute == 76 ? device - 7 : -1;
  return 0;
}
"""

FAKE_LIBRARY = """
int monge_device_abi(void) { return ABI; }
int monge_device_runtime(void) { return 13000; }
const char* monge_device_architectures(void) { return "75-virtual 90-real"; }
const char* monge_device_error(int code) { return "broken"; }
"""


def compiled(path, source, **definitions):
    if COMPILER is None:
        pytest.skip("no C compiler")
    macros = [f"-D{name}={value}" for name, value in definitions.items()]
    command = [COMPILER, "-shared", "-fPIC", "-w", *macros, "-x", "c", "-", "-o", str(path)]
    subprocess.run(command, input=source, text=True, check=True)
    return str(path)


def driver_of(folder, version=13000, init=0, major=9):
    return compiled(folder / "libcuda.so.1", FAKE_DRIVER, VERSION=version, INIT=init, MAJOR=major)


@pytest.fixture
def library(tmp_path, monkeypatch):
    """A device library with all functions of this version of the interface, which do nothing."""
    names = [name for name in device.library.FUNCTIONS if not name.startswith("monge_device_")]
    functions = "\n".join(f"int {name}(void) {{ return 1; }}" for name in names)
    path = compiled(tmp_path / "libmonge_cuda.so", FAKE_LIBRARY + functions, ABI=ABI)
    monkeypatch.setenv(device.VARIABLE, path)
    return path


def info_with(monkeypatch, path):
    monkeypatch.setattr(device, "probe", lambda: driver.probe(path))
    return monge.device_info()


def test_a_machine_without_driver_is_answered():
    """In a fresh interpreter, where the true driver is asked: here there may be one or none."""
    program = "import monge; info = monge.device_info(); print(info); print(info.usable)"
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600
    )
    lines = run.stdout.splitlines()
    assert lines[0].startswith("usable")
    assert (lines[-1] == "True") == (lines[0] == "usable   yes")


def test_the_command_says_the_same(capsys):
    assert cli.main(["device"]) == 0
    assert capsys.readouterr().out == f"{monge.device_info()}\n"


def test_no_driver(monkeypatch, tmp_path):
    info = info_with(monkeypatch, str(tmp_path / "libcuda.so.1"))
    assert not info.usable
    assert info.reason.startswith("no NVIDIA driver: ")
    assert info.driver_version is None
    assert info.gpus == ()
    assert "driver   none" in str(info)


def test_driver_and_library_that_fit(monkeypatch, tmp_path, library):
    info = info_with(monkeypatch, driver_of(tmp_path))
    assert info == device.DeviceInfo(
        usable=True,
        reason=None,
        driver_version=(13, 0),
        gpus=(
            driver.Gpu(0, "First", (9, 0), 80 * 2**30),
            driver.Gpu(1, "Second", (9, 1), 80 * 2**30),
        ),
        library=library,
        library_abi=ABI,
        library_runtime=(13, 0),
        library_architectures=("75-virtual", "90-real"),
    )
    assert str(info).splitlines() == [
        "usable   yes",
        "driver   serves CUDA 13.0",
        "gpu 0    First, compute capability 9.0, 80.0 GiB",
        "gpu 1    Second, compute capability 9.1, 80.0 GiB",
        f"library  {library} (interface {ABI}, CUDA 13.0, 75-virtual 90-real)",
    ]
    with pytest.raises(dataclasses.FrozenInstanceError):
        info.usable = False


@pytest.mark.parametrize(
    ("made_up", "reason"),
    [
        ({"version": 12080}, "the driver serves CUDA 12.8, and the library needs CUDA 13"),
        ({"init": 100}, "the driver has no GPU"),
        ({"init": 999}, "the NVIDIA driver fails: cuInit returned error 999"),
        ({"major": 7}, "the library was compiled for 75-virtual 90-real, and no GPU here runs"),
    ],
)
def test_driver_that_does_not_serve(monkeypatch, tmp_path, library, made_up, reason):
    info = info_with(monkeypatch, driver_of(tmp_path, **made_up))
    assert not info.usable
    assert info.reason.startswith(reason)
    assert info.library == library


def test_library_that_is_not_there(monkeypatch, tmp_path):
    monkeypatch.setenv(device.VARIABLE, str(tmp_path / "nothing.so"))
    info = info_with(monkeypatch, driver_of(tmp_path))
    assert info.library is None
    assert info.reason.startswith("the library with the kernels is not built: MONGE_CUDA_LIBRARY")


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        (FAKE_LIBRARY, f"has version {ABI + 1} of the device interface; this is for {ABI}"),
        ("int other(void) { return 0; }", "is no device library of monge"),
        (None, "invalid ELF header"),
    ],
)
def test_library_of_another_kind(monkeypatch, tmp_path, source, complaint):
    path = tmp_path / "other.so"
    if source is None:
        path.write_text("no library at all, but long enough to have a header")
        complaint = ""
    else:
        compiled(path, source, ABI=ABI + 1)
    monkeypatch.setenv(device.VARIABLE, str(path))
    info = info_with(monkeypatch, driver_of(tmp_path))
    assert not info.usable
    assert info.reason.startswith("the library with the kernels cannot be loaded: ")
    assert complaint in info.reason


@pytest.mark.parametrize(
    ("architectures", "capability", "runs"),
    [
        ("80-real", (8, 0), True),
        ("80-real", (8, 9), True),
        ("86-real", (8, 0), False),
        ("80-real", (9, 0), False),
        ("80-virtual", (12, 0), True),
        ("90", (12, 1), True),
        ("90", (8, 9), False),
        ("100-real", (10, 3), True),
        ("75-real;120", (10, 0), False),
        ("cpu", (9, 0), False),
    ],
)
def test_what_code_runs_where(architectures, capability, runs):
    library = object.__new__(DeviceLibrary)
    library.architectures = tuple(architectures.split(";"))
    assert library.serves(capability) is runs


def test_twin_describes_itself():
    twin = device_twin.twin()
    assert twin.abi == ABI
    assert twin.runtime == (0, 0)
    assert twin.architectures == ("cpu",)
    with pytest.raises(DeviceError, match=r"monge_auction failed: a size is out of range"):
        twin.call("monge_auction", device.library.CloudsArgument(dim=0), None, *[None] * 4, 0, None)


def test_interface_is_declared_once_in_each_language():
    """Every function of the header is declared for Python, and no other."""
    header = (device_twin.SOURCES / "cuda" / "monge_device.h").read_text()
    declared = {
        line.split("(")[0].split()[-1].lstrip("*")
        for line in header.splitlines()
        if line.startswith("MONGE_DEVICE_API")
    }
    assert declared == set(device.library.FUNCTIONS)
    assert f"#define MONGE_DEVICE_ABI {ABI}\n" in header
