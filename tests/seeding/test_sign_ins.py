"""The demo's passwords: made for each folder, hard to guess, easy to type, in a file of its owner."""

import re
from pathlib import Path

from traceability.seeding.sign_ins import FILE, SignIns, new_password


def test_a_password_is_four_words_and_four_digits() -> None:
    made = {new_password() for _ in range(200)}
    assert len(made) == 200
    for password in made:
        assert re.fullmatch(r"([bcghkmnptv][aeiou]){2}(-([bcghkmnptv][aeiou]){2}){3}-[0-9]{4}", password)


def test_the_file_is_readable_by_its_owner_only_and_keeps_what_it_has(tmp_path: Path) -> None:
    sign_ins = SignIns(tmp_path)
    password = sign_ins.password("dn-f01")
    sign_ins.save()
    assert (tmp_path / FILE).stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == [FILE]
    again = SignIns(tmp_path)
    assert (again.known("dn-f01"), again.known("dn-f02")) == (password, None)
    assert again.password("dn-f01") == password
