"""Signs where the log stands, in the database and at the witness (ACC-2)."""

from collections.abc import Iterator
from datetime import UTC, datetime

from django.db import DEFAULT_DB_ALIAS, transaction

from plugseller.audit import chain, witness
from plugseller.audit.append import keys
from plugseller.audit.chain import Seal
from plugseller.audit.models import Checkpoint, Entry
from plugseller.audit.services import record


class WitnessDisagrees(Exception):
    """The log no longer holds what was witnessed: it was cut or an older copy."""


def sign_checkpoint(now: datetime) -> Seal | None:
    """Sign the newest entry; hourly. None while the log is empty.

    Refuses to go on from a log that contradicts the witness, so that a cut log is
    noticed within the hour. Raises WitnessDisagrees, WitnessTrouble, KeyTrouble.
    """
    head = Entry.objects.order_by("-id").values_list("id", "hash").first()
    _refuse_contradiction(head)
    if head is None:
        return None
    seal = sealed(chain.HEAD, *head, now=now)
    save(seal)
    witness.append(witness.witness_file(), saved())
    return seal


def state_restore(now: datetime) -> Seal:
    """Say that an older copy of the database was put back, and go on from there.

    What was witnessed after its last entry is lost; `verify_audit` says so ever after
    and stops calling it a fault. Only for whoever restored a backup: `verify_audit`
    before shows what is missing.
    """
    seen = witness.read(witness.witness_file())[0]
    last = max((seal.number for seal in seen), default=0)
    with transaction.atomic():
        head = Entry.objects.order_by("-id").values_list("id", "hash").first()
        number, hash_ = head or (0, chain.GENESIS)
        seal = sealed(chain.RESTORED, number, hash_, now=now)
        save(seal)
        record("audit.restored", details={"witnessed": last, "held": number})
    witness.append(witness.witness_file(), [seal])
    return seal


def is_behind_witness() -> bool:
    """Whether the witness saw entries that the database doesn't hold.

    Raises WitnessTrouble or KeyTrouble.
    """
    head = Entry.objects.order_by("-id").values_list("id", "hash").first()
    try:
        _refuse_contradiction(head)
    except WitnessDisagrees:
        return True
    return False


def sealed(kind: str, number: int, hash_: str, *, now: datetime) -> Seal:
    """A signed checkpoint, not yet kept anywhere. Raises KeyTrouble."""
    return Seal(
        kind=kind,
        number=number,
        hash=hash_,
        entries=Entry.objects.count(),
        made_at=now.astimezone(UTC).isoformat(timespec="microseconds"),
        key_id="",
    ).signed_by(keys(anew=True))


def save(seal: Seal) -> None:
    """Keep a checkpoint in the database."""
    Checkpoint.objects.create(
        kind=seal.kind,
        number=seal.number,
        hash=seal.hash,
        entries=seal.entries,
        made_at=datetime.fromisoformat(seal.made_at),
        key_id=seal.key_id,
        signature=seal.signature,
    )


def saved(using: str = DEFAULT_DB_ALIAS) -> Iterator[Seal]:
    """The checkpoints in the database, the oldest first."""
    for row in Checkpoint.objects.using(using).order_by("id").iterator():
        yield row.seal()


def standing(seals: list[Seal]) -> list[Seal]:
    """The witness's checkpoints that no later restore took back."""
    kept: list[Seal] = []
    for seal in seals:
        if seal.kind == chain.RESTORED:
            kept = [earlier for earlier in kept if earlier.number <= seal.number]
        kept.append(seal)
    return kept


def _refuse_contradiction(head: tuple[int, str] | None) -> None:
    held = keys(anew=True)
    seen, _ = witness.read(witness.witness_file())
    genuine = standing([seal for seal in seen if seal.is_genuine(held)])
    if not genuine:
        return
    last = max(genuine, key=lambda seal: seal.number)
    if last.number == 0:
        return
    entry = Entry.objects.filter(pk=last.number).values_list("hash", flat=True).first()
    pruned = any(s.kind == chain.ANCHOR and s.number >= last.number for s in genuine)
    if entry == last.hash or (entry is None and pruned and head is not None):
        return
    raise WitnessDisagrees(
        f"The witness saw entry {last.number} of the audit log at {last.made_at}, and "
        "the database doesn't hold it: entries were cut off, or an older copy of the "
        "database was put back. Run `manage.py verify_audit`."
    )
