"""Every address of the portal: who may ask for it, and what is answered.

A new route needs a row here, by its name in `reverse()`. A row says who gets in
(`access`), and by method what whoever gets in is answered; methods that it doesn't
name answer 405. `test_authorization.py` walks all of it for everybody.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from typing import Any

from tests.security.world import Owned

# Who gets in. For all others than ANYBODY, the anonymous are sent to sign in.
ANYBODY = "anybody"  # also without signing in
SIGNED_IN = "signed in"  # everybody who is signed in, for what is their own
OWNER = "owner"  # 404 for what isn't one's own
OVERSEER = "overseer"  # the three roles: 403 for others, 404 elsewhere

type Given = Callable[[Owned], Mapping[str, Any]]


type Status = int | tuple[int, ...] | None


@dataclasses.dataclass(frozen=True, slots=True)
class Row:
    """`get` and `post`: the status for whoever gets in; null: 405.

    `sends` is a body that would do something, were it one's own: strangers send it.
    `outside` is what the anonymous are answered to GET and POST, where anybody may
    ask but not everybody is answered the same.
    """

    access: str
    get: Status = None
    post: Status = None
    sends: Given = lambda owned: {}
    outside: tuple[Status, Status] | None = None
    # Whether it moves money, or says who pays, is billed or gets the invoices: then
    # who signed in long ago is asked again.
    money: bool = False
    # Django's class-based views: they answer OPTIONS, and some take PUT for POST.
    class_based: bool = False


def _people(owned: Owned) -> dict[str, Any]:
    return {"people": [person.pk for person in owned.people]}


def _card(owned: Owned) -> dict[str, Any]:
    return {"payment": owned.ids["card_id"], "attempt": 0}


# An empty form is refused where something is needed; some may be left empty.
SAVED = (200, 302, 422, 503)

PORTAL = {
    "core:language": Row(ANYBODY, post=302, sends=lambda o: {"language": "en"}),
    "core:healthz": Row(ANYBODY, get=200),
    "core:readyz": Row(ANYBODY, get=200),
    "portal:home": Row(SIGNED_IN, get=(200, 302)),
    "portal:search": Row(SIGNED_IN, get=200),
    "portal:personal_data": Row(SIGNED_IN, get=200),
    "portal:personal_download": Row(SIGNED_IN, get=200),
    "portal:help": Row(SIGNED_IN, get=200),
    "portal:notifications": Row(
        SIGNED_IN,
        money=True,
        get=200,
        post=404,
        sends=lambda o: {"section": "invoices", "profile": o.ids["profile_id"]},
    ),
    # Signed addresses: who has them is let in, and nobody can make one.
    "portal:unsubscribe": Row(ANYBODY, get=404, post=404),
    "portal:calendar": Row(ANYBODY, get=200),
    # Only in the demo; `test_production_has_none_of_it` says so.
    "portal:gallery": Row(SIGNED_IN, get=200, post=422),
    "portal:gallery_pane": Row(SIGNED_IN, get=200, post=422),
    "portal:gallery_dialog": Row(SIGNED_IN, get=200, post=302),
    "portal:gallery_people": Row(SIGNED_IN, get=200),
    "portal:gallery_menu": Row(SIGNED_IN, get=200),
    "portal:gallery_states": Row(SIGNED_IN, get=200),
    "portal:mailbox": Row(ANYBODY, get=200),
    "portal:mail": Row(ANYBODY, get=404),
    "portal:mail_html": Row(ANYBODY, get=404),
    "portal:mail_file": Row(ANYBODY, get=404),
    "portal:continue_as": Row(SIGNED_IN, post=404),
    "portal:move_clock": Row(SIGNED_IN, post=404),
}
SUBSCRIPTIONS = {
    "subscriptions:marketplace": Row(SIGNED_IN, get=200),
    "subscriptions:product": Row(SIGNED_IN, get=200),
    "subscriptions:checkout": Row(SIGNED_IN, money=True, get=302, post=(200, 422)),
    "subscriptions:terms": Row(SIGNED_IN, get=200, class_based=True),
    "subscriptions:order": Row(OWNER, get=200),
    "subscriptions:finish_payment": Row(OWNER, post=302),
    "subscriptions:drop_order": Row(OWNER, post=302),
    "subscriptions:products": Row(SIGNED_IN, get=200),
    "subscriptions:row_menu": Row(OWNER, get=200),
    "subscriptions:details": Row(OWNER, get=200),
    "subscriptions:activity": Row(OWNER, get=200),
    "subscriptions:cancel": Row(
        OWNER,
        money=True,
        get=200,
        post=422,
        sends=lambda o: {"reason": "other", "seal": "any"},
    ),
    "subscriptions:recurring_billing": Row(
        OWNER, money=True, get=200, post=422, sends=lambda o: {"recurring": "off"}
    ),
    "subscriptions:frequency": Row(
        OWNER,
        money=True,
        get=200,
        post=422,
        sends=lambda o: {"plan": o.ids["plan_id"]},
    ),
    "subscriptions:payment_method": Row(
        OWNER, money=True, get=200, post=422, sends=_card
    ),
    "subscriptions:trial": Row(OWNER, money=True, get=200, post=422),
    "subscriptions:undo_change": Row(OWNER, money=True, post=302),
    "subscriptions:confirm_payment": Row(OWNER, post=302),
    "subscriptions:pay": Row(OWNER, get=302, post=302),
}
LICENSING = {
    "licensing:my_licenses": Row(SIGNED_IN, get=200),
    "licensing:licenses": Row(SIGNED_IN, get=200),
    "licensing:product": Row(OWNER, get=200),
    "licensing:activity": Row(OWNER, get=200),
    "licensing:assign": Row(OWNER, get=200, post=422, sends=_people),
    "licensing:bulk": Row(
        OWNER,
        get=200,
        post=422,
        sends=lambda o: {"text": o.people[0].email, "does": "assign"},
    ),
    "licensing:bulk_list": Row(OWNER, get=200, post=302),
    # A page without a script: on to the pane, which refuses.
    "licensing:picker": Row(SIGNED_IN, get=302),
    "licensing:export": Row(OWNER, get=200),
    "licensing:undo": Row(OWNER, post=302),
    "licensing:unassign": Row(OWNER, get=200, post=422, sends=_people),
    "licensing:quantity": Row(
        OWNER,
        money=True,
        get=200,
        post=422,
        sends=lambda o: {"total": 4, "when": "now"},
    ),
    "licensing:reactivate": Row(OWNER, money=True, get=200, post=422, sends=_card),
}
BILLING = {
    "billing:invoices": Row(SIGNED_IN, get=200),
    "billing:invoices_csv": Row(SIGNED_IN, get=200),
    "billing:invoices_zip": Row(SIGNED_IN, post=302),
    "billing:archive": Row(OWNER, get=200),
    "billing:archive_zip": Row(OWNER, get=200),
    "billing:invoice": Row(OWNER, get=200),
    "billing:invoice_pdf": Row(OWNER, get=503),
    "billing:credit_pdf": Row(OWNER, get=503),
    "billing:invoice_pay": Row(OWNER, money=True, get=200, post=422, sends=_card),
    "billing:invoice_confirm": Row(OWNER, post=503),
    "billing:accounts": Row(SIGNED_IN, get=200),
    "billing:address_fields": Row(SIGNED_IN, post=200),
    "billing:account": Row(OWNER, get=200),
    "billing:account_profiles": Row(OWNER, get=200),
    "billing:account_activity": Row(OWNER, get=200),
    "billing:profile": Row(OWNER, get=200),
    "billing:profile_activity": Row(OWNER, get=200),
    "billing:account_name": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:account_address": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:account_tax_id": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:account_registration": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:profile_name": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:profile_bill_to": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:profile_usage": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:profile_po_number": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:profile_invoices": Row(OWNER, money=True, get=200, post=SAVED),
    "billing:profile_add": Row(SIGNED_IN, get=SAVED),
    # A draft is found by its key among one's own; there is none here.
    "billing:profile_step": Row(SIGNED_IN, money=True, get=404, post=404),
    "billing:payment_methods": Row(SIGNED_IN, get=200),
    "billing:payment_method_add": Row(SIGNED_IN, money=True, get=200, post=422),
    "billing:card_setup": Row(OWNER, post=503),
    "billing:payment_method": Row(OWNER, get=200),
    "billing:payment_method_menu": Row(OWNER, get=200),
    "billing:payment_method_edit": Row(OWNER, money=True, get=200, post=422),
    "billing:payment_method_security_code": Row(OWNER, money=True, get=200, post=422),
    "billing:payment_method_use": Row(OWNER, money=True, post=200),
    "billing:payment_method_replace": Row(
        OWNER, money=True, get=200, post=422, sends=_card
    ),
    "billing:payment_method_delete": Row(OWNER, money=True, get=200, post=422),
    "billing:spend": Row(SIGNED_IN, get=200),
    # Stripe's signature is its key: 400 without one.
    "billing:stripe_webhook": Row(ANYBODY, post=400),
}
OVERSIGHT = {
    "oversight:purchases": Row(OVERSEER, get=200),
    "oversight:spots": Row(OVERSEER, get=200),
    "oversight:purchase": Row(OVERSEER, get=200),
    "oversight:purchase_activity": Row(OVERSEER, get=200),
    "oversight:spend": Row(OVERSEER, get=200),
    "oversight:activity": Row(OVERSEER, get=200),
}


def _account(
    get: Status = 200, post: Status = None, outside: tuple[Status, Status] | None = None
) -> Row:
    """A page of allauth; its own views let in whom they want."""
    access = SIGNED_IN if outside is None else ANYBODY
    return Row(access, get=get, post=post, outside=outside, class_based=True)


ACCOUNTS = {
    # Before signing in; whoever is signed in is sent on.
    "account_login": _account(302, 302, outside=(200, 200)),
    "account_logout": _account(200, 302, outside=(302, 302)),
    "account_inactive": _account(200, outside=(200, None)),
    "account_signup": _account(302, 302, outside=(200, 200)),
    "account_confirm_login_code": _account(302, 302, outside=(302, 302)),
    "account_reset_password": _account(200, 200, outside=(200, 200)),
    "account_reset_password_done": _account(200, outside=(200, None)),
    "account_reset_password_from_key": _account(200, 200, outside=(200, 200)),
    "account_reset_password_from_key_done": _account(200, outside=(200, None)),
    "account_email_verification_sent": _account(200, outside=(200, None)),
    "account_confirm_email": _account(200, 404, outside=(200, 404)),
    "mfa_login_webauthn": _account((200, 302), (200, 302), outside=(302, 302)),
    "mfa_authenticate": _account(302, 302, outside=(302, 302)),
    "openid_connect_login": _account(404, 404, outside=(404, 404)),
    "openid_connect_callback": _account(404, 404, outside=(404, 404)),
    "socialaccount_login_cancelled": _account(200, outside=(200, None)),
    "socialaccount_signup": _account(302, 302, outside=(302, 302)),
    # One's own account.
    "account_reauthenticate": _account(200, 200),
    "account_change_password": _account(200, 200),
    "account_set_password": _account(302, 302),
    "account_email": _account(302),
    "accounts:no_address_page": _account(302),
    "accounts:security": Row(SIGNED_IN, get=200),
    # Only for whoever is linked to an identity provider.
    "accounts:confirm": Row(SIGNED_IN, get=404, post=404),
    "usersessions_list": _account(200, 302),
    "mfa_index": _account(),
    "mfa_reauthenticate": _account(302, 302),
    "mfa_activate_totp": _account(302, 302),
    "mfa_deactivate_totp": _account(404, 404),
    "mfa_view_recovery_codes": _account(404),
    "mfa_generate_recovery_codes": _account(302, 302),
    "mfa_download_recovery_codes": _account(404, 404),
    "mfa_list_webauthn": _account(200),
    "mfa_add_webauthn": _account(302, 302),
    "mfa_reauthenticate_webauthn": _account(302, 302),
    "mfa_remove_webauthn": _account(302, 302),
    "mfa_edit_webauthn": _account(302, 302),
    "socialaccount_connections": _account(200, 200),
    "socialaccount_login_error": _account(401),
    # allauth's old addresses: they only lead to the ones of today.
    "social/login/cancelled/": _account(301, 301),
    "social/login/error/": _account(301, 301),
    "social/signup/": _account(301, 301),
    "social/connections/": _account(301, 301),
}
EVERY: dict[str, dict[str, Row]] = {
    "portal": PORTAL,
    "subscriptions": SUBSCRIPTIONS,
    "licensing": LICENSING,
    "billing": BILLING,
    "oversight": OVERSIGHT,
    "accounts": ACCOUNTS,
}
