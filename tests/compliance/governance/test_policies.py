"""GOV-2: all our personnel acknowledge each version of each policy, or don't get in."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core import mail
from django.core.exceptions import PermissionDenied
from django.urls import reverse

from compliance import clocks
from compliance.desklines import Block, told
from compliance.governance import controls
from compliance.governance.policies import checks, reading, texts
from compliance.governance.policies.reminding import keep
from compliance.governance.policies.services import (
    PolicyRefused,
    acknowledge,
    missing_of,
    register_versions,
)
from compliance.models import Acknowledgement, PolicyVersion
from plugseller.accounts.models import Grant, User
from plugseller.accounts.roles import GRANTABLE
from plugseller.audit.models import Entry
from plugseller.jobs.models import OutgoingMail
from plugseller.shelves import Verdict
from tests.conftest import NOW, Cast, person, signed_in
from tests.house.routes import address_of, routes

PAGE = "/admin/policies/acknowledge/"
OPEN = {  # what is left to our staff before they acknowledge; a second list, on purpose
    *("account_logout", "account_reauthenticate", "account_set_password"),
    *("account_change_password", "account_email", "usersessions_list"),
    *("mfa_activate_totp", "mfa_add_webauthn", "mfa_reauthenticate"),
    *("mfa_reauthenticate_webauthn", "mfa_index", "mfa_deactivate_totp"),
    *("mfa_list_webauthn", "mfa_edit_webauthn", "mfa_remove_webauthn"),
    *("mfa_view_recovery_codes", "mfa_generate_recovery_codes"),
    *("mfa_download_recovery_codes", "acknowledge_policies", "desk_sign_out"),
    *("security_txt", "readyz", "favicon"),
}


@pytest.fixture
def folder(settings: Any, tmp_path: Path) -> Path:
    """Policies of a test's own: one, in its first version."""
    settings.POLICY_TEXTS = tmp_path / "1"
    settings.POLICY_TEXTS.mkdir()
    (settings.POLICY_TEXTS / "deletion-1.md").write_text(
        "# Deletion\n\nWithin 30 days. Ask an officer.\n\n- Never by hand.\n"
    )
    return tmp_path


def deployed(settings: Any, folder: Path, number: int, content: str) -> None:
    """The next deployment brings this text, beside those that were there."""
    new = folder / f"next-{number}"
    new.mkdir()
    for file in Path(settings.POLICY_TEXTS).glob("*.md"):
        (new / file.name).write_text(file.read_text())
    (new / f"deletion-{number}.md").write_text(content)
    settings.POLICY_TEXTS = new


def fresh(name: str = "otto", role: str = "operator") -> User:
    """One of our staff who has acknowledged nothing."""
    return person(name, staff_role=role, follows=False)


def accept(someone: User) -> None:
    for text in missing_of(someone.pk):
        acknowledge(actor=someone, name=text.name, sha256=text.sha256, now=NOW)


@pytest.mark.django_db
def test_without_it_no_page_of_ours_opens_whatever_pages_there_are(cast: Cast) -> None:
    client = signed_in(fresh(role="officer"))
    anything = {"object_id": "0", "app_label": "accounts", "content_type_id": 0}
    slugs = {"slug": "north", "number": "1", "sku": "1", "key": "x" * 43, "url": "x"}
    uuid = {"pk": cast.carl.pk, "subject": cast.carl.pk, "grant": cast.carl.pk}
    things = {**anything, **slugs, **uuid}
    seen = set()
    for name, asked in routes().items():
        try:
            address = address_of(name, asked, things)
        except Exception:  # noqa: S112  its address needs more than there is here
            continue
        answer = client.get(address)
        if name in OPEN or answer.status_code == 405:
            continue
        seen.add(name)
        assert answer.status_code == 403, (name, answer.status_code)
    assert {"admin:index", "console:orders", "api:sellers", "home", "healthz"} <= seen
    assert len(seen) > 80


@pytest.mark.django_db
def test_who_is_turned_away_reads_why_and_gets_to_the_page(cast: Cast) -> None:
    client = signed_in(fresh())
    page = client.get("/admin/")
    assert page.status_code == 403
    assert "Read and acknowledge it to continue" in page.text
    assert PAGE in page.text
    told_to_program = client.get("/api/v1/sellers")
    assert told_to_program.status_code == 403
    assert "acknowledge" in told_to_program.json()["detail"]
    assert client.get("/account/factors").status_code == 200


