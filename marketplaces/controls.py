"""Looks whether what we promise about Marketplace Information holds right now."""

from datetime import datetime, timedelta

from django.conf import settings

from marketplaces import shelf
from marketplaces.consent import consent_address_errors
from marketplaces.evidence import fetching
from marketplaces.evidence.exposure import Searched, search_pages, search_tables
from marketplaces.evidence.handshakes import try_incoming, try_outgoing
from marketplaces.evidence.pages import look_at_pages
from marketplaces.secretqueue import queue_errors
from marketplaces.transport import address_errors, addresses
from plugseller.shelves import Finding, Verdict, control


def _found(
    broken: object,
    *,
    kept: str,
    otherwise: str,
    **figures: int | float | bool | str,
) -> Finding:
    told = {name.replace("_", " "): figure for name, figure in figures.items()}
    if broken:
        return Finding(Verdict.FAIL, otherwise, told)
    return Finding(Verdict.PASS, kept, told)


def datamap(now: datetime) -> Finding:
    """The list of all we hold is complete."""
    seen = fetching.mapped()
    return _found(
        seen.undecided or seen.unexplained or seen.unmapped_calls,
        kept="Every place and every field that we hold stands in the data map.",
        otherwise="Something is held that the data map doesn't explain.",
        places=seen.places,
        undecided=seen.undecided,
        columns=seen.columns,
        unexplained=seen.unexplained,
        calls_outside_the_map=seen.unmapped_calls,
    )


def rows(now: datetime) -> Finding:
    """Each row belongs to the seller of the account it came from."""
    looked, wrong = fetching.strayed()
    return _found(
        wrong,
        kept="Every row belongs to the seller it was fetched for.",
        otherwise="A row stands under another seller than it was fetched for.",
        rows_looked_at=looked,
        of_another_seller=wrong,
    )


def hosts(now: datetime) -> Finding:
    """Where we can call: the marketplaces' own addresses, all https."""
    errors = [*address_errors(), *consent_address_errors(), *queue_errors()]
    called: set[str] = set()
    if not errors:
        for adapter in shelf.adapters():
            for region in adapter.regions:
                called.update(addresses(adapter, region).values())
    plain = sum(not address.startswith("https://") for address in called)
    return _found(
        errors or plain,
        kept="Our software can call the marketplaces' own addresses only.",
        otherwise="An address could be called that isn't a marketplace's own.",
        addresses=len(called),
        refused=len(errors),
        not_https=plain,
    )


def pages(now: datetime) -> Finding:
    """Nothing on our pages is loaded from others."""
    seen = look_at_pages()
    return _found(
        seen.foreign or seen.policy_lets_in or not seen.files,
        kept="No page loads anything from a third party.",
        otherwise="A page would load something from a third party.",
        files=seen.files,
        third_party_addresses=seen.foreign,
        let_in_by_the_browser_policy=seen.policy_lets_in,
    )


def features(now: datetime) -> Finding:
    """What was fetched in 30 days, against what was switched on then."""
    seen = fetching.fetched_while_off(now)
    return _found(
        seen.while_off or seen.without_switch,
        kept="In the last 30 days only features that were on were fetched.",
        otherwise="Something was fetched for a feature that was off.",
        days=fetching.WINDOW.days,
        passes=seen.runs,
        of_features_that_were_off=seen.while_off,
        of_features_nobody_chose=seen.without_switch,
        features_on=seen.features,
    )


def restricted(now: datetime) -> Finding:
    """No call that brings a buyer's data can be made, was made, or left a trace."""
    seen = fetching.personal_data(now)
    return _found(
        seen.restricted_operations or seen.personal_fields or seen.refused_calls,
        kept="No buyer's data was asked for; what came unasked was dropped.",
        otherwise="A call for buyers' data could be made, or was tried.",
        operations=seen.operations,
        restricted_operations=seen.restricted_operations,
        personal_fields_kept=seen.personal_fields,
        calls_refused_in_30_days=seen.refused_calls,
        values_dropped_in_30_days=seen.dropped,
        paths_looked_for=seen.paths,
    )


def outgoing(now: datetime) -> Finding:
    """A peer that speaks TLS 1.1 is refused by our way out, one with 1.2 isn't."""
    seen = try_outgoing()
    figures: dict[str, int | float | bool | str] = {
        "TLS 1.1 refused": seen.old_refused,
        "TLS 1.2 accepted": seen.new_accepted,
        "peer could speak TLS 1.1": seen.peer_speaks_old,
    }
    if not (seen.old_refused and seen.new_accepted):
        sentence = "A line older than TLS 1.2 wasn't refused, or a newer one failed."
        return Finding(Verdict.FAIL, sentence, figures)
    if not seen.peer_speaks_old:
        sentence = "TLS 1.2 is spoken; this machine can't even try an older one."
        return Finding(Verdict.WARN, sentence, figures)
    return Finding(
        Verdict.PASS, "A line older than TLS 1.2 was tried, and refused.", figures
    )


def incoming(now: datetime) -> Finding:
    """Our own public address, as browsers reach it; only production has one."""
    if not settings.PUBLIC_ADDRESS.startswith("https://"):
        return _found(
            settings.PRODUCTION,
            kept="This installation isn't public, so there is no line to look at.",
            otherwise="Our public address isn't encrypted.",
            public=False,
        )
    seen = try_incoming(settings.PUBLIC_ADDRESS)
    if seen is None:
        sentence = "Our public address couldn't be reached from our own server."
        return Finding(Verdict.WARN, sentence, {"reached": False})
    return _found(
        seen.takes_old or not seen.takes_new,
        kept="Our public address refused an older TLS, and takes TLS 1.2.",
        otherwise="Our public address takes a TLS older than 1.2, or none that is new.",
        takes_TLS_1_1=seen.takes_old,
        takes_TLS_1_2=seen.takes_new,
    )


def exposed_in_tables(now: datetime) -> Finding:
    """Jobs, the log, mails: none of them holds a live credential."""
    return _exposed(search_tables(), "the queues, the log or the mails")


def exposed_on_pages(now: datetime) -> Finding:
    """Pages and answers about accounts: none of them holds a live credential."""
    return _exposed(search_pages(), "the pages")


def _exposed(seen: Searched, where: str) -> Finding:
    return _found(
        seen.found,
        kept=f"No credential in use stands in {where}.",
        otherwise=f"A credential in use stands in {where}.",
        credentials_looked_for=seen.secrets,
        texts_searched=seen.texts,
        found=seen.found,
        places=", ".join(seen.places),
    )


for name, look, label in (
    ("scope-1.datamap", datamap, "All that is held stands in the data map"),
    ("use-1.rows", rows, "Every row belongs to its seller"),
    ("use-2.hosts", hosts, "Only the marketplaces' own addresses are called"),
    ("use-2.pages", pages, "No third party on any page"),
    ("use-3.features", features, "Only what is switched on is fetched"),
    ("use-4.restricted", restricted, "No call for buyers' data"),
    ("enc-1.outgoing", outgoing, "Calls to marketplaces refuse an old TLS"),
    ("enc-1.incoming", incoming, "Our public address refuses an old TLS"),
    ("enc-3.tables", exposed_in_tables, "No credential in queues, log and mails"),
    ("enc-3.pages", exposed_on_pages, "No credential on pages"),
):
    control(
        name,
        promise=name.partition(".")[0].upper(),
        label=label,
        look=look,
        every=timedelta(days=1),
    )
