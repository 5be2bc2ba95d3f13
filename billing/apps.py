from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    label = "billing"

    def ready(self) -> None:
        from billing import (
            activity_words,
            navigation,
            notices,
            personal,
            tasks,
            webhooks,
        )
        from billing.searching import invoices
        from billing.services import (
            accounts,
            card_operations,
            cards,
            customers,
            forgetting,
            paying,
            refunds,
            unfinished,
        )
        from selfservice.core import hooks
        from selfservice.core.watch import readiness

        readiness.topics.register("stripe", unfinished.waiting_facts)
        activity_words.register_all()
        navigation.register_all()
        notices.register_all()
        hooks.search.register(invoices)
        personal.register_all()
        # Imported for what they register: a worker has no URLs that would do it.
        _ = (
            tasks,
            webhooks,
            accounts,
            card_operations,
            cards,
            customers,
            forgetting,
            paying,
            refunds,
        )
