from django.apps import AppConfig


class ActivityConfig(AppConfig):
    name = "selfservice.activity"
    label = "activity"
