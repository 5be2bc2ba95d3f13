from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    label = "billing"

    def ready(self) -> None:
        from billing import activity_words, navigation, tasks, webhooks
        from billing.services import accounts, cards, refunds

        activity_words.register_all()
        navigation.register_all()
        # Imported for what they register: a worker has no URLs that would do it.
        _ = tasks, webhooks, accounts, cards, refunds
