import codecs
import datetime as dt
import io

import pytest

from selfservice.accounts.services.directory_file import DirectoryFile, read_directory
from tests.factories.directory import directory_csv, directory_file, row

ZOE = row("zoe@noordzee.example", "Zoë van den Bergh", Department="Advies")


def read(content: bytes) -> DirectoryFile:
    return read_directory(io.BytesIO(content))


def problems(file: DirectoryFile) -> list[str]:
    return [str(problem) for problem in file.problems]


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize(
    "encode",
    [
        str.encode,
        lambda text: text.encode("utf-8-sig"),
        lambda text: text.encode("utf-16"),
        lambda text: codecs.BOM_UTF16_BE + text.encode("utf-16-be"),
        lambda text: text.encode("utf-16-le"),
    ],
)
def test_every_usual_encoding_and_delimiter_is_read(encode, delimiter: str) -> None:
    file = read(encode(directory_csv(ZOE, delimiter=delimiter)))

    assert not file.problems
    assert file.entries[0].display_name == "Zoë van den Bergh"
    assert file.entries[0].department == "Advies"


def test_columns_stand_in_any_order_and_unknown_ones_are_ignored() -> None:
    file = read(b"Fax,display NAME,Shoe size,User principal name\n1,A,44,a@x.example\n")

    assert file.fields == {"upn", "display_name"}
    assert file.entries[0].upn == "a@x.example"


def test_the_primary_address_is_the_one_in_capitals() -> None:
    proxies = "smtp:b@x.example+SIP:c@x.example+SMTP:A+work@X.example+X500:/o=x"

    file = directory_file(row("u@x.example", Proxy_addresses=proxies))

    assert file.entries[0].email == "a+work@x.example"


def test_without_a_primary_address_the_sign_in_name_is_the_address() -> None:
    file = directory_file(row("U@x.example", Proxy_addresses="smtp:b@x.example"))

    assert file.entries[0].email == "u@x.example"


def test_guests_are_the_ext_addresses() -> None:
    file = directory_file(row("jan_x.example#EXT#@noordzee.example"))

    assert file.entries[0].is_guest


@pytest.mark.parametrize(("cell", "code"), [("nl", "NL"), ("België", "BE"), ("", "")])
def test_usage_location_is_a_code_or_a_name(cell: str, code: str) -> None:
    file = directory_file(row("a@x.example", Usage_location=cell))

    assert file.entries[0].usage_location == code


@pytest.mark.parametrize(
    "stamp", ["2026-03-04 10:11:12Z", "2026-03-04T10:11:12", "3/4/2026 10:11:12 AM"]
)
def test_removal_is_read_in_iso_and_american_style(stamp: str) -> None:
    file = directory_file(row("a@x.example", Soft_deletion_time_stamp=stamp))

    removed = dt.datetime(2026, 3, 4, 10, 11, 12, tzinfo=dt.UTC)
    assert file.entries[0].removed_at == removed


def test_all_bad_cells_are_reported_at_once_with_line_and_column() -> None:
    file = directory_file(
        row("a@x.example", "two\nlines", Usage_location="Atlantis"),
        row("no address", "N", Block_credential="perhaps"),
        row("A@x.example"),
        row("b@x.example", Soft_deletion_time_stamp="yesterday"),
        row("c@x.example", "x" * 257),
    )

    assert problems(file) == [
        "line 2, Usage location: “Atlantis” is no country;"
        " write its two letters, like NL.",
        "line 4, Block credential: “perhaps” is neither True nor False.",
        "line 4, User principal name: “no address” is no address.",
        "line 6, Soft deletion time stamp: “yesterday” is no date and time.",
        "line 7, Display name: This is longer than 256 characters.",
    ]


def test_doubles_are_told_where_the_first_one_is() -> None:
    file = directory_file(
        row("a@x.example", Object_Id="1", Proxy_addresses="SMTP:m@x.example"),
        row("A@X.example", Object_Id="2"),
        row("b@x.example", Object_Id="1"),
        row("c@x.example", Proxy_addresses="SMTP:M@x.example"),
    )

    assert problems(file) == [
        "line 3, User principal name: “A@X.example” is already on line 2.",
        "line 4, Object Id: “1” is already on line 2.",
        "line 5, Proxy addresses: “m@x.example” is already on line 2.",
    ]


def test_missing_and_doubled_columns_are_reported() -> None:
    file = read(b"Display name,Title,title\nA,B,C\n")

    assert problems(file) == [
        "line 1, Title: The file has this column twice.",
        "line 1, User principal name: The file has no such column.",
    ]


def test_a_row_of_another_length_is_reported() -> None:
    file = read(b"User principal name,Display name\na@x.example\n\n,\n")

    assert problems(file) == ["line 2: 1 cells under a header of 2."]


def test_an_open_quote_is_reported_where_its_row_begins() -> None:
    file = read(b'User principal name,Display name\na@x.example,A\nb@x.example,"B\n')

    assert file.problems[0].line == 3


def test_bytes_that_are_no_text_are_reported_with_their_line() -> None:
    head = b"User principal name,Display name\n"

    file = read(head + b"a@x.example,A\n" * 2000 + b"z@x.example,Zo\xeb\n")

    assert "line 2002: This is neither UTF-8 nor UTF-16." in problems(file)


def test_an_empty_file_lacks_its_columns() -> None:
    assert len(read(b"").problems) == 2
