"""Who may what, written down once more, apart from the code that decides it (ACC-1).

Each address of the product stands here with its methods and who gets in. An address
that is missing fails the test; so does one that is here and no longer there.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum


class Who(StrEnum):
    """Everybody a request can come from."""

    ANONYMOUS = "anonymous"
    OWNER = "owner"  # of North, whose addresses are asked for
    MANAGER = "manager"
    ANALYST = "analyst"
    SHIPPING = "shipping"
    VIEWER = "viewer"
    STRANGER = "stranger"  # owner of South
    OFFICER = "officer"  # of our staff, without a grant
    SUPPORT = "support"
    OPERATOR = "operator"
    GRANTED = "granted"  # support, with a grant for all a grant can open at North
    ENDED = "ended"  # support, whose grant for North is over
    SUPERUSER = "superuser"  # Django's, of no seller and of no staff role
    NEW = "new"  # an owner of North without a second factor
    GONE = "gone"  # an owner of North who was deactivated while signed in


class Answer(StrEnum):
    """What somebody gets."""

    IN = "in"
    SIGN_IN = "the sign-in page"
    SET_UP = "the page that sets up a second factor"
    REFUSED = "403"
    HIDDEN = "404"


OUR_STAFF = {Who.OFFICER, Who.SUPPORT, Who.OPERATOR, Who.GRANTED, Who.ENDED}
MEMBERS = {Who.OWNER, Who.MANAGER, Who.ANALYST, Who.SHIPPING, Who.VIEWER}
SIGNED_IN = {*MEMBERS, *OUR_STAFF, Who.STRANGER, Who.SUPERUSER}

# Who holds a right at North. A second copy of roles.py, on purpose.
ANY = {*MEMBERS, Who.GRANTED}
ORDERS = {*MEMBERS, Who.GRANTED}
CATALOG = {*ORDERS} - {Who.SHIPPING}
EXPORT = {Who.OWNER, Who.MANAGER, Who.ANALYST}
EVERYTHING = DELETION = {Who.OWNER}
CONNECTIONS = {Who.OWNER, Who.MANAGER}
TEAM = {Who.OWNER}
ACTIVITY = {Who.OWNER, Who.MANAGER, Who.GRANTED}


@dataclass(frozen=True, slots=True)
class Rule:
    """One address: its methods, and what everybody gets who isn't let in."""

    methods: frozenset[str]
    let_in: frozenset[Who]
    others: Mapping[Who, Answer]
    signs_out: bool = False  # doing it ends the session

    def answers(self, who: Who) -> set[Answer]:
        """What the person may get; an open page may still lead to the sign-in."""
        if who not in self.let_in:
            return {self.others[who]}
        ends = self.is_open or self.signs_out
        return {Answer.IN, Answer.SIGN_IN} if ends else {Answer.IN}

    @property
    def is_open(self) -> bool:
        return Who.ANONYMOUS in self.let_in


def _rule(methods: str, let_in: set[Who], others: Mapping[Who, Answer]) -> Rule:
    """GET brings HEAD along; every address answers OPTIONS to those it lets in."""
    named = set(methods.split())
    if "GET" in named:
        named |= {"HEAD"}
    return Rule(frozenset(named), frozenset(let_in), others)


_NOT_READY = {
    Who.ANONYMOUS: Answer.SIGN_IN,
    Who.GONE: Answer.SIGN_IN,
    Who.NEW: Answer.SET_UP,
}


def everybody(methods: str) -> Rule:
    """A page for people who aren't signed in as well."""
    everyone = set(Who) - {Who.NEW}
    return _rule(methods, everyone, {Who.NEW: Answer.SET_UP})


def for_strangers(methods: str) -> Rule:
    """For who isn't signed in; who is, goes by another way."""
    refused = dict.fromkeys(SIGNED_IN, Answer.REFUSED)
    let_in = {Who.ANONYMOUS, Who.GONE}
    return _rule(methods, let_in, {**refused, Who.NEW: Answer.SET_UP})


def always(methods: str) -> Rule:
    """Open even before a second factor is set up."""
    return _rule(methods, set(Who), {})


def signed_in(methods: str) -> Rule:
    """A page about oneself."""
    return _rule(methods, SIGNED_IN, _NOT_READY)


