"""What the directory and the sign-in know about a person, and how it is erased."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import batched
from typing import Any

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.contrib.auth import SESSION_KEY
from django.contrib.sessions.models import Session
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils.translation import gettext_lazy as _

from selfservice.accounts.history import lines_of
from selfservice.accounts.history_export import raw
from selfservice.accounts.models import PersonWord, Role, User
from selfservice.accounts.services.people import unusable_password
from selfservice.activity.models import Activity
from selfservice.core import clock, personal
from selfservice.core.csv_export import CHUNK, in_chunks

# A column of our own and what it is called.
_DIRECTORY: list[tuple[str, Any]] = [
    ("display_name", _("Name")),
    ("first_name", _("First name")),
    ("last_name", _("Last name")),
    ("upn", _("User principal name")),
    ("email", _("Email")),
    ("object_id", _("Object ID")),
    ("department", _("Department")),
    ("title", _("Title")),
    ("usage_location", _("Usage location")),
    ("language", _("Language")),
    ("role", _("Role")),
    ("is_guest", _("Guest")),
    ("is_active", _("Can sign in")),
    ("removed_at", _("Removed on")),
    ("created_at", _("Added on")),
    ("last_login", _("Last sign-in")),
]
_LOG: list[tuple[str, Any]] = [
    ("happened_at", _("When")),
    ("who", _("Who")),
    ("what", _("What")),
    ("changes", _("Before and after")),
    ("subject_kind", _("Kind")),
    ("subject", _("About")),
    ("from", _("IP address")),
    ("id", _("Entry")),
]


def register_all() -> None:
    # Who it is comes before what there is about them.
    personal.personal_data.register(parts, first=True)
    personal.person_erased.register(erase)


def parts(asked: personal.Asked) -> list[personal.Part]:
    here = User.objects.filter(
        organization_id=asked.organization_id, pk=asked.person_id
    )
    return [
        personal.Part(
            "person",
            _("Who you are"),
            _("As your organization's directory says it, and when you signed in."),
            _DIRECTORY,
            here.values_list(*(name for name, _label in _DIRECTORY)),
            words={"role": dict(Role.choices)},
        ),
        personal.Part(
            "sign_in",
            _("How you sign in"),
            _(
                "Your apps and keys for signing in, and the browsers that you are"
                " signed in with; never a password or a code."
            ),
            [
                ("kind", _("Kind")),
                ("name", _("Name")),
                ("made", _("Added on")),
                ("used", _("Last used")),
            ],
            _ways_in(asked),
        ),
        personal.Part(
            "activity",
            _("What you did, and what was done to your account"),
            _(
                "The log of changes can't be edited; an erasure takes names and IP"
                " addresses out of it."
            ),
            _LOG,
            _log(asked),
        ),
    ]


def _ways_in(asked: personal.Asked) -> Iterator[tuple[object, ...]]:
    theirs = Authenticator.objects.filter(user_id=asked.person_id)
    yield from (
        (row.get_type_display(), "", row.created_at, row.last_used_at) for row in theirs
    )
    accounts = SocialAccount.objects.filter(user_id=asked.person_id)
    yield from accounts.values_list("provider", "uid", "date_joined", "last_login")
    for seen in UserSession.objects.filter(user_id=asked.person_id):
        name = f"{seen.ip}, {seen.user_agent}"
        yield _("Signed in"), name, seen.created_at, seen.last_seen_at


def _log(asked: personal.Asked) -> Iterator[list[object]]:
    reader = User.objects.select_related("organization").get(
        organization_id=asked.organization_id, pk=asked.person_id
    )
    done = Q(actor_id=asked.person_id) | Q(subject_id=asked.person_id)
    found = Activity.objects.filter(done, organization_id=asked.organization_id)
    for entries in batched(in_chunks(found), CHUNK):
        for line in lines_of(list(entries), reader, origins=True):
            said = raw(line)
            yield [said[name] for name, _label in _LOG]


def erase(erased: personal.Erased) -> int:
    """The row stays, because purchases and licenses hang on it; it names nobody.

    Whoever is signed in as this person is out at once.
    """
    count = User.objects.filter(
        organization_id=erased.organization_id, pk=erased.person_id
    ).update(
        display_name=erased.code,
        upn=erased.nowhere,
        email=erased.nowhere,
        password=unusable_password(),
        role=Role.MEMBER,
        is_active=False,
        removed_at=Coalesce("removed_at", clock.now()),
        last_login=None,
        **dict.fromkeys(
            (
                "first_name",
                "last_name",
                "object_id",
                "department",
                "title",
                "usage_location",
                "language",
            ),
            "",
        ),
    )
    words = PersonWord.objects.filter(
        organization_id=erased.organization_id, user_id=erased.person_id
    )
    count += words.delete()[0]
    for model in (EmailAddress, Authenticator, SocialAccount, UserSession):
        count += model._default_manager.filter(user_id=erased.person_id).delete()[0]
    return count + _end_sessions(erased)


def _end_sessions(erased: personal.Erased) -> int:
    """A session says only in its own words whose it is: all of them are read."""
    keys = [
        session.session_key
        for session in Session.objects.iterator(chunk_size=CHUNK)
        if session.get_decoded().get(SESSION_KEY) == str(erased.person_id)
    ]
    return Session.objects.filter(session_key__in=keys).delete()[0]
