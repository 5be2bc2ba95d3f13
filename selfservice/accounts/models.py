"""Who buys and who signs in: organizations and the people in their directories."""

from __future__ import annotations

import uuid
from collections.abc import Iterable
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models.functions import Lower, Now
from django.db.models.lookups import Exact
from django.utils.translation import gettext_lazy as _

from selfservice.core.ids import uuid7


class Organization(models.Model):
    """The tenant: a company whose people buy. Written by the directory import."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = models.CharField(max_length=200)
    slug = models.SlugField(max_length=100)
    # ISO 3166: proposed as the sold-to country; IANA: how dates are shown.
    country = models.CharField(max_length=2, default="NL")
    time_zone = models.CharField(max_length=50, default="Europe/Amsterdam")
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["slug"], name="organization_slug_unique")
        ]

    def __str__(self) -> str:
        return self.name


class TenantForeignKey[Given, Got](models.ForeignKey[Given, Got]):
    """A row of the same organization: every join, and every look, is kept to it.

    To the database it is the foreign key that it was, with the one of both columns
    beside it (`core.schema`); so no join leaves the organization's machine when the
    tables are spread over several.
    """

    def get_extra_restriction(
        self, alias: str | None, related_alias: str | None
    ) -> Any:
        if alias is None or related_alias is None:
            return None
        there: Any = self.related_model._meta.get_field("organization")
        here: Any = self.model._meta.get_field("organization")
        return Exact(there.get_col(alias), here.get_col(related_alias))

    def get_extra_descriptor_filter(self, instance: Any) -> dict[str, Any]:
        return {"organization_id": instance.organization_id}

    def deconstruct(self) -> tuple[str, str, Any, Any]:
        # Migrations know it as what it is in the database.
        name, _path, args, kwargs = super().deconstruct()
        return name, "django.db.models.ForeignKey", args, kwargs


class TenantModel(models.Model):
    """A row of one organization, to which it belongs for ever.

    `save()` of a stored row never writes `organization_id`, so that the schema can
    be spread over machines by it.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False
    )

    class Meta:
        abstract = True

    def save(self, *args: Any, **kwargs: Any) -> None:
        if not self._state.adding and kwargs.get("update_fields") is None:
            kwargs["update_fields"] = changeable_fields(type(self))
        super().save(*args, **kwargs)

    def refresh_from_db(
        self,
        using: str | None = None,
        fields: Iterable[str] | None = None,
        from_queryset: models.QuerySet[Any] | None = None,
    ) -> None:
        if from_queryset is None and "organization_id" in self.__dict__:
            stored = type(self)._base_manager.db_manager(using or self._state.db)
            from_queryset = stored.filter(organization_id=self.organization_id)
        super().refresh_from_db(using, fields, from_queryset)

    def _do_update(self, base_qs: Any, *args: Any, **kwargs: Any) -> Any:
        # By its organization, too: else every machine would be asked for the row.
        base_qs = base_qs.filter(organization_id=self.organization_id)
        return super()._do_update(base_qs, *args, **kwargs)


def changeable_fields(model: type[models.Model]) -> list[str]:
    """The names of the columns that a stored row's `save()` may write."""
    fixed = {"id", "organization"}
    return [
        field.name
        for field in model._meta.concrete_fields
        if field.name not in fixed and not field.generated
    ]


class Role(models.TextChoices):
    """What a person may see of the organization's purchases."""

    MEMBER = "member", _("Member")
    BILLING_ADMIN = "billing_admin", _("Billing administrator")
    GLOBAL_ADMIN = "global_admin", _("Global administrator")
    GLOBAL_READER = "global_reader", _("Global reader")


OVERSIGHT_ROLES: frozenset[str] = frozenset(
    {Role.BILLING_ADMIN, Role.GLOBAL_ADMIN, Role.GLOBAL_READER}
)


