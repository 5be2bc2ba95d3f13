import re
from io import StringIO
from pathlib import Path

import pytest
from django.core.mail import EmailMultiAlternatives
from django.core.management import CommandError, call_command
from django.test import Client

from selfservice.accounts.models import Organization, Role, User
from selfservice.activity.models import Activity
from selfservice.core import clock
from tests.factories.accounts import make_user
from tests.factories.directory import directory_csv, row

pytestmark = pytest.mark.django_db


def run(*arguments: str) -> str:
    output = StringIO()
    call_command(*arguments, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def directory(tmp_path: Path) -> Path:
    path = tmp_path / "people.csv"
    path.write_text(directory_csv(row("zoe@noordzee.example", "Zoë Bos")))
    return path


def test_import_directory_says_what_it_did(directory: Path) -> None:
    said = run("import_directory", str(directory), "--organization", "Noordzee")

    assert said.splitlines()[:2] == ["Noordzee (new organization)", "       1 new"]
    assert User.objects.get().organization.country == "NL"


def test_a_dry_run_lists_the_changes(directory: Path) -> None:
    said = run("import_directory", str(directory), "--organization", "N", "--dry-run")

    assert "zoe@noordzee.example: new" in said
    assert "nothing was written" in said
    assert not Organization.objects.exists()


def test_import_directory_lists_every_problem(directory: Path) -> None:
    directory.write_text(directory_csv(row("a", "A"), row("b", "B")))

    with pytest.raises(CommandError, match=r"(?s)line 2, .*line 3, "):
        run("import_directory", str(directory), "--organization", "Noordzee")


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing.csv", "--organization", "N"),
        ("{file}", "--organization", " "),
        ("{file}", "--organization", "N", "--country", "Atlantis"),
        ("{file}", "--organization", "N", "--time-zone", "Mars/Base"),
    ],
)
def test_import_directory_refuses_wrong_options(
    directory: Path, arguments: tuple[str, ...]
) -> None:
    with pytest.raises(CommandError):
        run("import_directory", *(a.format(file=directory) for a in arguments))


def test_grant_role_gives_a_role_and_records_it(bram: User) -> None:
    assert "is now" in run("grant_role", "BRAM@noordzee.example", "billing_admin")
    assert "already was" in run("grant_role", "bram@noordzee.example", "billing_admin")

    bram.refresh_from_db()
    assert bram.role == Role.BILLING_ADMIN
    entry = Activity.objects.get(verb="role_granted")
    assert (entry.before, entry.after) == (
        {"role": "member"},
        {"role": "billing_admin"},
    )


def test_grant_role_refuses_unknown_people_and_roles(bram: User) -> None:
    with pytest.raises(CommandError, match="Nobody"):
        run("grant_role", "nobody@noordzee.example", "member")
    with pytest.raises(CommandError, match="invalid choice"):
        run("grant_role", bram.upn, "emperor")


def test_a_name_of_two_organizations_needs_the_organization(
    bram: User, tulp: Organization
) -> None:
    make_user(tulp, "Bram", upn=bram.upn, email="other@tulp.example")

    with pytest.raises(CommandError, match="--organization"):
        run("grant_role", bram.upn, "member")
    assert "Tulp" in run(
        "grant_role", bram.upn, "member", "--organization", "tulp bouw"
    )


def test_an_invitation_leads_to_a_password(
    noordzee: Organization,
    client: Client,
    mailoutbox: list[EmailMultiAlternatives],
) -> None:
    zoe = make_user(noordzee, "Zoë <van> den Bergh", email="zoe@noordzee.example")

    run("invite", zoe.upn)

    (mail,) = mailoutbox
    assert mail.to == ["zoe@noordzee.example"]
    assert "Zoë <van> den Bergh" in mail.body
    assert "Zoë &lt;van&gt; den Bergh" in str(mail.alternatives[0].content)
    (link,) = re.findall(r"http://\S+/password/reset/key/\S+", str(mail.body))
    form = client.get(link.split("8000", 1)[-1])
    client.post(
        form["Location"], {"password1": "Zee-9-golf", "password2": "Zee-9-golf"}
    )
    zoe.refresh_from_db()
    assert zoe.check_password("Zee-9-golf")


def test_an_invitation_works_once(bram: User, client: Client) -> None:
    from selfservice.accounts.services.invitations import password_link

    path = password_link(bram).split("8000", 1)[-1]
    bram.set_password("changed meanwhile")
    bram.save()

    assert client.get(path).status_code == 200


def test_an_invitation_speaks_the_language_that_was_chosen(
    noordzee: Organization, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    zoe = make_user(noordzee, "Zoë", language="nl")

    run("invite", zoe.upn)

    assert '<html lang="nl">' in str(mailoutbox[0].alternatives[0].content)


def test_an_organization_is_invited_where_a_password_is_missing(
    anna: User, mailoutbox: list[EmailMultiAlternatives]
) -> None:
    make_user(anna.organization, "New")
    make_user(anna.organization, "Blocked", is_active=False)

    assert "sent: 1" in run("invite", "--organization", "noordzee advies")
    assert "sent: 2" in run("invite", "--organization", "noordzee advies", "--all")
    assert len(mailoutbox) == 3


def test_nobody_is_invited_who_cannot_sign_in(noordzee: Organization) -> None:
    blocked = make_user(noordzee, "Blocked", is_active=False)

    with pytest.raises(CommandError, match="can't sign in"):
        run("invite", blocked.upn)


@pytest.mark.parametrize("arguments", [(), ("--organization", "Nowhere")])
def test_an_invitation_needs_somebody(arguments: tuple[str, ...]) -> None:
    with pytest.raises(CommandError):
        run("invite", *arguments)


def test_a_mail_server_that_is_away_stops_nobody_else(
    noordzee: Organization, settings
) -> None:
    make_user(noordzee, "One")
    make_user(noordzee, "Two")
    settings.MAILERS = {
        "default": {
            "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
            "OPTIONS": {"host": "127.0.0.1", "port": 9},
        }
    }

    with pytest.raises(CommandError, match="Not sent: 2"):
        run("invite", "--organization", "Noordzee Advies")


def test_disabling_twice_and_enabling_whoever_was_removed_say_so(bram: User) -> None:
    assert "sign in any more" in run("disable_person", bram.upn)
    assert "couldn't sign in anyway" in run("disable_person", bram.upn)
    User.objects.filter(pk=bram.pk).update(removed_at=clock.now())

    with pytest.raises(CommandError, match="was removed from the directory"):
        run("disable_person", bram.upn, "--enable")
    with pytest.raises(CommandError, match="Nobody has"):
        run("disable_person", "nobody@noordzee.example")
