import pytest

from selfservice.core.browsers import named

WEBKIT = "AppleWebKit/537.36 (KHTML, like Gecko) "


@pytest.mark.parametrize(
    ("says", "name"),
    [
        (f"(Windows NT 10.0) {WEBKIT}Chrome/150 Safari/537", "Chrome on Windows"),
        (f"(Windows NT 10.0) {WEBKIT}Chrome/150 Safari/537 Edg/150", "Edge on Windows"),
        (f"(Macintosh; Mac OS X 10_15) {WEBKIT}Safari/605", "Safari on macOS"),
        ("(iPhone; CPU iPhone OS 19_0 like Mac OS X) Safari/604", "Safari on iPhone"),
        (f"(Linux; Android 16) {WEBKIT}Chrome/150 Mobile", "Chrome on Android"),
        ("(X11; Linux x86_64; rv:140.0) Firefox/140.0", "Firefox on Linux"),
        ("", "Another program"),
    ],
)
def test_a_browser_is_told_by_the_name_that_its_reader_knows(
    says: str, name: str
) -> None:
    assert named(f"Mozilla/5.0 {says}") == name