def setting_up(methods: str) -> Rule:
    """What sets up a second factor."""
    others = {Who.ANONYMOUS: Answer.SIGN_IN, Who.GONE: Answer.SIGN_IN}
    return _rule(methods, {*SIGNED_IN, Who.NEW}, others)


def of_sellers(methods: str) -> Rule:
    """A page for a seller's people, and for who may become one."""
    staff = dict.fromkeys(OUR_STAFF, Answer.REFUSED)
    return _rule(methods, SIGNED_IN - OUR_STAFF, {**staff, **_NOT_READY})


def of_north(
    methods: str, let_in: set[Who], *, without_right: Answer = Answer.REFUSED
) -> Rule:
    """A page of a seller: unknown to strangers, refused to its people without right."""
    others = {
        who: without_right if who in ANY else Answer.HIDDEN
        for who in SIGNED_IN - let_in
    }
    return _rule(methods, let_in, {**others, **_NOT_READY})


def desk(methods: str, *let_in: Who) -> Rule:
    """A page of the officers' desk."""
    others = {who: Answer.REFUSED for who in SIGNED_IN - set(let_in)}
    return _rule(methods, set(let_in), {**others, **_NOT_READY})


def only(methods: str, who: Who, *, others: Answer = Answer.HIDDEN) -> Rule:
    """Something that is one person's own."""
    rest = {one: others for one in SIGNED_IN - {who}}
    return _rule(methods, {who}, {**rest, **_NOT_READY})


def of_a_requester(methods: str) -> Rule:
    """A deletion request of one person's own. Our staff can't have one."""
    rule = only(methods, Who.OWNER)
    return replace(
        rule, others={**rule.others, **dict.fromkeys(OUR_STAFF, Answer.REFUSED)}
    )


def told_to_programs(rule: Rule) -> Rule:
    """Of the API: a refusal with a sentence, never the way to a page."""
    return replace(rule, others={**rule.others, Who.NEW: Answer.REFUSED})


def of_a_member(methods: str, who: Who) -> Rule:
    """One member's own at North. Our staff can't have such a thing at all."""
    rule = of_north(methods, {who}, without_right=Answer.HIDDEN)
    return replace(rule, others={**rule.others, Who.GRANTED: Answer.REFUSED})


def unknown(methods: str) -> Rule:
    """Leads nowhere for who doesn't bring what was sent to one person."""
    everyone = dict.fromkeys(set(Who) - {Who.NEW}, Answer.HIDDEN)
    return _rule(methods, set(), {**everyone, Who.NEW: Answer.SET_UP})


def pages_of(model: str, *let_in: Who) -> dict[str, Rule]:
    """What the admin makes of a model: lists and pages to look at, and no more."""
    rules = {
        "changelist": desk("GET POST", *let_in),
        "change": desk("GET", *let_in),
        "history": desk("GET POST", *let_in),
        "add": desk(""),
        "delete": desk(""),
    }
    return {f"admin:{model}_{page}": rule for page, rule in rules.items()}


def nothing_there() -> Rule:
    """A page of the admin that has nothing to show to anybody."""
    rule = desk("")
    nothing = dict.fromkeys(OUR_STAFF, Answer.HIDDEN)
    return replace(rule, others={**rule.others, **nothing})


def of_a_grant(methods: str, let_in: Who) -> Rule:
    """A step of a grant: officers and the person it is for know of it, nobody else."""
    rule = desk(methods, let_in)
    unknown_to = dict.fromkeys((Who.SUPPORT, Who.OPERATOR, Who.ENDED), Answer.HIDDEN)
    return replace(rule, others={**rule.others, **unknown_to})


