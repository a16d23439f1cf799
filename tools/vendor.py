"""Fetches the front-end files and fonts we keep in the tree, and records where each came from.

    python -m tools.vendor           fetch all packages with npm, rewrite the files and the records
    python -m tools.vendor --check   only compare the files in the tree with the records; no network

Pages load nothing from other people's servers, so these files are committed. To take a newer version, change it in
`PACKAGES`, run this tool, read the difference of the records, and commit both. The records (VENDORED.md) name the
package, version, licence and SHA-256 of every file; a test runs the check.
"""

import argparse
import hashlib
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
STATIC = Path("traceability/static/vendor")
LABEL_FONTS = Path("traceability/labels/fonts")
BROWSER_TESTS = Path("tests/browser")


@dataclass(frozen=True)
class Package:
    """One npm package: where its files go, and which of them we take (path in the package -> name here)."""

    name: str
    version: str
    licence: str
    folder: Path
    files: dict[str, str]


WEB_FONT_WEIGHTS = (400, 600, 700)
WEB_FONT_FILES = {
    f"files/be-vietnam-pro-{subset}-{weight}-normal.woff2": f"be-vietnam-pro-{subset}-{weight}.woff2"
    for subset in ("latin", "vietnamese")
    for weight in WEB_FONT_WEIGHTS
}

PACKAGES = (
    Package(
        name="bootstrap",
        version="5.3.9",
        licence="MIT",
        folder=STATIC / "bootstrap",
        files={"dist/css/bootstrap.min.css": "bootstrap.min.css", "LICENSE": "LICENSE"},
    ),
    Package(
        name="leaflet",
        version="1.9.4",
        licence="BSD-2-Clause",
        folder=STATIC / "leaflet",
        files={
            "dist/leaflet.js": "leaflet.js",
            "dist/leaflet.css": "leaflet.css",
            "dist/images/layers.png": "images/layers.png",
            "dist/images/layers-2x.png": "images/layers-2x.png",
            "dist/images/marker-icon.png": "images/marker-icon.png",
            "dist/images/marker-icon-2x.png": "images/marker-icon-2x.png",
            "dist/images/marker-shadow.png": "images/marker-shadow.png",
            "LICENSE": "LICENSE",
        },
    ),
    Package(
        name="jsqr",
        version="1.4.0",
        licence="Apache-2.0",
        folder=STATIC / "jsqr",
        files={"dist/jsQR.js": "jsQR.js", "LICENSE": "LICENSE"},
    ),
    Package(
        name="@fontsource/be-vietnam-pro",
        version="5.3.0",
        licence="OFL-1.1",
        folder=STATIC / "be-vietnam-pro",
        files={**WEB_FONT_FILES, "LICENSE": "OFL.txt"},
    ),
    Package(
        name="@expo-google-fonts/be-vietnam-pro",
        version="0.4.1",
        licence="OFL-1.1",
        folder=LABEL_FONTS,
        files={
            "400Regular/BeVietnamPro_400Regular.ttf": "BeVietnamPro-Regular.ttf",
            "600SemiBold/BeVietnamPro_600SemiBold.ttf": "BeVietnamPro-SemiBold.ttf",
            "700Bold/BeVietnamPro_700Bold.ttf": "BeVietnamPro-Bold.ttf",
            "LICENSE_FONT": "OFL.txt",
        },
    ),
    Package(
        name="axe-core",
        version="4.14.1",
        licence="MPL-2.0",
        folder=BROWSER_TESTS,
        files={
            "axe.min.js": "axe.min.js",
            "LICENSE": "axe.LICENSE",
            "LICENSE-3RD-PARTY.txt": "axe.LICENSE-3RD-PARTY.txt",
        },
    ),
)

# Where each group of packages is recorded.
RECORDS = {
    STATIC / "VENDORED.md": "Front-end files made by others",
    LABEL_FONTS / "VENDORED.md": "Fonts of the printed stamps",
    BROWSER_TESTS / "VENDORED.md": "The accessibility checker of the browser tests (not part of the product)",
}

_ROW = re.compile(r"^\| `(?P<path>[^`]+)` \|.*\| `(?P<digest>[0-9a-f]{64})` \|$", re.MULTILINE)


