"""How every form looks: templates/forms/."""

from __future__ import annotations

from django.forms.renderers import TemplatesSetting


class FluentRenderer(TemplatesSetting):
    """Our form and field templates around Django's own widgets."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"
