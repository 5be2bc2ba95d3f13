from django.apps import AppConfig


class CatalogConfig(AppConfig):
    name = "selfservice.catalog"
    label = "catalog"
