import pytest

from selfservice.accounts.services.words import name_suffixes, normalized


@pytest.mark.parametrize(
    ("name", "plain"),
    [
        ("Zoë van den Bergh", "zoe van den bergh"),
        ("  Anne-Marie   O’Brien ", "anne marie o brien"),
        ("Straße Ægir Łukasz Øst", "strasse aegir lukasz ost"),
        ("Yara Özdemir", "yara ozdemir"),
        ("Bĳlsma", "bijlsma"),
        ("İpek", "ipek"),
        ("李 小龙", "李 小龙"),
        ("…", ""),
    ],
)
def test_names_lose_capitals_accents_and_punctuation(name: str, plain: str) -> None:
    assert normalized(name) == plain


def test_every_word_of_a_name_begins_a_suffix() -> None:
    assert name_suffixes("Zoë van den Bergh") == [
        "zoe van den bergh",
        "van den bergh",
        "den bergh",
        "bergh",
    ]


def test_a_very_long_name_gives_few_suffixes_that_fit_the_column() -> None:
    suffixes = name_suffixes("Wolfeschlegelsteinhausenbergerdorff " * 30)

    assert len(suffixes) == 20
    assert max(map(len, suffixes)) == 254
