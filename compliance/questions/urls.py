"""Where people ask about their data."""

from django.urls import path

from compliance.questions import views

urlpatterns = [path("account/questions", views.own_questions, name="own_questions")]
