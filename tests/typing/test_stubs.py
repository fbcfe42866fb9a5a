"""Every compiled module with names for Python has a stub, and each stub says what the module has: names, enum members
with their values, signatures. mypy's stubtest compares; what it cannot see (constructors of cdef classes) is compared
with the source."""

import ast
import importlib
import os
import re
import subprocess
import sys
from enum import IntEnum
from pathlib import Path
from types import ModuleType

import pytest
import records_stub

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = ("matching", "journal", "gateway", "bench")
SOURCES = [path for folder in FOLDERS for path in sorted((ROOT / folder).glob("*.pyx"))]
ALLOWLIST = Path(__file__).with_name("stubtest-allowlist.txt")
CONSTRUCTOR = re.compile(r"^    def (__init__|__cinit__)\(([^)]*)\):", re.MULTILINE)


def module_of(source: Path) -> str:
    return f"pricetime.{source.parent.name}.{source.stem}"


def public_names(module: ModuleType) -> set[str]:
    """What a user of the module sees of its own: no imported module, class or function."""
    return {
        name for name, value in vars(module).items()
        if not name.startswith("_") and not isinstance(value, ModuleType)
        and getattr(value, "__module__", module.__name__) == module.__name__
    }


@pytest.mark.parametrize("source", [s for s in SOURCES if not s.with_suffix(".pyi").exists()], ids=module_of)
def test_a_module_without_a_stub_has_nothing_for_python(source):
    assert public_names(importlib.import_module(module_of(source))) == set()


def test_each_stub_belongs_to_a_compiled_module():
    stubs = {path for folder in FOLDERS for path in (ROOT / folder).rglob("*.pyi")}
    assert stubs <= {source.with_suffix(".pyi") for source in SOURCES}


def test_each_stub_says_what_its_module_has(tmp_path):
    modules = [module_of(source) for source in SOURCES if source.with_suffix(".pyi").exists()]
    found = subprocess.run(
        [sys.executable, "-P", "-m", "mypy.stubtest", "--concise", "--mypy-config-file", "pyproject.toml",
         "--allowlist", str(ALLOWLIST), "--ignore-unused-allowlist", "--ignore-disjoint-bases", *modules],
        cwd=ROOT, env=os.environ | {"MYPY_CACHE_DIR": str(tmp_path)}, capture_output=True, text=True, timeout=120,
    )
    assert found.returncode == 0, found.stdout + found.stderr


def test_the_stub_of_the_records_is_what_its_generator_writes():
    assert records_stub.STUB.read_text() == records_stub.stub(), "python tests/records_stub.py writes it anew"


def enums() -> list[tuple[str, dict[str, int], Path]]:
    """(name, members, source) of each enum in a stub."""
    return [
        (node.name, {member.targets[0].id: ast.literal_eval(member.value) for member in node.body
                     if isinstance(member, ast.Assign)}, source)
        for source in SOURCES if source.with_suffix(".pyi").exists()
        for node in ast.parse(source.with_suffix(".pyi").read_text()).body
        if isinstance(node, ast.ClassDef) and [ast.unparse(base) for base in node.bases] == ["IntEnum"]
    ]


@pytest.mark.parametrize(("name", "members", "source"), enums(), ids=[name for name, _, _ in enums()])
def test_an_enum_has_the_members_and_values_that_its_stub_says(name, members, source):
    """stubtest compares the names alone."""
    enum = getattr(importlib.import_module(module_of(source)), name)
    assert issubclass(enum, IntEnum)
    assert {member.name: member.value for member in enum} == members


def parameters_of_source(text: str) -> list[tuple[str, bool]]:
    """(name, has a default) of each parameter of a Cython signature; the bare * is one of them."""
    words = [part.strip().removesuffix(" not None") for part in text.replace("\n", " ").split(",")]
    return [(word.split("=")[0].split()[-1], "=" in word) for word in words if word]


def parameters_of_stub(function: ast.FunctionDef) -> list[tuple[str, bool]]:
    """The same of a function in a stub."""
    arguments = function.args
    plain = [argument.arg for argument in arguments.args]
    required = len(plain) - len(arguments.defaults)
    found = [(name, place >= required) for place, name in enumerate(plain)]
    if arguments.kwonlyargs:
        found.append(("*", False))
    defaults = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    return found + [(argument.arg, default is not None) for argument, default in defaults]


def constructors() -> list[tuple[str, str, Path]]:
    """(class, its parameters in the source, source): __init__ where there is one, else __cinit__."""
    found = []
    for source in SOURCES:
        for text in re.split(r"^cdef class ", source.read_text(), flags=re.MULTILINE)[1:]:
            signatures = dict(CONSTRUCTOR.findall(text))
            if signatures:
                parameters = signatures.get("__init__", signatures.get("__cinit__", ""))
                found.append((re.match(r"\w+", text).group(), parameters, source))
    return found


@pytest.mark.parametrize(("name", "parameters", "source"), constructors(), ids=[name for name, _, _ in constructors()])
def test_the_constructor_of_a_class_takes_what_its_stub_says(name, parameters, source):
    tree = ast.parse(source.with_suffix(".pyi").read_text())
    stub = next(node for node in tree.body if isinstance(node, ast.ClassDef) and node.name == name)
    constructor = next(node for node in stub.body
                       if isinstance(node, ast.FunctionDef) and node.name in ("__init__", "__new__"))
    assert parameters_of_stub(constructor)[1:] == parameters_of_source(parameters)[1:]
