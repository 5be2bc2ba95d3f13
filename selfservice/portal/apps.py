from django.apps import AppConfig


class PortalConfig(AppConfig):
    name = "selfservice.portal"
    label = "portal"

    def ready(self) -> None:
        from selfservice.portal import navigation

        navigation.register_all()
