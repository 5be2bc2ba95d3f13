from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "selfservice.activity"
    label = "activity"

    def ready(self) -> None:
        from selfservice.activity import tasks

        _ = tasks
