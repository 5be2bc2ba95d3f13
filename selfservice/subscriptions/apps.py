from django.apps import AppConfig


class SubscriptionsConfig(AppConfig):
    name = "selfservice.subscriptions"
    label = "subscriptions"

    def ready(self) -> None:
        from selfservice.subscriptions import (
            navigation,
            operations,
            receivers,
            webhooks,
        )

        navigation.register_all()
        receivers.register_all()
        _ = operations, webhooks
