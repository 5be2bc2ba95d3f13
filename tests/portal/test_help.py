"""Help: the answers on its page, and the one beside each action."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.test import Client
from django.utils.html import escape
from pytest_django.asserts import assertContains

from selfservice.accounts.models import User
from selfservice.portal.faq import QUESTIONS

ACTIONS = {
    "billing/edit": ["What happens when I save this?"],
    "billing/invoice_pay": ["What happens when I pay now?"],
    "billing/payment_method_add": ["What happens when I add a payment method?"],
    "billing/payment_method_delete": ["What happens when I delete a payment method?"],
    "billing/payment_method_edit": ["What happens when I edit a payment method?"],
    "billing/payment_method_replace": ["What happens when I replace a payment method?"],
    "billing/payment_method_security_code": [
        "What happens when I change the security code?"
    ],
    "billing/profile_review": ["What happens when I add a billing profile?"],
    "licensing/assign": ["What happens when I assign licenses?"],
    "licensing/unassign": ["What happens when I unassign licenses?"],
    "licensing/quantity": [
        "What happens when I buy more licenses?",
        "What happens when I remove licenses?",
    ],
    "licensing/bulk": [
        "What happens when I assign in bulk?",
        "What happens when I unassign in bulk?",
    ],
    "licensing/reactivate": ["What happens when I reactivate?"],
    "subscriptions/cancel": ["What happens when I cancel?"],
    "subscriptions/frequency": ["What happens when I change how often I pay?"],
    "subscriptions/payment_method": ["What happens when I replace the payment method?"],
    "subscriptions/recurring": ["What happens when recurring billing is off?"],
    "subscriptions/trial": ["What happens when the trial ends?"],
}


@pytest.mark.django_db
def test_every_question_can_be_linked_to_and_is_answered(
    bram: User, client: Client
) -> None:
    client.force_login(bram)

    page = client.get("/help/")

    for item in QUESTIONS:
        assertContains(page, f'<li id="{item.key}">', count=1)
        assertContains(page, escape(item.answer))


@pytest.mark.parametrize(("pane", "questions"), ACTIONS.items())
def test_an_action_says_what_happens(pane: str, questions: list[str]) -> None:
    file = settings.BASE_DIR / "templates" / f"{pane}.html"
    source = file.read_text("utf-8")

    for question in questions:
        assert question in source
    assert source.count("components/what_happens.html")
