"""Build the compiled modules: every .pyx of the four folders becomes pricetime.<folder>.<name>.

The folders stand at the top of the repository and are imported as pricetime.<folder> (see docs/architecture.md).
Cython finds their .pxd files through a small tree of links, build/cython/pricetime/<folder>.

Switches (environment): PRICETIME_CHECKED=1 builds with bounds checks and assertions;
PRICETIME_ANNOTATE=1 writes Cython's annotated HTML into build/c; PRICETIME_CFLAGS adds compiler flags;
PRICETIME_LINES=1 puts the source's line numbers into the generated C, for gcov;
PRICETIME_FOLDERS="matching" compiles these folders only.
"""

import os
import platform
import sys
from pathlib import Path

from setuptools import Extension, setup

ROOT = Path(__file__).parent
FOLDERS = ("matching", "journal", "gateway", "bench")
PACKAGES = {
    "pricetime": "pricetime",
    "pricetime.matching": "matching",
    "pricetime.matching.reference": "matching/reference",
    "pricetime.journal": "journal",
    "pricetime.gateway": "gateway",
    "pricetime.gateway.cli": "gateway/cli",
    "pricetime.gateway.demo": "gateway/demo",
    "pricetime.gateway.desk": "gateway/desk",
    "pricetime.gateway.doctor": "gateway/doctor",
    "pricetime.gateway.drop_copy": "gateway/drop_copy",
    "pricetime.bench": "bench",
    "pricetime.bench.peers": "bench/peers",
}
CHECKED = os.environ.get("PRICETIME_CHECKED") == "1"
DIRECTIVES = {
    "language_level": 3,
    "boundscheck": CHECKED,
    "wraparound": False,
    "initializedcheck": CHECKED,
    "overflowcheck": False,
    "cdivision": True,
    "embedsignature": True,
    "binding": True,
}


def compiler_flags() -> list[str]:
    """-O3 and the CRC32C instruction that every x86-64 since 2009 and every arm64 since ARMv8.1 has. No vectors of two
    neighbouring numbers: to bring them together costs more than it saves (move 38.5 to 37.9 ns). A pointer need not be
    loaded again after a number was stored (39.3 to 37.6 ns): what reads fields as words says so (matching/words.h)."""
    flags = ["-O3", "-fno-tree-slp-vectorize", "-fstrict-aliasing", "-g1", "-std=gnu11"]
    flags += ["-Wno-unused-function", "-Wno-unreachable-code"]
    machine = platform.machine().lower()
    if machine in ("x86_64", "amd64"):
        flags += ["-msse4.2", "-mpopcnt"]
    elif machine in ("aarch64", "arm64") and sys.platform != "darwin":
        flags += ["-march=armv8-a+crc"]
    if not CHECKED:
        flags += ["-DNDEBUG", "-DCYTHON_WITHOUT_ASSERTIONS"]
    return flags + os.environ.get("PRICETIME_CFLAGS", "").split()


def link_tree() -> Path:
    """build/cython/pricetime/<folder> -> <folder>, so that `cimport pricetime.<folder>.<name>` finds its .pxd."""
    tree = ROOT / "build" / "cython"
    package = tree / "pricetime"
    package.mkdir(parents=True, exist_ok=True)
    front_door = [(name, ROOT / "pricetime" / name) for name in ("__init__.py", "__main__.py")]
    for name, target in [*front_door, *((f, ROOT / f) for f in FOLDERS)]:
        link = package / name
        if link.is_symlink() and link.resolve() == target.resolve():
            continue
        link.unlink(missing_ok=True)
        link.symlink_to(target)
    return tree


def extensions() -> list[Extension]:
    from Cython.Build import cythonize

    flags = compiler_flags()
    link_flags = os.environ.get("PRICETIME_CFLAGS", "").split()
    modules = [
        Extension(
            f"pricetime.{folder}.{source.stem}",
            [f"{folder}/{source.name}"],
            depends=["setup.py", *(str(p.relative_to(ROOT)) for p in sorted(ROOT.glob("*/*.h")))],
            include_dirs=list(FOLDERS),
            extra_compile_args=flags,
            extra_link_args=link_flags,
        )
        for folder in os.environ.get("PRICETIME_FOLDERS", " ".join(FOLDERS)).split()
        for source in sorted((ROOT / folder).glob("*.pyx"))
    ]
    return cythonize(
        modules,
        include_path=[str(link_tree())],
        compiler_directives=DIRECTIVES,
        annotate=os.environ.get("PRICETIME_ANNOTATE") == "1",
        emit_linenums=os.environ.get("PRICETIME_LINES") == "1",
        build_dir="build/c",
        nthreads=0 if sys.platform == "darwin" else min(4, os.cpu_count() or 1),
    )


setup(
    packages=list(PACKAGES),
    package_dir=PACKAGES,
    package_data={name: ["*.pxd", "*.pyi", "*.h", "py.typed", "*.md"] for name in PACKAGES},
    exclude_package_data={name: ["*.c", "*.pyx"] for name in PACKAGES},
    ext_modules=extensions(),
    options={"build_ext": {"parallel": os.cpu_count() or 1}},
    zip_safe=False,
)
