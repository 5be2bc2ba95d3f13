from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"

    def ready(self) -> None:
        from licensing import activity_words, navigation, receivers, tasks

        _ = tasks
        activity_words.register_all()
        navigation.register_all()
        receivers.register_all()
