"""What `import monge` brings, and what it does not."""

import doctest
import inspect
import subprocess
import sys
from importlib import metadata, resources

import monge
import pytest

PUBLIC = [name for name in monge.__all__ if not name.startswith("__")]


def python(program):
    """The output of a program in a fresh interpreter."""
    run = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=600
    )
    return run.stdout.split()


def test_import_brings_numpy_alone():
    """Beyond the standard library, what an interpreter has before, and NumPy's own modules."""
    before = python("import numpy, sys; print(*{name.split('.')[0] for name in sys.modules})")
    after = python("import monge, sys; print(*{name.split('.')[0] for name in sys.modules})")
    new = set(after) - set(before) - set(sys.stdlib_module_names)
    assert new == {"monge"}


def test_solving_brings_numpy_alone():
    program = """
import sys, monge
solution = monge.solve([[0.0, 0.0], [1.0, 0.0]], [[1.0, 1.0], [0.0, 1.0]])
solution.plan.to_dense(), solution.assignment, solution.barycentric_map(), solution.interpolate(0.5)
monge.linear_sum_assignment([[1, 2], [3, 4]]), monge.wasserstein_1d([1], [2]), monge.solvers()
print(*{name.split('.')[0] for name in sys.modules})
"""
    heavy = {"scipy", "torch", "matplotlib", "ot", "trimesh", "pandas", "jax"}
    assert not heavy & set(python(program))


def test_subpackages_are_imported_when_used():
    program = """
import sys, monge
assert "monge.metrics" not in sys.modules
print(monge.metrics.pairwise([[[0.0]]], [[[1.0]]])[0, 0], "torch" in sys.modules)
"""
    assert python(program) == ["1.0", "False"]
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        _ = monge.nothing


def test_subpackages_are_found_before_they_are_imported():
    """By completion, and one level down as well."""
    program = """
import sys, monge
print(*{"compat", "critics", "gan", "metrics", "torch"} - set(dir(monge)))
print(monge.compat.scipy.wasserstein_distance([0], [1]), monge.compat.pot.unif(2).sum())
print("pot" in dir(monge.compat), "torch" in sys.modules)
"""
    assert python(program) == ["1.0", "1.0", "True", "False"]
    with pytest.raises(AttributeError, match=r"'monge\.compat' has no attribute 'nothing'"):
        _ = monge.compat.nothing


def test_types_are_shipped():
    files = resources.files("monge")
    assert files.joinpath("py.typed").is_file()
    assert files.joinpath("_core.pyi").is_file()


def test_stub_names_the_core_and_nothing_else():
    from monge import _core

    stub = resources.files("monge").joinpath("_core.pyi").read_text()
    named = {line.split("(")[0].split()[1] for line in stub.splitlines() if line.startswith("def ")}
    classes = {
        line.split(":")[0].split()[1] for line in stub.splitlines() if line.startswith("class ")
    }
    public = {name for name in vars(_core) if not name.startswith("_")}
    assert public == named | classes


def test_version_is_the_distribution_s():
    assert monge.__version__ == metadata.version("monge")


def test_all_is_complete():
    assert len(set(monge.__all__)) == len(monge.__all__)
    defined = {
        name
        for name, value in vars(monge).items()
        if not name.startswith("_")
        and not inspect.ismodule(value)
        and getattr(value, "__module__", "").split(".")[0] == "monge"
    }
    assert set(PUBLIC) == defined
    assert "__version__" in monge.__all__


@pytest.mark.parametrize("name", PUBLIC)
def test_public_names_are_documented(name):
    value = getattr(monge, name)
    text = inspect.getdoc(value)
    assert text
    assert len(text.splitlines()[0]) <= 100
    if inspect.isfunction(value):
        # Every parameter is named in the text, or the text refers to a function where it is.
        for parameter in inspect.signature(value).parameters:
            assert parameter in text or " as for `" in text, parameter
    if inspect.isclass(value):
        for member, method in vars(value).items():
            if not member.startswith("_") and callable(method):
                assert inspect.getdoc(method), member


@pytest.mark.parametrize("name", PUBLIC)
def test_public_functions_are_annotated(name):
    value = getattr(monge, name)
    if not inspect.isfunction(value):
        return
    signature = inspect.signature(value)
    assert signature.return_annotation is not inspect.Signature.empty
    for parameter in signature.parameters.values():
        assert parameter.annotation is not inspect.Parameter.empty, parameter


def test_examples_of_the_package_docstring_run():
    results = doctest.testmod(monge)
    assert results.attempted > 0
    assert results.failed == 0


def test_registry_describes_itself():
    for name, solver in monge.solvers().items():
        assert name.isidentifier()
        assert solver["summary"]
        kinds = {
            "assignment",
            "transport",
            "cost_matrix",
            "point_clouds",
            "any_masses",
            "line_only",
            "partial",
            "warm_potentials",
            "warm_plan",
        }
        assert set(solver) == {"summary", "options", "max_dim", "auto_pairs", "auto_rtol", *kinds}
        assert solver["max_dim"] is None or solver["max_dim"] >= 1
        least, most = solver["auto_pairs"]
        assert 0 <= least <= most
        assert 0 <= solver["auto_rtol"] < 1
        assert all(isinstance(solver[kind], bool) for kind in kinds)
        assert solver["assignment"] or solver["transport"]
        assert solver["cost_matrix"] or solver["point_clouds"]
        for option in solver["options"].values():
            assert {"default", "meaning", "least", "most"} <= set(option)


def test_registry_cannot_be_changed_through_its_description():
    monge.solvers().clear()
    assert monge.solvers()
