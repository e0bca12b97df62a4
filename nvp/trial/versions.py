"""The versions of the packages that a row was made with."""

import platform
from functools import cache
from importlib.metadata import PackageNotFoundError, version

import torch


def read_version(package: str) -> str:
    """Return the version of a package; "none" where it is not installed.

    Ray is not needed under --no-ray, and nvp may run from its repository.
    """
    try:
        return version(package)
    except PackageNotFoundError:
        return "none"


@cache
def describe_versions() -> str:
    """Return the column `version` of `trials`: nvp, torch, Ray and Python."""
    found = {"nvp": read_version("nvp"), "torch": torch.__version__, "ray": read_version("ray")}
    named = [f"{name} {number}" for name, number in found.items()]
    return ", ".join([*named, f"python {platform.python_version()}"])
