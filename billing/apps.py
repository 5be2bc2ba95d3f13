from django.apps import AppConfig


class BillingConfig(AppConfig):
    name = "billing"
    label = "billing"

    def ready(self) -> None:
        from billing import navigation, tasks, webhooks

        navigation.register_all()
        _ = tasks, webhooks
