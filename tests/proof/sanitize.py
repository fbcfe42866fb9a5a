"""`make sanitize`: the engine under the address and undefined-behaviour sanitizers, with bounds checks and assertions.

Runs the rules, the differential streams and the tests of matching/ and the log. Any finding ends the run with status 1.
"""

import subprocess
import sys

from proof.trees import FOLDERS, Tree

FLAGS = "-fsanitize=address,undefined -fno-sanitize-recover=undefined -fno-omit-frame-pointer -O1"
TESTS = ("tests/rules", "tests/differential", "tests/matching", "tests/journal", "tests/gateway")


def sanitizer_library() -> str:
    """The interpreter is not built with sanitizers: their library must be there before it starts."""
    asked = ["gcc", "-print-file-name=libasan.so"]
    found = subprocess.run(asked, text=True, capture_output=True, check=True).stdout.strip()
    if "/" not in found:
        raise SystemExit("the compiler has no address sanitizer: install gcc's libasan")
    return found


def main(tests: list[str]) -> int:
    tree = Tree.copy("sanitized", PRICETIME_FOLDERS=FOLDERS, PRICETIME_CHECKED="1", PRICETIME_CFLAGS=FLAGS)
    print("sanitize: compiling", flush=True)
    tree.build()
    # detect_leaks=0: the interpreter keeps memory until the end; verify_asan_link_order=0: it comes by LD_PRELOAD.
    done = tree.test(*(tests or TESTS), "-p", "no:faulthandler", LD_PRELOAD=sanitizer_library(),
                     ASAN_OPTIONS="detect_leaks=0:verify_asan_link_order=0:abort_on_error=0",
                     UBSAN_OPTIONS="print_stacktrace=1:halt_on_error=1")
    print(done.stdout[-6000:])
    print("sanitize:", "clean" if done.returncode == 0 else "see above", flush=True)
    return 1 if done.returncode else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
