from importlib import import_module

from django.apps import AppConfig

# Imported for what they register: a worker has no URLs that would do it.
REGISTERING = (
    "billing.tasks",
    "billing.webhooks",
    "billing.services.accounts",
    "billing.services.card_operations",
    "billing.services.cards",
    "billing.services.customers",
    "billing.services.forgetting",
    "billing.services.paying",
    "billing.services.refunds",
)


class BillingConfig(AppConfig):
    name = "billing"
    label = "billing"

    def ready(self) -> None:
        from billing import activity_words, navigation, notices, personal
        from billing.searching import invoices
        from billing.services import languages, unfinished
        from selfservice.core import hooks
        from selfservice.core.watch import readiness

        readiness.topics.register("stripe", unfinished.waiting_facts)
        activity_words.register_all()
        navigation.register_all()
        notices.register_all()
        hooks.search.register(invoices)
        hooks.language_chosen.register(languages.tell_stripe)
        personal.register_all()
        for name in REGISTERING:
            import_module(name)
