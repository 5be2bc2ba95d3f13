from django.apps import AppConfig


class LicensingConfig(AppConfig):
    name = "licensing"
    label = "licensing"

    def ready(self) -> None:
        from licensing import activity_words, navigation, personal, receivers, tasks
        from licensing.searching import people
        from selfservice.core import hooks

        _ = tasks
        activity_words.register_all()
        navigation.register_all()
        personal.register_all()
        receivers.register_all()
        hooks.search.register(people)
