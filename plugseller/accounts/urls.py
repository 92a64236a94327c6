"""Addresses of accounts: allauth's views under names of ours, and our own.

What changes how somebody signs in is `guarded`.
"""

from allauth.account import views as account
from allauth.mfa.base import views as mfa
from allauth.mfa.recovery_codes import views as recovery_codes
from allauth.mfa.totp import views as totp
from allauth.mfa.webauthn import views as webauthn
from django.db import transaction
from django.urls import path, register_converter
from django.views.decorators.http import require_safe

from plugseller.accounts.confirming import guarded, guarded_but_first
from plugseller.accounts.converters import Unguessable
from plugseller.accounts.views import belonging, staff_access, team, tokens
from plugseller.accounts.views.activity import activity, activity_file
from plugseller.accounts.views.entrance import remove_key, sessions_list, sign_out
from plugseller.accounts.views.set_up import open_set_up, set_up

register_converter(Unguessable, "unguessable")

urlpatterns = [
    path("sign-in", account.login, name="account_login"),
    path("sign-in/code", mfa.authenticate, name="mfa_authenticate"),
    path("sign-in/passkey", webauthn.login_webauthn, name="mfa_login_webauthn"),
    path("sign-out", sign_out, name="account_logout"),
    path("sign-up", transaction.atomic(account.signup), name="account_signup"),
    path(
        "sign-up/code",
        transaction.atomic(account.email_verification_sent),
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
    path(
        "account/password",
        guarded(account.password_change),
        name="account_change_password",
    ),
    path(
        "account/password/set",
        guarded(account.password_set),
        name="account_set_password",
    ),
    path("account/e-mail", guarded(account.email), name="account_email"),
    path("account/factors", mfa.index, name="mfa_index"),
    path(
        "account/factors/app",
        guarded_but_first(totp.activate_totp),
        name="mfa_activate_totp",
    ),
    path(
        "account/factors/app/remove",
        guarded(totp.deactivate_totp),
        name="mfa_deactivate_totp",
    ),
    path("account/factors/keys", webauthn.list_webauthn, name="mfa_list_webauthn"),
    path(
        "account/factors/keys/add",
        guarded_but_first(webauthn.add_webauthn),
        name="mfa_add_webauthn",
    ),
    path(
        "account/factors/keys/<unguessable:pk>",
        guarded(webauthn.edit_webauthn),
        name="mfa_edit_webauthn",
    ),
    path(
        "account/factors/keys/<unguessable:pk>/remove",
        guarded(remove_key),
        name="mfa_remove_webauthn",
    ),
    path(
        "account/factors/codes",
        guarded(recovery_codes.view_recovery_codes),
        name="mfa_view_recovery_codes",
    ),
    path(
        "account/factors/codes/new",
        guarded(recovery_codes.generate_recovery_codes),
        name="mfa_generate_recovery_codes",
    ),
    path(
        "account/factors/codes/download",
        guarded(require_safe(recovery_codes.download_recovery_codes)),
        name="mfa_download_recovery_codes",
    ),
    path("account/sessions", sessions_list, name="usersessions_list"),
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
    path("set-up/<str:key>", open_set_up, name="open_set_up"),
    path("set-up", set_up, name="set_up"),
    path("sellers/new", belonging.seller_new, name="seller_new"),
    path(
        "invitations/<uuid:invitation>/accept",
        belonging.invitation_accept,
        name="invitation_accept",
    ),
    path(
        "invitations/<uuid:invitation>/decline",
        belonging.invitation_decline,
        name="invitation_decline",
    ),
    path("s/<slug:slug>/team", team.team, name="team"),
    path("s/<slug:slug>/team/invite", team.invite, name="invite"),
    path(
        "s/<slug:slug>/team/invitations/<uuid:invitation>/take-back",
        team.invitation_take_back,
        name="invitation_take_back",
    ),
    path("s/<slug:slug>/team/<uuid:member>/role", team.member_role, name="member_role"),
    path(
        "s/<slug:slug>/team/<uuid:member>/remove",
        team.member_remove,
        name="member_remove",
    ),
    path("s/<slug:slug>/leave", team.leave_seller, name="leave_seller"),
    path("grants/<uuid:grant>/drop", staff_access.drop, name="drop_grant"),
    path("s/<slug:slug>/staff-access", staff_access.grant_list, name="staff_access"),
    path(
        "s/<slug:slug>/staff-access/<uuid:grant>",
        staff_access.grant_detail,
        name="staff_access_grant",
    ),
    path(
        "s/<slug:slug>/staff-access/<uuid:grant>/end",
        staff_access.end,
        name="end_staff_access",
    ),
    path("s/<slug:slug>/activity", activity, name="activity"),
    path("s/<slug:slug>/activity.csv", activity_file, name="activity_file"),
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
