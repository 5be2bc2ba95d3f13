from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "selfservice.accounts"
    label = "accounts"

    def ready(self) -> None:
        from django.contrib.auth.signals import user_logged_in

        from selfservice.accounts import activity_words, personal, reauthentication
        from selfservice.accounts.services import preferences
        from selfservice.accounts.services.sessions import end_sessions
        from selfservice.core import hooks

        activity_words.register_all()
        personal.register_all()
        reauthentication.register()
        hooks.language_chosen.register(preferences.keep_language)
        user_logged_in.connect(
            preferences.meet_in_their_language, dispatch_uid="accounts.language"
        )
        hooks.people_lost.register(end_sessions)
