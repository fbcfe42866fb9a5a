"""The packages: is the pricetime that runs the one that is installed, is libzmq whole, what else is there."""

import ctypes
import sys
from importlib.metadata import PackageNotFoundError, requires, version
from importlib.util import find_spec
from pathlib import Path

from pricetime.gateway.doctor.findings import HURTS, NOTE, OK, Finding, Place

OURS = ("pricetime", "numpy", "zmq", "msgspec", "sortedcontainers")
SYMBOLS = ("zmq_msg_init", "zmq_msg_init_size", "zmq_msg_recv", "zmq_msg_send", "zmq_msg_close", "zmq_msg_data",
           "zmq_msg_size", "zmq_msg_more", "zmq_msg_gets", "zmq_setsockopt", "zmq_poll", "zmq_errno")     # zmq_api.pyx
REINSTALL = "pip install --force-reinstall pyzmq, from PyPI"
EXTRAS = {"zstandard": ("pack", "packed segments"), "rich": ("cli", "tables in colour")}


def shadowed(place: Place) -> Finding:
    """A file or folder of the working directory that an import takes for a package."""
    here = Path.cwd()
    found = [name for name in OURS if (here / name).is_dir() or (here / f"{name}.py").is_file()]
    first = sys.path[0] if sys.path else ""
    inside = first in ("", str(here))
    if not found:
        return Finding("shadowed packages", OK, f"nothing in {here}")
    told = f"{', '.join(found)} in {here}"
    if inside:
        return Finding("shadowed packages", HURTS, told, "python finds these first, not the packages",
                       "run from another folder, or with python -P")
    return Finding("shadowed packages", NOTE, told, "python -m and python -c find these first; pricetime does not",
                   "python -P -m pricetime, or another folder")


def libzmq(place: Place) -> Finding:
    """pyzmq's library: its version, CURVE, and the functions that the venue calls by name."""
    import zmq
    from zmq.backend.cython import _zmq

    found = f"{zmq.zmq_version()} of pyzmq {zmq.__version__}, CURVE {'yes' if zmq.has('curve') else 'no'}"
    missing = _missing(_zmq.__file__)
    if missing:
        return Finding("libzmq", HURTS, f"{found}, without {', '.join(missing)}", "a venue does not start",
                       REINSTALL)
    if not zmq.has("curve"):
        return Finding("libzmq", NOTE, found, "no encrypted connections", REINSTALL)
    return Finding("libzmq", OK, found)


def _missing(library: str) -> list[str]:
    try:
        loaded = ctypes.CDLL(library)
    except OSError:
        return list(SYMBOLS)
    return [name for name in SYMBOLS if not hasattr(loaded, name)]


def extras(place: Place) -> Finding:
    """What `pip install 'pricetime[…]'` would bring and is not there."""
    missing = {module: extra for module, extra in EXTRAS.items() if find_spec(module) is None}
    if not missing:
        return Finding("extras", OK, f"{', '.join(EXTRAS)} are there")
    names = ",".join(extra for extra, _ in missing.values())
    return Finding("extras", NOTE, f"not there: {', '.join(missing)}", "no " + ", no ".join(
        what for _, what in missing.values()), f"pip install 'pricetime[{names}]'")


def versions(place: Place) -> Finding:
    """Does what is installed fit together?"""
    try:
        ours = version("pricetime")
        wanted = [text for text in requires("pricetime") or () if "extra ==" not in text]
    except PackageNotFoundError:
        return Finding("packages", NOTE, "pricetime is not installed, only found", "", "pip install pricetime")
    found = [f"pricetime {ours}, Python {sys.version.split()[0]}"]
    for text in wanted:
        name = text.split(">")[0].split("=")[0].split("<")[0].strip()
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            return Finding("packages", HURTS, f"{name} is not installed", "a venue does not start",
                           f"pip install '{text}'")
    return Finding("packages", OK, ", ".join(found))


CHECKS = (shadowed, versions, extras, libzmq)