@pytest.mark.django_db
def test_a_live_grant_opens_nothing_without_it(cast: Cast) -> None:
    otto = fresh(role="support")
    Grant.objects.create(
        seller=cast.north,
        person=otto,
        permissions=[right.value for right in GRANTABLE],
        reason="x",
        hours=2,
        approved_by=cast.carl,
        starts_at=NOW - timedelta(days=900),
        ends_at=NOW + timedelta(days=900),
    )
    client = signed_in(otto)
    for address in ("/s/north/orders", "/s/north/", "/api/v1/sellers/north/orders"):
        assert client.get(address).status_code == 403, address
    accept(otto)
    assert client.get("/s/north/orders").status_code == 200


@pytest.mark.django_db
def test_the_first_officer_of_a_new_installation_gets_in(cast: Cast) -> None:
    first = fresh(role="officer")
    client = signed_in(first)
    for _ in texts.current():
        page = client.get(PAGE)
        assert page.status_code == 200
        text = page.context["text"]
        answer = client.post(
            PAGE, {"name": text.name, "sha256": text.sha256, "read": "on"}
        )
        assert answer.status_code == 302
    assert answer["Location"] == "/admin/"
    assert client.get("/admin/").status_code == 200
    entries = Entry.objects.filter(event="policy.acknowledged", actor_id=first.pk)
    assert entries.count() == len(texts.current())
    assert "acknowledged everything" in client.get(PAGE).text


@pytest.mark.django_db
def test_the_box_has_to_be_ticked(cast: Cast) -> None:
    otto = fresh()
    text = texts.current()[0]
    answer = signed_in(otto).post(PAGE, {"name": text.name, "sha256": text.sha256})
    assert answer.status_code == 400
    assert "Tick the box" in answer.text
    assert not Acknowledgement.objects.filter(person_id=otto.pk).exists()


@pytest.mark.django_db
def test_sellers_people_are_no_personnel(cast: Cast) -> None:
    client = signed_in(cast.alice)
    assert client.get("/s/north/").status_code == 200
    assert client.get(PAGE).status_code in (302, 403)
    with pytest.raises(PermissionDenied):
        acknowledge(actor=cast.alice, name="x", sha256="x", now=NOW)
    assert not Acknowledgement.objects.filter(person_id=cast.alice.pk).exists()


@pytest.mark.django_db
def test_a_new_version_shuts_again_and_shows_what_has_changed(
    settings: Any, folder: Path, db: None
) -> None:
    otto = fresh()
    accept(otto)
    client = signed_in(otto)
    assert client.get("/admin/").status_code == 200
    deployed(
        settings,
        folder,
        2,
        "# Deletion\n\nWithin 20 days. Ask an officer.\n\n- Never by hand.\n",
    )
    assert client.get("/admin/").status_code == 403
    page = client.get(PAGE).text
    assert "Version 2 differs in 1 sentence from version 1" in page
    assert "<del>Within 30 days.</del>" in page
    assert "<ins>Within 20 days.</ins>" in page
    old = texts.find("deletion", 1)
    assert old
    late = client.post(PAGE, {"name": "deletion", "sha256": old.sha256, "read": "on"})
    assert late.status_code == 400
    assert "newer version" in late.text
    accept(otto)
    assert client.get("/admin/").status_code == 200


@pytest.mark.django_db
def test_no_html_of_a_text_reaches_the_page(
    settings: Any, folder: Path, db: None
) -> None:
    bad = "# <script>x</script>\n\n- <b>y</b>\n\n[z](javascript:z)\n"
    deployed(settings, folder, 2, bad)
    page = signed_in(fresh()).get(PAGE).text
    assert "<script>x" not in page
    assert "<b>y" not in page
    assert "&lt;b&gt;y&lt;/b&gt;" in page
    assert 'href="javascript' not in page


