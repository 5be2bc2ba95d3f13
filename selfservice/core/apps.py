from django.apps import AppConfig


class CoreConfig(AppConfig):
    name = "selfservice.core"
    label = "core"
