"""Addresses of accounts: allauth's views under names of ours, and our own."""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from allauth.usersessions import views as usersessions
from django.urls import path

from plugseller.accounts.views import tokens
from plugseller.accounts.views.entrance import sign_out

urlpatterns = [
    path("sign-in", account.login, name="account_login"),
    path("sign-in/code", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-out", sign_out, name="account_logout"),
    path("sign-up", account.signup, name="account_signup"),
    path(
        "sign-up/code",
        account.email_verification_sent,
        name="account_email_verification_sent",
    ),
    path("account/inactive", account.account_inactive, name="account_inactive"),
    path("account/confirm", account.reauthenticate, name="account_reauthenticate"),
    path("account/confirm/code", mfa.reauthenticate, name="mfa_reauthenticate"),
    path(
        "account/confirm/passkey",
        webauthn.reauthenticate_webauthn,
        name="mfa_reauthenticate_webauthn",
    ),
    path("account/password", account.password_change, name="account_change_password"),
    path("account/password/set", account.password_set, name="account_set_password"),
    path("account/e-mail", account.email, name="account_email"),
    path("account/factors", mfa.index, name="mfa_index"),
    path("account/factors/app", totp.activate_totp, name="mfa_activate_totp"),
    path(
        "account/factors/app/remove", totp.deactivate_totp, name="mfa_deactivate_totp"
    ),
    path("account/factors/keys", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path("account/factors/keys/add", webauthn.add_webauthn, name="mfa_add_webauthn"),
    path(
        "account/factors/keys/<int:pk>",
        webauthn.edit_webauthn,
        name="mfa_edit_webauthn",
    ),
    path(
        "account/factors/keys/<int:pk>/remove",
        webauthn.remove_webauthn,
        name="mfa_remove_webauthn",
    ),
    path(
        "account/factors/codes",
        recovery_codes.view_recovery_codes,
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/factors/codes/new",
        recovery_codes.generate_recovery_codes,
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/factors/codes/download",
        recovery_codes.download_recovery_codes,
        name="mfa_download_recovery_codes",
    ),
    path("account/sessions", usersessions.list_usersessions, name="usersessions_list"),
    path("forgotten", account.password_reset, name="account_reset_password"),
    path(
        "forgotten/code",
        account.confirm_password_reset_code,
        name="account_confirm_password_reset_code",
    ),
    path(
        "forgotten/new",
        account.complete_password_reset,
        name="account_complete_password_reset",
    ),
    path(
        "forgotten/done",
        account.password_reset_from_key_done,
        name="account_password_reset_completed",
    ),
    path("s/<slug:slug>/api-keys", tokens.token_list, name="api_tokens"),
    path("s/<slug:slug>/api-keys/new", tokens.token_new, name="api_token_new"),
    path(
        "s/<slug:slug>/api-keys/<uuid:token>/rotate",
        tokens.token_rotate,
        name="api_token_rotate",
    ),
    path(
        "s/<slug:slug>/api-keys/<uuid:token>/revoke",
        tokens.token_revoke,
        name="api_token_revoke",
    ),
]
