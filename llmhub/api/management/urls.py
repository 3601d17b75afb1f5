"""Addresses of the management API. The only module that imports django-ninja at start."""

from django.urls import URLPattern, path, re_path
from django.views.generic import TemplateView

from llmhub.api.management.answers import no_such_path, shaped
from llmhub.api.management.api import api

_found, _app, _namespace = api.urls
_patterns = [
    pattern
    for pattern in _found
    if isinstance(pattern, URLPattern) and pattern.name != "api-root"  # a page that is not found
]
for _pattern in _patterns:
    _pattern.callback = shaped(_pattern.callback)

urlpatterns = [
    path("api/v1/", (_patterns, _app, _namespace)),
    re_path(r"^api/v1(?:/|$)", no_such_path),
    path("api/docs", TemplateView.as_view(template_name="api/docs.html"), name="api-docs"),
]
