"""Addresses of search by meaning, below /api/v1/."""

from django.urls import path

from . import api

urlpatterns = [
    path("search/semantic", api.SemanticSearchView.as_view()),
    path("search/semantic/coverage", api.CoverageView.as_view()),
]
