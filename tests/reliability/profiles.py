"""Scenarios of a billing profile: who is billed, the PO number, the VAT number."""

from __future__ import annotations

import re
import uuid

from billing.models import BillingProfile
from billing.services import operations
from billing.services.adding_profiles import keep_answers
from selfservice.activity.models import Activity
from tests.reliability.scenarios import Facts, Scenario
from tests.reliability.world import World, give_card

STREET = "Westblaak 180"
NEW_NUMBER = "NL820646660B01"


class ChangeBillTo(Scenario):
    """Somebody else stands on the invoices as the one who is billed."""

    name = "customer.update"
    kinds = ("customer.update",)
    verb = "bill_to_changed"

    def prepare(self, world: World) -> None:
        give_card(world)
        world.form = {
            "name": "Noordzee Holding",
            "line1": STREET,
            "postal_code": "3012 KN",
            "city": "Rotterdam",
            "email": "invoices@noordzee.example",
            "version": "0",
        }

    def act(self, world: World) -> None:
        world.post("billing:profile_bill_to", world.profile.pk)

    def again(self, world: World) -> None:
        """The page is opened again, and what was typed is saved once more."""
        world.form["version"] = str(world.profile.version)
        self.act(world)

    def there(self, world: World) -> Facts:
        found = world.stripe.v1.customers.retrieve(world.customer)
        assert found.address is not None
        return {"name": found.name, "street": found.address.line1}

    def here(self, world: World) -> Facts:
        profile = world.profile
        return {"name": profile.bill_to_name, "street": profile.line1}

    def page(self, world: World) -> Facts:
        html = world.get("billing:profile", world.profile.pk)
        if "on its way to the payment provider" in html:
            return {}
        lines = re.search(r"<dt>Bill to</dt><dd><address>(.*?)</address>", html)
        assert lines, html
        name, street = lines[1].split("<br>")[:2]
        return {"name": name, "street": street}

    def wanted(self, world: World) -> Facts:
        return {"name": "Noordzee Holding", "street": STREET}

    def check(self, world: World) -> None:
        mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
        assert mine.filter(verb=self.verb).count() == 1
        operation = world.operations(self.kinds[0])[-1]
        assert STREET not in str(operation.arguments), "the address stays behind"


class ChangePoNumber(ChangeBillTo):
    """The purchase order that future invoices are to name."""

    name = "customer.update, PO number"
    verb = "po_number_changed"

    def prepare(self, world: World) -> None:
        give_card(world)
        world.form = {"po_number": "PO-2027-1", "version": "0"}

    def act(self, world: World) -> None:
        world.post("billing:profile_po_number", world.profile.pk)

    def there(self, world: World) -> Facts:
        settings = world.stripe.v1.customers.retrieve(world.customer).invoice_settings
        assert settings is not None
        return {"po": [field.value for field in settings.custom_fields or []]}

    def here(self, world: World) -> Facts:
        return {"po": [world.profile.po_number]}

    def page(self, world: World) -> Facts:
        html = world.get("billing:profile", world.profile.pk)
        if "on its way to the payment provider" in html:
            return {}
        shown = re.search(r"<dt>PO number</dt><dd>([^<]+)<", html)
        assert shown, html
        return {"po": [shown[1]]}

    def wanted(self, world: World) -> Facts:
        return {"po": ["PO-2027-1"]}


class ChangeTaxId(Scenario):
    """Another VAT number: first it is there, then the old one goes."""

    name = "customer.tax_id"
    kinds = ("customer.tax_id",)

    def prepare(self, world: World) -> None:
        give_card(world)
        world.form = {"tax_id": NEW_NUMBER, "version": "0"}

    def act(self, world: World) -> None:
        world.post("billing:account_tax_id", world.profile.account_id)

    def again(self, world: World) -> None:
        world.form["version"] = str(world.profile.account.version)
        self.act(world)

    def there(self, world: World) -> Facts:
        found = world.stripe.v1.customers.tax_ids.list(world.customer)
        return {"numbers": [number.value for number in found.data]}

    def here(self, world: World) -> Facts:
        return {"numbers": [world.profile.account.tax_id]}

    def page(self, world: World) -> Facts:
        html = world.get("billing:account", world.profile.account_id)
        if "on its way to the payment provider" in html:
            return {}
        shown = re.search(r"<dt>Tax ID</dt><dd>(\w+)", html)
        assert shown, html
        return {"numbers": [shown[1]]}

    def wanted(self, world: World) -> Facts:
        return {"numbers": [NEW_NUMBER]}

    def check(self, world: World) -> None:
        mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
        assert mine.filter(verb="tax_id_changed").count() == 1


class ChangeLanguage(Scenario):
    """The purchaser reads Dutch from now on: so are the next invoices."""

    name = "customer.language"
    kinds = ("customer.language",)
    shown = False
    provable = False

    def prepare(self, world: World) -> None:
        give_card(world)
        world.form = {"language": "nl"}

    def act(self, world: World) -> None:
        world.post("core:language")
        operations.sweep()

    def there(self, world: World) -> Facts:
        found = world.stripe.v1.customers.retrieve(world.customer)
        return {"languages": found.preferred_locales}

    def here(self, world: World) -> Facts:
        world.buyer.refresh_from_db()
        return {"languages": [world.buyer.language]}

    def wanted(self, world: World) -> Facts:
        return {"languages": ["nl"]}


class AddProfile(Scenario):
    """The last step of the wizard: another profile, and its customer."""

    name = "customer.create, another profile"
    kinds = ("customer.create",)
    ANSWERS = {
        "basic": {"name": "Projects"},
        "address": {"bill_to": "same", "usage_at": "same"},
        "payment": {"pay": "later"},
        "invoices": {"wanted": "on"},
    }

    def prepare(self, world: World) -> None:
        give_card(world)
        world.made["key"] = uuid.uuid4()
        for step, typed in self.ANSWERS.items():
            keep_answers(
                purchaser=world.buyer,
                key=world.made["key"],
                step=step,
                answers={"typed": typed},
            )

    def act(self, world: World) -> None:
        world.post("billing:profile_step", world.made["key"], "review")

    def there(self, world: World) -> Facts:
        found = world.stripe.v1.customers.list(
            {"email": "anna@noordzee.example", "limit": 100}
        )
        own = str(world.made["key"])
        return {
            "customers": [
                customer.id
                for customer in found.data
                if customer.metadata
                and customer.metadata.to_dict()["billing_profile"] == own
            ]
        }

    def here(self, world: World) -> Facts:
        mine = BillingProfile.objects.filter(pk=world.made["key"])
        return {"customers": [p.stripe_customer_id for p in mine]}

    def page(self, world: World) -> Facts:
        account = BillingProfile.objects.filter(purchaser=world.buyer)[0].account_id
        html = world.get("billing:account_profiles", account)
        return self.here(world) if "Projects" in html and "set up" not in html else {}

    def wanted(self, world: World) -> Facts:
        made = BillingProfile.objects.get(pk=world.made["key"])
        return {"customers": [made.stripe_customer_id]}

    def check(self, world: World) -> None:
        mine = Activity.objects.filter(organization_id=world.buyer.organization_id)
        assert mine.filter(verb="profile_added").count() == 1