def fetch() -> None:
    """Fetches every package with npm and rewrites the files and the records."""
    if shutil.which("npm") is None:
        sys.exit("npm is needed to fetch the packages: apt-get install npm")
    for package in PACKAGES:
        with tempfile.TemporaryDirectory() as folder:
            _unpack(package, Path(folder))
        print(f"{package.name} {package.version}: {len(package.files)} files")
    _write_font_sheet()
    for record, title in RECORDS.items():
        (ROOT / record).write_text(_record(record, title), encoding="utf-8")


def check() -> list[str]:
    """Names every file that differs from its record, is missing, or has no record."""
    faults = []
    for record in RECORDS:
        text = (ROOT / record).read_text(encoding="utf-8")
        recorded = {match["path"]: match["digest"] for match in _ROW.finditer(text)}
        for path, digest in recorded.items():
            file = ROOT / record.parent / path
            if not file.is_file():
                faults.append(f"{record.parent / path} is missing")
            elif _digest(file) != digest:
                faults.append(f"{record.parent / path} is not the recorded file")
        wanted = {
            (package.folder / name).relative_to(record.parent).as_posix()
            for package in _recorded_in(record)
            for name in package.files.values()
        }
        faults += [f"{record.parent / path} has no record" for path in sorted(wanted - recorded.keys())]
    return faults


def _unpack(package: Package, folder: Path) -> None:
    command = [
        "npm",
        "pack",
        "--silent",
        "--pack-destination",
        str(folder),
        f"{package.name}@{package.version}",
    ]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (archive,) = folder.glob("*.tgz")
    with tarfile.open(archive) as tar:
        for inside, name in package.files.items():
            member = tar.extractfile(f"package/{inside}")
            if member is None:
                raise FileNotFoundError(f"{package.name} {package.version} has no {inside}")
            target = ROOT / package.folder / name
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(member.read())


# Each subset alone lacks letters of Vietnamese: "latin" has à á â ê ô, "vietnamese" has ả ạ ế ư.
_UNICODE_RANGES = {
    "vietnamese": "U+0102-0103,U+0110-0111,U+0128-0129,U+0168-0169,U+01A0-01A1,U+01AF-01B0,U+0300-0301,"
    "U+0303-0304,U+0308-0309,U+0323,U+0329,U+1EA0-1EF9,U+20AB",
    "latin": "U+0000-00FF,U+0131,U+0152-0153,U+02BB-02BC,U+02C6,U+02DA,U+02DC,U+0304,U+0308,U+0329,"
    "U+2000-206F,U+20AC,U+2122,U+2191,U+2193,U+2212,U+2215,U+FEFF,U+FFFD",
}


def _write_font_sheet() -> None:
    faces = [
        "@font-face{"
        'font-family:"Be Vietnam Pro";font-style:normal;font-display:swap;'
        f"font-weight:{weight};"
        f'src:url(be-vietnam-pro-{subset}-{weight}.woff2) format("woff2");'
        f"unicode-range:{ranges}"
        "}\n"
        for weight in WEB_FONT_WEIGHTS
        for subset, ranges in _UNICODE_RANGES.items()
    ]
    (ROOT / STATIC / "be-vietnam-pro/be-vietnam-pro.css").write_text("".join(faces), encoding="utf-8")


def _record(record: Path, title: str) -> str:
    lines = [
        f"# {title}",
        "",
        "Written by `python -m tools.vendor`; do not edit by hand. Every file is "
        "byte for byte the one in its npm package.",
        "",
        "| file | package | version | licence | SHA-256 |",
        "| --- | --- | --- | --- | --- |",
    ]
    for package in _recorded_in(record):
        for name in sorted(package.files.values()):
            path = (package.folder / name).relative_to(record.parent).as_posix()
            digest = _digest(ROOT / package.folder / name)
            lines.append(
                f"| `{path}` | {package.name} | {package.version} | {package.licence} | `{digest}` |"
            )
    return "\n".join(lines) + "\n"


def _recorded_in(record: Path) -> list[Package]:
    return [package for package in PACKAGES if package.folder.is_relative_to(record.parent)]


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(
        description="Fetch or check the files of other projects kept in the tree."
    )
    parser.add_argument(
        "--check", action="store_true", help="compare the tree with the records, fetch nothing"
    )
    if parser.parse_args().check:
        faults = check()
        sys.exit("\n".join(faults) if faults else 0)
    fetch()


if __name__ == "__main__":
    main()
