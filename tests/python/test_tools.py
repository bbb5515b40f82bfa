"""The project's own checkers find what they are for."""

import zipfile
from pathlib import Path

import check_includes
import check_wheel
import pytest
import readme_command

REPOSITORY = Path(__file__).resolve().parents[2]


def tree(root, files):
    for name, text in files.items():
        file = root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return root


def test_the_layers_of_this_repository_follow_the_arrow():
    assert list(check_includes.violations(REPOSITORY)) == []


@pytest.mark.parametrize(
    ("name", "line", "complaint"),
    [
        ("cpp/src/core/a.cpp", '#include "monge/cost/b.hpp"', "core must not include cost"),
        ("cpp/src/kernels/a.cpp", '#include "solver/b.hpp"', "kernels must not include solver"),
        (
            "cpp/src/geometry/a.cpp",
            '# include "parallel.hpp"',
            "geometry must not include parallel",
        ),
        ("cpp/include/monge/result/a.hpp", '#include "monge/instances.hpp"', "result must not"),
        ("cpp/src/instances.cpp", '#include "monge/solver/b.hpp"', "instances must not include"),
        ("cpp/src/solver/a.cpp", "#include <thread>", "only parallel may include <thread>"),
        (
            "cpp/src/solver/a.cpp",
            "#include <pybind11/numpy.h>",
            "must not include pybind11/numpy.h",
        ),
        ("cpp/src/solver/a.cpp", '#include "tricks/b.hpp"', "belongs to no layer"),
    ],
)
def test_an_include_against_the_arrow_is_reported_with_its_line(tmp_path, name, line, complaint):
    tree(tmp_path, {name: f"// a file\n{line}\n"})
    (found,) = check_includes.violations(tmp_path)
    assert found.startswith(f"{name}:2: ")
    assert complaint in found


def test_a_folder_that_is_no_layer_is_reported(tmp_path):
    tree(tmp_path, {"cpp/src/tricks/a.cpp": ""})
    (found,) = check_includes.violations(tmp_path)
    assert "'tricks' is no layer" in found


def test_includes_along_the_arrow_are_fine(tmp_path):
    files = {
        "cpp/src/solver/a.cpp": '#include "monge/solver/a.hpp"\n#include "parallel.hpp"\n',
        "cpp/src/parallel.hpp": "#include <thread>\n",
        "cpp/include/monge/instances.hpp": '#include "monge/problem/problem.hpp"\n',
    }
    assert list(check_includes.violations(tree(tmp_path, files))) == []


def wheel(folder, files):
    path = folder / "monge-1.0-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


GOOD_WHEEL = {
    "monge/__init__.py": "",
    "monge/py.typed": "",
    "monge/_core.cpython-311-x86_64-linux-gnu.so": b"\x7fELF .text",
    "monge-1.0.dist-info/METADATA": "",
}


def test_a_good_wheel_is_accepted(tmp_path):
    assert check_wheel.main([str(wheel(tmp_path, GOOD_WHEEL))]) == 0


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"monge/notes.md": ""}, "unexpected file monge/notes.md"),
        ({"libmonge.a": ""}, "unexpected file libmonge.a"),
        ({"monge/_core.abi3.so": ""}, "one extension module"),
        ({"monge/_core.cpython-311-x86_64-linux-gnu.so": b".debug_info"}, "debug sections"),
        ({"monge/large.py": bytes(6_000_000)}, "6000"),
    ],
)
def test_a_wheel_that_must_not_be_shipped_is_refused(tmp_path, capsys, change, complaint):
    assert check_wheel.main([str(wheel(tmp_path, GOOD_WHEEL | change))]) == 1
    assert complaint in capsys.readouterr().out


def test_the_second_bash_block_of_the_readme_installs_and_tests():
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    assert readme_command.bash_block(readme, 2) == 'pip install ".[test]" && pytest'
