"""What happens to incidents; pages, the desk, jobs and commands call these."""

from compliance.incidents.services.clock import learn_detection, renew_duties
from compliance.incidents.services.merging import merge, split_off, whole_timeline
from compliance.incidents.services.notices import draft_of, drop_draft, edit_notice
from compliance.incidents.services.opening import open_incident
from compliance.incidents.services.outcomes import (
    note_bounced,
    note_delivered,
    note_sent_otherwise,
)
from compliance.incidents.services.people import officer_at, tell, visible_to
from compliance.incidents.services.reporting import report_suspicion
from compliance.incidents.services.runbook import give_step, tick, tick_key, untick
from compliance.incidents.services.selfsending import arm, disarm, is_armed
from compliance.incidents.services.sending import send_notice
from compliance.incidents.services.timeline import note_fact
from compliance.incidents.services.triage import (
    advance,
    ask_decision,
    bar,
    give_lead,
    know,
    refuse,
    sign,
    unbar,
)
from compliance.incidents.states import IncidentRefused

__all__ = [
    "IncidentRefused",
    "advance",
    "arm",
    "ask_decision",
    "bar",
    "disarm",
    "draft_of",
    "drop_draft",
    "edit_notice",
    "give_lead",
    "give_step",
    "is_armed",
    "know",
    "learn_detection",
    "merge",
    "note_bounced",
    "note_delivered",
    "note_fact",
    "note_sent_otherwise",
    "officer_at",
    "open_incident",
    "refuse",
    "renew_duties",
    "report_suspicion",
    "send_notice",
    "sign",
    "split_off",
    "tell",
    "tick",
    "tick_key",
    "unbar",
    "untick",
    "visible_to",
    "whole_timeline",
]
