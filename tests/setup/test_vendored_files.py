"""Files of other projects in the tree are the ones their records name."""

from tools import vendor


def test_vendored_files_are_the_recorded_ones() -> None:
    assert vendor.check() == []
