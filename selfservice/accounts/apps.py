from django.apps import AppConfig


class AccountsConfig(AppConfig):
    name = "selfservice.accounts"
    label = "accounts"

    def ready(self) -> None:
        from selfservice.accounts import activity_words
        from selfservice.accounts.services.preferences import keep_language
        from selfservice.core import hooks

        activity_words.register_all()
        hooks.language_chosen.register(keep_language)
