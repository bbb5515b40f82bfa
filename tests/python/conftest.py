"""Settings shared by the tests of the package."""

import pytest
from hypothesis import settings

pytest.register_assert_rewrite("grading")

# The same examples on every run and every machine: a failure can be reproduced by its name alone.
settings.register_profile("fixed", derandomize=True, max_examples=40, deadline=None)
settings.load_profile("fixed")


def pytest_addoption(parser):
    parser.addoption("--slow", action="store_true", help="run the tests marked slow as well")


def pytest_configure(config):
    config.addinivalue_line("markers", "slow: takes more than a few seconds; needs --slow")


def pytest_collection_modifyitems(config, items):
    if config.getoption("--slow"):
        return
    skip = pytest.mark.skip(reason="slow: run with --slow")
    for item in items:
        if "slow" in item.keywords:
            item.add_marker(skip)
