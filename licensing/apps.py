from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"

    def ready(self) -> None:
        from licensing import navigation, receivers, tasks

        _ = tasks
        navigation.register_all()
        receivers.register_all()