@pytest.mark.django_db
def test_a_text_in_force_can_not_be_changed_under_its_number(
    settings: Any, folder: Path, db: None
) -> None:
    register_versions(NOW)
    assert checks.check_texts() == []
    deployed(settings, folder, 1, "# Deletion\n\nWhenever we like.\n")
    assert [one.id for one in checks.check_texts()] == ["governance.E001"]
    otto, text = fresh(), texts.current()[0]
    with pytest.raises(PolicyRefused, match="without a new number"):
        acknowledge(actor=otto, name="deletion", sha256=text.sha256, now=NOW)
    assert PolicyVersion.objects.get().in_force_at == NOW
    assert controls.acknowledged(NOW).verdict == Verdict.FAIL
    settings.POLICY_TEXTS = folder
    assert [one.id for one in checks.check_texts()] == ["governance.E002"]


@pytest.mark.django_db
def test_a_version_comes_into_force_once_and_is_logged(folder: Path, db: None) -> None:
    assert register_versions(NOW) == 1
    assert register_versions(NOW + timedelta(days=1)) == 0
    version = PolicyVersion.objects.get()
    assert (version.in_force_at, version.sha256) == (NOW, texts.current()[0].sha256)
    assert Entry.objects.filter(event="policy.in_force").count() == 1


@pytest.mark.django_db
def test_who_lacks_one_is_asked_at_once_and_officers_hear_when_it_is_late(
    cast: Cast,
) -> None:
    otto = fresh()
    assert keep(NOW) == 1
    clocks.run_due(NOW)
    asked = OutgoingMail.objects.filter(owner=otto.pk)
    assert asked.count() == 1
    clocks.run_due(NOW + timedelta(days=14))
    assert asked.count() == 2
    assert OutgoingMail.objects.filter(owner=cast.carl.pk).count() == 1
    accept(otto)
    assert not clocks.running().filter(duty="acknowledgement").exists()
    assert keep(NOW) == 0
    assert mail.outbox == []


@pytest.mark.django_db
def test_who_left_is_asked_no_more(cast: Cast) -> None:
    otto = fresh()
    keep(NOW)
    User.objects.filter(pk=otto.pk).update(is_active=False)
    assert keep(NOW) == 0
    assert not clocks.running().filter(duty="acknowledgement").exists()


@pytest.mark.django_db
def test_the_desk_lists_who_has_and_who_has_not(cast: Cast) -> None:
    fresh()
    register_versions(NOW)
    address = reverse("admin:compliance_policyversion_changelist")
    page = signed_in(cast.carl).get(address)
    assert "Has still to acknowledge: Acceptable use" in page.text
    assert "Has acknowledged everything" in page.text
    due = [line.text for line in told(cast.carl, NOW)[Block.DUE]]
    assert "1 of 3 of our staff haven't acknowledged the policies" in due
    version = PolicyVersion.objects.get(name="acceptable-use")
    one = signed_in(cast.carl).get(
        reverse("admin:compliance_policyversion_change", args=[version.pk])
    )
    assert "Keep your recovery codes apart" in one.text
    assert "Carl" in one.text
    assert signed_in(cast.olga).get(address).status_code == 403


@pytest.mark.django_db
def test_the_control_fails_when_somebody_gets_in_without_it(
    cast: Cast, monkeypatch: pytest.MonkeyPatch
) -> None:
    fresh()
    found = controls.acknowledged(NOW)
    assert found.verdict == Verdict.PASS
    assert found.evidence["without"] == 1
    monkeypatch.setattr(controls, "GATES", {})
    assert controls.acknowledged(NOW).verdict == Verdict.FAIL


def test_the_texts_that_are_served_read_well() -> None:
    names = [text.name for text in texts.current()]
    assert names == ["acceptable-use", "data-protection", "deletion", "incident-plan"]
    for text in texts.every():
        kinds = {block.kind for block in reading.blocks(text.content)}
        assert kinds == {"title", "heading", "list", "paragraph"}
        assert all(
            len(line) < 700 for b in reading.blocks(text.content) for line in b.lines
        )


def test_changes_are_counted_by_sentence() -> None:
    before = "# A\n\nOne. Two. Three.\n\n- x\n"
    assert reading.changes(before, before) == []
    after = "# A\n\nOne. Two, and more. Three.\n\n- x\n- y\n"
    found = reading.changes(before, after)
    assert reading.count(found) == 2
    assert (found[0].before, found[0].after) == (("Two.",), ("Two, and more.",))
    assert (found[1].before, found[1].after) == ((), ("y",))
