"""ACC-3: what is sealed is found again, before the data key it had is destroyed.

Sealed fields are found by themselves. Whoever else seals must say where it ends up
(`crypto.resealing.add_place`), or a rotation would destroy a key that is needed.
"""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SEALS = re.compile(r"\b(seal_for(_new)?|sealed_file_for)\(")
PLACES = {  # file that seals -> the place it is found again
    "compliance/incidents/evidence/services.py": "evidence/sealed.py, Evidence",
    "compliance/incidents/evidence/sealed.py": "seals anew what it finds",
    "marketplaces/exporting/building.py": "exporting/sealed.py, Packages",
    "plugseller/accounts/adapters.py": "accounts/sealed.py, SecondFactors",
    "plugseller/accounts/sealed.py": "seals anew what it finds",
    "plugseller/accounts/sessions.py": "accounts/sealed.py, Sessions",
    "plugseller/crypto/fields.py": "crypto/resealing.py, Column",
    "plugseller/crypto/services.py": "defines sealing",
}


def test_whoever_seals_says_where_it_is_found_again() -> None:
    found = {
        str(path.relative_to(ROOT))
        for floor in ("plugseller", "marketplaces", "compliance")
        for path in (ROOT / floor).rglob("*.py")
        if SEALS.search(path.read_text())
    }
    assert found == set(PLACES)
