"""Fuzzes one target under the guidance of coverage, for so many seconds; ends with 0 where every promise held.

    python -m tests.fuzz.guided codes 60 FOLDER

What broke a promise is written to FOLDER (crash-...). Needs atheris (`make soak` installs it).
"""

import sys
from pathlib import Path

import atheris

with atheris.instrument_imports(include=["traceability.domain"]):
    from tests.fuzz.targets import SEEDS, TARGETS


def main(name: str, seconds: str, folder: str) -> None:
    """Never returns: libFuzzer ends the process."""
    corpus = Path(folder) / name
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = [f"-max_total_time={seconds}", "-max_len=300", "-timeout=5", f"-artifact_prefix={folder}/"]
    atheris.Setup([sys.argv[0], *options, str(corpus)], TARGETS[name])
    atheris.Fuzz()


if __name__ == "__main__":
    main(*sys.argv[1:4])
