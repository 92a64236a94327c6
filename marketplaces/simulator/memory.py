"""The age of a world, kept in a file: started again, it is the same world."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

_FILE = "world.json"
_A_DAY = timedelta(hours=20)


@dataclass(frozen=True, slots=True)
class Remembered:
    """What makes a world the same world."""

    seed: int
    orders: int
    anchor: datetime
    steps: tuple[datetime, ...] = ()

    def keeper(self, folder: Path) -> Callable[[list[datetime]], None]:
        """A function that keeps later steps in the folder."""

        def keep(steps: list[datetime]) -> None:
            _write(
                folder,
                Remembered(self.seed, self.orders, self.anchor, tuple(steps)),
            )

        return keep


def remembered_world(folder: Path, *, seed: int, orders: int) -> Remembered:
    """The folder's world if it has this seed and size, else a new one.

    A world that has stood still for a day moves one step, so that there is something
    of today in it. OSError if the folder can't be used.
    """
    now = datetime.now(UTC).replace(microsecond=0)
    known = _read(folder / _FILE)
    if known is None or (known.seed, known.orders) != (seed, orders):
        known = Remembered(seed, orders, now)
    elif now - max((known.anchor, *known.steps)) > _A_DAY:
        known = Remembered(seed, orders, known.anchor, (*known.steps, now))
    _write(folder, known)
    return known


def _read(path: Path) -> Remembered | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Remembered(
            seed=told["seed"],
            orders=told["orders"],
            anchor=datetime.fromisoformat(told["anchor"]),
            steps=tuple(datetime.fromisoformat(step) for step in told["steps"]),
        )
    except (FileNotFoundError, KeyError, TypeError, ValueError):
        return None


def _write(folder: Path, world: Remembered) -> None:
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    told = {
        "seed": world.seed,
        "orders": world.orders,
        "anchor": world.anchor.isoformat(),
        "steps": [step.isoformat() for step in world.steps],
    }
    new = folder / f"{_FILE}.new"
    new.write_text(json.dumps(told), encoding="utf-8")
    new.replace(folder / _FILE)
