from django.apps import AppConfig


class OversightConfig(AppConfig):
    name = "selfservice.oversight"
    label = "oversight"

    def ready(self) -> None:
        from selfservice.oversight import grants, navigation

        grants.register_all()
        navigation.register_all()
