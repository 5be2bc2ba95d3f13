from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "selfservice.subscriptions"
    label = "subscriptions"

    def ready(self) -> None:
        from selfservice.subscriptions import (
            activity_words,
            navigation,
            operations,
            personal,
            receivers,
            searching,
            tasks,
            webhooks,
        )

        activity_words.register_all()
        navigation.register_all()
        personal.register_all()
        receivers.register_all()
        searching.register_all()
        # Imported for what they register: a worker has no URLs that would do it.
        _ = operations, tasks, webhooks
