"""Every operation that the sandbox has, called once with what the portal sends."""

from __future__ import annotations

from tests.sandbox.shop import EU_NUMBERS, Shop


def walk(shop: Shop) -> None:
    _catalogue(shop)
    customer_id = _customer(shop)
    _cards(shop, customer_id)
    _subscriptions(shop, customer_id)
    _schedules(shop, customer_id)
    _invoices(shop, customer_id)
    _money_back(shop, customer_id)
    _endpoints(shop)
    _events(shop)
    _clocks(shop)


def _catalogue(shop: Shop) -> None:
    v1 = shop.v1
    product = v1.products.create(
        {
            "id": "own-id",
            "name": "Diagrams",
            "description": "Draw",
            "metadata": {"a": "1"},
        }
    )
    v1.products.update(product.id, {"name": "Diagrams Pro", "active": True})
    v1.products.retrieve(product.id)
    v1.products.list({"ids": [product.id], "active": True})
    price = v1.prices.create(
        {
            "product": product.id,
            "currency": "eur",
            "unit_amount": 410,
            "recurring": {"interval": "month", "interval_count": 3},
        }
    )
    v1.prices.update(price.id, {"active": False, "nickname": "Old"})
    v1.prices.retrieve(price.id, {"expand": ["product"]})
    v1.prices.list({"product": product.id, "active": False})


def _customer(shop: Shop) -> str:
    v1 = shop.v1
    made = shop.customer(
        "DE",
        tax_id_data=[{"type": "eu_vat", "value": EU_NUMBERS["DE"]}],
        invoice_settings={"custom_fields": [{"name": "PO number", "value": "PRJ-1"}]},
        metadata={"profile": "1"},
    )
    v1.customers.update(made.id, {"name": "Tulp Bouw", "phone": "+31 10 123 45 67"})
    v1.customers.retrieve(made.id)
    v1.customers.list({"email": "billing@noordzee.example", "created": {"gt": 1}})
    number = v1.customers.tax_ids.create(
        made.id, {"type": "eu_vat", "value": EU_NUMBERS["NL"]}
    )
    v1.customers.tax_ids.retrieve(made.id, number.id)
    v1.customers.tax_ids.list(made.id)
    v1.customers.tax_ids.delete(made.id, number.id)
    v1.customers.delete(shop.customer().id)
    return made.id