OFFICER = (Who.OFFICER,)
OPERATOR = (Who.OPERATOR,)
ROUTES: dict[str, Rule] = {
    # coming in
    "account_login": everybody("GET POST"),
    "mfa_authenticate": everybody("GET POST"),
    "mfa_login_webauthn": everybody("GET POST"),
    "account_logout": always("POST"),
    "account_signup": everybody("GET POST"),
    "account_email_verification_sent": everybody("GET POST"),
    "account_inactive": everybody("GET"),
    "account_reset_password": everybody("GET POST"),
    "account_confirm_password_reset_code": everybody("GET POST"),
    "account_complete_password_reset": everybody("GET POST"),
    "account_password_reset_completed": everybody("GET"),
    # one's own account
    "account_reauthenticate": setting_up("GET POST"),
    "account_set_password": setting_up("GET POST"),
    "mfa_activate_totp": setting_up("GET POST"),
    "mfa_add_webauthn": setting_up("GET POST"),
    "mfa_reauthenticate": signed_in("GET POST"),
    "mfa_reauthenticate_webauthn": signed_in("GET POST"),
    "account_change_password": signed_in("GET POST"),
    "account_email": signed_in("GET POST"),
    "mfa_index": signed_in("GET"),
    "mfa_deactivate_totp": signed_in("GET POST"),
    "mfa_list_webauthn": signed_in("GET"),
    "mfa_view_recovery_codes": signed_in("GET"),
    "mfa_generate_recovery_codes": signed_in("GET POST"),
    "mfa_download_recovery_codes": signed_in("GET"),
    "usersessions_list": signed_in("GET POST"),
    "home": signed_in("GET"),
    "favicon": everybody("GET POST"),  # a redirection, by any method
    # the marketplaces' way back
    "connection_callback": everybody("GET"),
    "connection_start": everybody("GET"),
    # a seller's pages
    "console:dashboard": of_north("GET", ANY),
    "console:orders": of_north("GET", ORDERS),
    "console:orders_file": of_north("GET", EXPORT),
    "console:order": of_north("GET", ORDERS),
    "console:listings": of_north("GET", CATALOG),
    "console:listings_file": of_north("GET", EXPORT),
    "console:sku": of_north("GET", CATALOG, without_right=Answer.HIDDEN),
    "console:inventory": of_north("GET", CATALOG),
    "console:inventory_file": of_north("GET", EXPORT),
    "console:prices": of_north("GET", CATALOG),
    "console:prices_file": of_north("GET", EXPORT),
    "console:what_we_fetch": of_north("GET", ANY),
    "console:export": of_north("GET POST", EVERYTHING),
    "console:export_progress": of_north("GET", EVERYTHING),
    "console:export_file": of_north("GET", EVERYTHING),
    "console:export_end": of_north("POST", EVERYTHING),
    "console:connections": of_north("GET", CATALOG),
    "console:connection": of_north("GET", CATALOG),
    "console:progress": of_north("GET", CATALOG),
    "console:run": of_north("GET", CATALOG),
    "console:choose_marketplace": of_north("GET", CONNECTIONS),
    "console:connect": of_north("GET POST", CONNECTIONS),
    "console:switch": of_north("POST", CONNECTIONS),
    "console:sync_now": of_north("POST", CONNECTIONS),
    "console:disconnect": of_north("GET POST", CONNECTIONS),
    "team": of_north("GET", TEAM),
    "invite": of_north("POST", TEAM),
    "invitation_take_back": of_north("POST", TEAM),
    "member_role": of_north("GET POST", TEAM),
    "member_remove": of_north("GET POST", TEAM),
    "review_access": of_north("GET", TEAM),
    "decide_access": of_north("POST", TEAM),
    "returned_notice": of_north("GET POST", TEAM),
    "leave_seller": replace(of_north("GET POST", MEMBERS), signs_out=True),
    "staff_access": of_north("GET", ACTIVITY),
    "staff_access_grant": of_north("GET", ACTIVITY),
    "end_staff_access": of_north("POST", TEAM),
    "activity": of_north("GET", ACTIVITY),
    "activity_file": of_north("GET", EXPORT & ACTIVITY),
    "api_tokens": of_north("GET", MEMBERS),
    "api_token_new": of_north("GET POST", MEMBERS),
    "api_token_rotate": of_a_member("POST", Who.OWNER),
    "api_token_revoke": of_a_member("POST", Who.OWNER),
    # what is held of a seller, and having it deleted
    "privacy:home": of_north("GET", ACTIVITY),
    "privacy:shorter_time": of_north("POST", DELETION),
    "privacy:delete": of_north("GET POST", DELETION),
    "privacy:request": of_north("GET", DELETION),
    "privacy:withdraw": of_north("POST", DELETION),
    "privacy:object": of_north("POST", DELETION),
    "privacy:begin": of_north("POST", DELETION),
    "privacy:certificate": of_north("GET", DELETION),
    "privacy:certificate_file": of_north("GET", DELETION),
    "own_deletions": of_sellers("GET"),
    "delete_account": of_sellers("GET POST"),
    "own_questions": of_sellers("GET POST"),
    "report_suspicion": signed_in("GET POST"),
    "own_deletion": of_a_requester("GET"),
    "own_withdraw": of_a_requester("POST"),
    "own_certificate": of_a_requester("GET"),
    "own_certificate_file": of_a_requester("GET"),
    # one's own, apart from any seller
    "mfa_edit_webauthn": only("GET POST", Who.OWNER),
    "mfa_remove_webauthn": only("GET POST", Who.OWNER),
    "seller_new": of_sellers("GET POST"),
    "invitation_accept": only("POST", Who.STRANGER),
    "invitation_decline": only("POST", Who.STRANGER),
    "drop_grant": only("POST", Who.GRANTED),
    "open_set_up": unknown("GET"),
    "set_up": unknown("GET POST"),
    "security_txt": always("GET"),
    "data_deletion": everybody("GET"),
    "data_protection": everybody("GET"),
    "what_we_fetch": everybody("GET"),
    "security": everybody("GET"),
    "certificate_check": everybody("GET POST"),
    "certificate_checked": everybody("GET POST"),
    "signing_keys": everybody("GET"),
    "readyz": always("GET"),
    "healthz": everybody("GET"),
    # the API, asked in a browser's session
    "api:schema": told_to_programs(signed_in("GET")),
    "api:docs": told_to_programs(signed_in("GET")),
    "api:sellers": told_to_programs(signed_in("GET")),
    "api:seller": told_to_programs(of_north("GET", ANY)),
    "api:connections": told_to_programs(of_north("GET", CATALOG)),
    "api:connection": told_to_programs(of_north("GET", CATALOG)),
    "api:sync_runs": told_to_programs(of_north("GET", CATALOG)),
    "api:sync_run": told_to_programs(of_north("GET", CATALOG)),
    "api:orders": told_to_programs(of_north("GET", ORDERS)),
    "api:order": told_to_programs(of_north("GET", ORDERS)),
    "api:listings": told_to_programs(of_north("GET", CATALOG)),
    "api:listing": told_to_programs(of_north("GET", CATALOG)),
    "api:prices": told_to_programs(of_north("GET", CATALOG)),
    "api:price": told_to_programs(of_north("GET", CATALOG)),
    "api:inventory": told_to_programs(of_north("GET", CATALOG)),
    "api:stock": told_to_programs(of_north("GET", CATALOG)),
    "api:nothing": told_to_programs(
        of_north("GET", set(), without_right=Answer.HIDDEN)
    ),
    # the desk
    "desk_sign_in": for_strangers("GET POST"),
    "desk_sign_out": always("POST"),
    "desk_password": everybody("GET POST"),
    "admin:index": desk("GET POST", *OUR_STAFF),
    "admin:app_list": desk("GET POST", *OUR_STAFF),
    "admin:password_change_done": desk("GET", *OUR_STAFF),
    "admin:jsi18n": desk("GET", *OUR_STAFF),
    "desk_autocomplete": desk(""),
    "admin:view_on_site": nothing_there(),
    **pages_of("accounts_user", *OFFICER),
    **pages_of("accounts_seller", *OFFICER),
    **pages_of("accounts_membership", *OFFICER),
    **pages_of("accounts_lockout", *OFFICER),
    **pages_of("audit_entry", *OFFICER),
    **pages_of("accounts_grant", *OUR_STAFF),
    **pages_of("compliance_deletionrequest", *OFFICER),
    **pages_of("compliance_deadline", *OFFICER),
    **pages_of("compliance_review", *OFFICER),
    "admin:compliance_review_decide": desk("POST", *OFFICER),
    "admin:compliance_review_keep": desk("GET POST", *OFFICER),
    "admin:compliance_review_sign": desk("POST", *OFFICER),
    "admin:compliance_deletionrequest_record": desk("GET POST", *OFFICER),
    "admin:compliance_deletionrequest_requester": desk("POST", *OFFICER),
    "admin:compliance_deletionrequest_certificate": desk("GET", *OFFICER),
    "admin:compliance_deletionrequest_step": desk("GET POST", *OFFICER),
    "admin:compliance_deletionrequest_hold": desk("POST", *OFFICER),
    **pages_of("compliance_incident", *OFFICER),
    **pages_of("compliance_task", *OFFICER),
    **pages_of("compliance_question", *OFFICER),
    "admin:compliance_incident_open": desk("GET POST", *OFFICER),
    "admin:compliance_incident_arming": desk("GET POST", *OFFICER),
    "admin:compliance_incident_step": desk("GET POST", *OFFICER),
    "admin:compliance_incident_words": desk("POST", *OFFICER),
    "admin:compliance_incident_decision": desk("POST", *OFFICER),
    "admin:compliance_incident_runbook": desk("POST", *OFFICER),
    "admin:compliance_incident_notice": desk("GET POST", *OFFICER),
    "admin:compliance_incident_sent": desk("GET", *OFFICER),
    "admin:compliance_incident_sending": desk("GET POST", *OFFICER),
    "admin:compliance_incident_verb": desk("GET POST", *OFFICER),
    "admin:compliance_task_step": desk("GET POST", *OFFICER),
    "admin:compliance_question_answer": desk("GET POST", *OFFICER),
    **pages_of("marketplaces_connection", *OPERATOR),
    **pages_of("marketplaces_syncrun", *OPERATOR),
    **pages_of("django_q_schedule", *OPERATOR),
    **pages_of("django_q_success", *OPERATOR),
    **pages_of("django_q_failure", *OPERATOR),
    **pages_of("jobs_outgoingmail", *OPERATOR),
    "credentials": desk("GET", Who.OFFICER, Who.OPERATOR),
    "credential_act": desk("POST", *OFFICER),  # operators too, where it is our own
    **pages_of("jobs_run", *OPERATOR),
    **pages_of("custody_backup", Who.OFFICER, Who.OPERATOR),
    **pages_of("custody_replay", Who.OFFICER, Who.OPERATOR),
    **pages_of("compliance_purge", *OFFICER),
    "evidence_pack": desk("GET POST", *OFFICER),
    **pages_of("compliance_controlresult", *OFFICER),
    "admin:policy_register": desk("GET", *OFFICER),
    "admin:policy_control": desk("GET", *OFFICER),
    "admin:policy_run": desk("POST", *OFFICER),
    "admin:data_inventory": desk("GET", *OFFICER),
    # the policies, and who follows them
    "acknowledge_policies": desk("GET POST", *OUR_STAFF),
    **pages_of("compliance_policyversion", *OFFICER),
    **pages_of("compliance_training", *OFFICER),
    "admin:compliance_training_record": desk("GET POST", *OFFICER),
    **pages_of("compliance_risk", *OFFICER),
    "admin:compliance_risk_open": desk("GET POST", *OFFICER),
    "admin:compliance_risk_sign_off": desk("GET POST", *OFFICER),
    "admin:compliance_risk_review": desk("GET POST", *OFFICER),
    "admin:compliance_risk_close": desk("GET POST", *OFFICER),
    **pages_of("compliance_supplier", *OFFICER),
    "admin:compliance_supplier_open": desk("GET POST", *OFFICER),
    "admin:compliance_supplier_review": desk("GET POST", *OFFICER),
    "admin:compliance_supplier_close": desk("GET POST", *OFFICER),
    "admin:audit_entry_search": desk("POST", *OFFICER),
    "admin:invite_staff": desk("GET POST", *OFFICER),
    "admin:reset_factors": desk("POST", *OFFICER),
    "admin:accounts_user_offboard": desk("GET POST", *OFFICER),
    "admin:lift_lockout": desk("POST", *OFFICER),
    "admin:accounts_grant_ask": desk("GET POST", *OUR_STAFF),
    "admin:accounts_grant_break_glass": desk("GET POST", *OFFICER),
    "admin:accounts_grant_approve": of_a_grant("POST", Who.OFFICER),
    "admin:accounts_grant_refuse": of_a_grant("POST", Who.OFFICER),
    "admin:accounts_grant_review": of_a_grant("POST", Who.OFFICER),
    "admin:accounts_grant_drop": of_a_grant("POST", Who.GRANTED),
}
