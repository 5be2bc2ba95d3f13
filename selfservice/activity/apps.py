from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "selfservice.activity"
    label = "activity"

    def ready(self) -> None:
        from selfservice.activity import personal, tasks
        from selfservice.activity.services import sending
        from selfservice.core.watch import readiness

        readiness.topics.register("mail", sending.waiting_facts)
        _ = tasks
        personal.register_all()