class PeopleManager(BaseUserManager["User"]):
    """Finds people to sign in; makes them in tests and in the demo."""

    def get_by_natural_key(self, username: str | None) -> User:
        return self.get(email__iexact=username)

    def create_user(
        self, email: str, password: str | None = None, **fields: Any
    ) -> User:
        """A person without directory search words: use the import for real ones."""
        user = self.model(email=email.lower(), **fields)
        user.upn = fields.get("upn") or user.email
        user.set_password(password)
        user.save(using=self._db)
        return user


class User(AbstractBaseUser, TenantModel):
    """One person of one organization: the directory's entry, and who signs in.

    Written by the directory import and the `grant_role` command. Never deleted:
    a person who left has `removed_at`.
    """

    upn = models.CharField(max_length=254)
    email = models.EmailField(max_length=254)
    object_id = models.CharField(max_length=64, blank=True, default="")
    display_name = models.CharField(max_length=256, db_collation="C")
    first_name = models.CharField(max_length=128, blank=True, default="")
    last_name = models.CharField(max_length=128, blank=True, default="")
    department = models.CharField(max_length=128, blank=True, default="")
    title = models.CharField(max_length=128, blank=True, default="")
    usage_location = models.CharField(max_length=2, blank=True, default="")
    language = models.CharField(max_length=8, blank=True, default="")
    role = models.CharField(max_length=20, choices=Role, default=Role.MEMBER)
    is_guest = models.BooleanField(default=False)
    # False while the directory blocks the credential.
    is_active = models.BooleanField(default=True)
    removed_at = models.DateTimeField(null=True, blank=True)
    # While an invoice of theirs is past due; billing says so, so that no page of
    # anybody else has to ask.
    has_past_due = models.BooleanField(default=False, db_default=False)
    created_at = models.DateTimeField(db_default=Now(), editable=False)

    objects: ClassVar[PeopleManager] = PeopleManager()

    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            # Sign-in is by email, before the organization is known.
            models.UniqueConstraint(Lower("email"), name="user_email_unique"),
            models.UniqueConstraint(
                "organization", Lower("upn"), name="user_upn_unique_in_organization"
            ),
            models.UniqueConstraint(
                fields=["organization", "object_id"],
                condition=~models.Q(object_id=""),
                name="user_object_id_unique_in_organization",
            ),
            models.UniqueConstraint(
                fields=["organization", "id"], name="user_organization_id"
            ),
        ]
        indexes = [
            models.Index(
                "organization",
                "department",
                Lower("display_name"),
                "id",
                name="user_by_department_and_name",
            ),
            models.Index(
                "organization", Lower("display_name"), "id", name="user_by_name"
            ),
        ]

    def __str__(self) -> str:
        return self.display_name

    @property
    def can_sign_in(self) -> bool:
        return self.is_active and self.removed_at is None

    @property
    def can_buy(self) -> bool:
        """Guests can't buy; everybody else may."""
        return self.can_sign_in and not self.is_guest

    @property
    def sees_oversight(self) -> bool:
        return self.role in OVERSIGHT_ROLES


class PersonWord(models.Model):
    """One suffix of a person's name, or the email, for search by prefix.

    "Zoë van den Bergh" gives "zoe van den bergh", "van den bergh", "den bergh" and
    "bergh". Written only by `accounts.services.people`, with the person.
    """

    pk = models.CompositePrimaryKey("organization_id", "suffix", "user_id")
    organization = models.ForeignKey(
        Organization, on_delete=models.PROTECT, related_name="+", db_index=False
    )
    suffix = models.CharField(max_length=254, db_collation="C")
    user = TenantForeignKey(
        User, on_delete=models.CASCADE, related_name="words", db_index=False
    )
    # The whole name: whoever starts with what was typed is shown first.
    starts_name = models.BooleanField(default=False)

    class Meta:
        indexes = [
            models.Index(fields=["organization", "user"], name="personword_by_user"),
            models.Index(
                fields=["organization", "suffix"],
                condition=models.Q(starts_name=True),
                name="personword_whole_names",
            ),
        ]


def ids(people: Iterable[User]) -> tuple[uuid.UUID, ...]:
    """The primary keys, in order."""
    return tuple(person.pk for person in people)
