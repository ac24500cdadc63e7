"""`python -m tests.supply sbom|notice|secrets`."""

import argparse
import sys
from pathlib import Path

from tests.supply.bom import bill
from tests.supply.lock import ROOT
from tests.supply.notice import notice
from tests.supply.secret_scan import scan


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.supply")
    parser.add_argument("what", choices=("sbom", "notice", "secrets"))
    parser.add_argument("--out", type=Path, help="the file to write")
    options = parser.parse_args()
    if options.what == "secrets":
        found = scan()
        for line in found:
            print(line)
        return 1 if found else 0
    text, name = (bill(), "sbom.cdx.json") if options.what == "sbom" else (notice(), "NOTICE")
    path = options.out or ROOT / name
    path.write_text(text)
    print(f"wrote {path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