def _cards(shop: Shop, customer_id: str) -> None:
    v1 = shop.v1
    intent = v1.setup_intents.create(
        {
            "customer": customer_id,
            "usage": "off_session",
            "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        }
    )
    v1.setup_intents.confirm(intent.id, {"payment_method": "pm_card_visa"})
    entered = v1.setup_intents.retrieve(intent.id, {"expand": ["payment_method"]})
    card_id = entered.payment_method.id
    v1.setup_intents.cancel(v1.setup_intents.create({"customer": customer_id}).id)
    v1.setup_intents.list({"customer": customer_id})
    session = v1.checkout.sessions.create(
        {
            "mode": "setup",
            "customer": customer_id,
            "currency": "eur",
            "success_url": "http://127.0.0.1/?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1/",
        }
    )
    v1.checkout.sessions.retrieve(session.id, {"expand": ["setup_intent"]})
    v1.payment_methods.update(card_id, {"card": {"exp_month": 11, "exp_year": 2040}})
    v1.payment_methods.retrieve(card_id)
    v1.payment_methods.list({"customer": customer_id, "type": "card"})
    v1.customers.payment_methods.list(customer_id)
    v1.customers.payment_methods.retrieve(customer_id, card_id)
    spare = v1.payment_methods.attach("pm_card_mastercard", {"customer": customer_id})
    v1.payment_methods.detach(spare.id)
    shop.give_card(customer_id)


def _subscriptions(shop: Shop, customer_id: str) -> None:
    v1 = shop.v1
    price_id = shop.price()
    bought = shop.subscribe(
        customer_id, price_id, 12, expand=["latest_invoice", "default_payment_method"]
    )
    shop.subscribe(customer_id, price_id, 2, trial_period_days=30)
    v1.subscriptions.retrieve(bought.id, {"expand": ["customer"]})
    v1.subscriptions.list({"customer": customer_id, "status": "all", "price": price_id})
    v1.subscriptions.update(
        bought.id, {"cancel_at_period_end": True, "metadata": {"row": "1"}}
    )
    v1.subscriptions.cancel(
        bought.id,
        {"cancellation_details": {"feedback": "too_expensive", "comment": "Bye"}},
    )


def _schedules(shop: Shop, customer_id: str) -> None:
    v1 = shop.v1
    bought = shop.subscribe(customer_id, shop.price(), 3)
    made = v1.subscription_schedules.create({"from_subscription": bought.id})
    now = made.phases[0]
    item = {"price": str(now["items"][0].price), "quantity": 3}
    until = {"start_date": now.start_date, "end_date": now.end_date, "items": [item]}
    then = {"items": [{**item, "quantity": 2}], "duration": {"interval": "year"}}
    v1.subscription_schedules.update(
        made.id,
        {"phases": [until, then], "end_behavior": "release"},
    )
    v1.subscription_schedules.retrieve(
        made.id, {"expand": ["subscription", "phases.items.price"]}
    )
    v1.subscription_schedules.list({"customer": customer_id, "created": {"gt": 1}})
    v1.subscription_schedules.release(made.id)
    again = v1.subscription_schedules.create({"from_subscription": bought.id})
    v1.subscription_schedules.cancel(again.id, {"invoice_now": False, "prorate": False})


def _invoices(shop: Shop, customer_id: str) -> None:
    v1 = shop.v1
    price_id = shop.price(4920)
    v1.invoices.create_preview(
        {
            "customer": customer_id,
            "automatic_tax": {"enabled": True},
            "subscription_details": {"items": [{"price": price_id, "quantity": 3}]},
        }
    )
    open_one = shop.subscribe(
        customer_id, price_id, payment_behavior="default_incomplete"
    )
    found = shop.invoice_of(open_one)
    v1.invoices.pay(str(found.id), {"expand": ["lines.data.discounts"]})
    v1.invoices.update(str(found.id), {"metadata": {"row": "1"}})
    v1.invoices.list({"customer": customer_id, "status": "paid"})
    v1.invoices.line_items.list(str(found.id))
    payments = v1.invoice_payments.list(
        {"invoice": str(found.id), "expand": ["data.payment.payment_intent"]}
    )
    payment = v1.invoice_payments.retrieve(payments.data[0].id)
    v1.payment_intents.retrieve(str(payment.payment.payment_intent))
    other = shop.subscribe(customer_id, price_id, payment_behavior="default_incomplete")
    v1.invoices.void_invoice(str(other.latest_invoice))
    third = shop.subscribe(customer_id, price_id, payment_behavior="default_incomplete")
    v1.invoices.mark_uncollectible(str(third.latest_invoice))


def _money_back(shop: Shop, customer_id: str) -> None:
    v1 = shop.v1
    entries = v1.customers.balance_transactions
    entry = entries.create(customer_id, {"amount": -500, "currency": "eur"})
    entries.update(customer_id, entry.id, {"description": "Goodwill"})
    entries.retrieve(customer_id, entry.id)
    shop.subscribe(customer_id, shop.price())
    entries.list(customer_id)
    charge = v1.charges.list({"customer": customer_id}).data[0]
    v1.charges.retrieve(charge.id, {"expand": ["payment_intent", "refunds"]})
    refund = v1.refunds.create({"charge": charge.id, "amount": 100})
    v1.refunds.update(refund.id, {"metadata": {"a": "1"}})
    v1.refunds.retrieve(refund.id, {"expand": ["charge", "balance_transaction"]})
    v1.refunds.list({"charge": charge.id, "created": {"gt": 1}})
    _credit_notes(shop, customer_id)
    booked = v1.balance_transactions.list({"source": refund.id})
    v1.balance_transactions.retrieve(booked.data[0].id, {"expand": ["source"]})


def _credit_notes(shop: Shop, customer_id: str) -> None:
    v1 = shop.v1
    bought = shop.subscribe(customer_id, shop.price())
    given = {
        "invoice": str(bought.latest_invoice),
        "amount": 300,
        "refund_amount": 200,
        "credit_amount": 100,
    }
    v1.credit_notes.preview(given)
    v1.credit_notes.preview_lines.list(given)
    note = v1.credit_notes.create(given)
    v1.credit_notes.update(note.id, {"memo": "Sorry"})
    v1.credit_notes.retrieve(note.id, {"expand": ["refunds.refund", "invoice"]})
    v1.credit_notes.list({"customer": customer_id})
    v1.credit_notes.line_items.list(note.id)
    other = shop.subscribe(
        customer_id, shop.price(), payment_behavior="default_incomplete"
    )
    pending = v1.credit_notes.create(
        {"invoice": str(other.latest_invoice), "amount": 100}
    )
    v1.credit_notes.void_credit_note(pending.id)


def _endpoints(shop: Shop) -> None:
    v1 = shop.v1
    made = v1.webhook_endpoints.create(
        {"url": "http://127.0.0.1:9/hook", "enabled_events": ["invoice.paid"]}
    )
    v1.webhook_endpoints.update(made.id, {"disabled": True})
    v1.webhook_endpoints.retrieve(made.id)
    v1.webhook_endpoints.list()
    v1.webhook_endpoints.delete(made.id)


def _events(shop: Shop) -> None:
    v1 = shop.v1
    latest = v1.events.list({"limit": 100}).data[0]
    v1.events.retrieve(latest.id)
    shop.events()


def _clocks(shop: Shop) -> None:
    clocks = shop.client.v1.test_helpers.test_clocks
    made = clocks.create({"frozen_time": 1_800_000_000, "name": "A year"})
    follower = shop.customer(card="pm_card_visa", test_clock=made.id)
    shop.subscribe(follower.id, shop.price(interval="day"))
    shop.v1.customers.list({"test_clock": made.id})
    assert follower.test_clock == made.id
    clocks.advance(made.id, {"frozen_time": 1_800_086_400})
    shop.arrived(made.id)
    drafts = shop.v1.invoices.list({"customer": follower.id, "status": "draft"})
    shop.v1.invoices.finalize_invoice(drafts.data[0].id, {"auto_advance": True})
    clocks.list()
    clocks.delete(made.id)
