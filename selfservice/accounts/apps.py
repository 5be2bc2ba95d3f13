from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "selfservice.accounts"
    label = "accounts"

    def ready(self) -> None:
        from selfservice.accounts import activity_words, personal, reauthentication
        from selfservice.accounts.services.preferences import keep_language
        from selfservice.accounts.services.sessions import end_sessions
        from selfservice.core import hooks

        activity_words.register_all()
        personal.register_all()
        reauthentication.register()
        hooks.language_chosen.register(keep_language)
        hooks.people_lost.register(end_sessions)
