"""examples/strategy.py runs as it stands there, trades in every round, and leaves nothing behind."""

import os
import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def test_the_strategy_trades_and_earns_its_spread(tmp_path):
    done = subprocess.run(
        [sys.executable, "-P", str(ROOT / "examples" / "strategy.py")],
        cwd=ROOT, env=os.environ | {"TMPDIR": str(tmp_path)}, capture_output=True, text=True, timeout=60, check=False,
    )
    assert done.returncode == 0, done.stderr
    said = re.fullmatch(r"200 rounds, 200 trades, position (-?\d+), worth (-?[\d.]+) at 100\n", done.stdout)
    assert said, done.stdout
    assert abs(int(said[1])) < 200 * 10
    assert float(said[2]) > 0
    assert list(tmp_path.iterdir()) == []
