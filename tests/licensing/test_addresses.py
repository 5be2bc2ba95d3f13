"""Addresses out of what people paste and upload."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from hypothesis import given
from hypothesis import strategies as st

from licensing import addresses
from licensing.addresses import Addresses, Unreadable, read_file, read_text

TWO = ["zoe@noordzee.example", "daan@noordzee.example"]


def file(content: bytes, name: str = "people.csv") -> SimpleUploadedFile:
    return SimpleUploadedFile(name, content)


@pytest.mark.parametrize(
    "text",
    [
        "zoe@noordzee.example,daan@noordzee.example",
        "zoe@noordzee.example; daan@noordzee.example;",
        "\r\nzoe@noordzee.example\r\n\r\ndaan@noordzee.example",
        "Zoë van den Bergh <Zoe@Noordzee.example>, Daan <daan@noordzee.example>",
        '"Bergh, Zoë van den" <zoe@noordzee.example>\n<daan@noordzee.example>',
        "zoe@noordzee.example\tdaan@noordzee.example",
        "zoe@noordzee.example daan@noordzee.example.",
        "mailto:zoe@noordzee.example (daan@noordzee.example)",
    ],
)
def test_addresses_are_read_however_they_are_pasted(text: str) -> None:
    assert read_text(text) == Addresses(TWO, 0, [])


def test_what_is_no_address_and_what_stands_twice_is_told_apart() -> None:
    read = read_text("zoe@a.example, Daan Kuipers\nZOE@a.example;zoe@a.example;12")

    assert read == Addresses(["zoe@a.example"], 2, ["Daan Kuipers", "12"])


@given(st.text(max_size=300))
def test_any_text_can_be_read(text: str) -> None:
    read = read_text(text)

    assert len(set(read.found)) == len(read.found)
    assert all("@" in address for address in read.found)


SHEET = (
    "Display name;Department;User principal name\n"
    "Zoë van den Bergh;Advies;zoe@noordzee.example\n"
    "\n"
    "Daan Kuipers;Advies;daan@noordzee.example\n"
)


@pytest.mark.parametrize(
    "content",
    [
        SHEET.encode(),
        b"\xef\xbb\xbf" + SHEET.encode(),
        SHEET.encode("utf-16"),
        SHEET.encode("utf-16-be"),
        SHEET.encode("cp1252"),
        SHEET.replace(";", ",").encode(),
        SHEET.replace(";", "\t").encode(),
        ("sep=;\r\n" + SHEET).encode(),
        b"zoe@noordzee.example\ndaan@noordzee.example\n",
        b"Adres\nzoe@noordzee.example\ndaan@noordzee.example",
        b"Who\nzoe@noordzee.example\ndaan@noordzee.example",
    ],
)
def test_files_are_read_as_spreadsheets_write_them(content: bytes) -> None:
    assert read_file(file(content)) == Addresses(TWO, 0, [])


def test_the_column_is_known_by_its_name() -> None:
    content = b"Manager,E-mail\nboss@x.example,zoe@x.example\nboss@x.example,ask HR\n"

    assert read_file(file(content)) == Addresses(["zoe@x.example"], 0, ["ask HR"])


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (b"", "no column with email addresses"),
        (b"Name\nZoe\nDaan\n", "no column with email addresses"),
        (b"PK\x03\x04\x14\x00", "a workbook, not a CSV file"),
        (b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", "no text"),
        (b"a,b\n" + b"x" * 200_000, "can't be read as CSV"),
    ],
)
def test_another_file_is_refused_with_what_to_do(content: bytes, sentence: str) -> None:
    with pytest.raises(Unreadable, match=sentence):
        read_file(file(content))


def test_a_file_of_more_than_ten_megabytes_is_refused() -> None:
    with pytest.raises(Unreadable, match=r"is 11\.0 MB, and 10 MB is the most"):
        read_file(file(b"a" * (11 * addresses.MEGABYTE)))


def test_more_people_than_can_be_done_are_refused(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(addresses, "MOST_ADDRESSES", 2)

    with pytest.raises(Unreadable, match=r"names 3 people\. At most 2 can"):
        read_text("a@x.example b@x.example c@x.example")
