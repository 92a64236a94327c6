"""What happens to connections and to Marketplace Information, as the log names it."""

from plugseller.shelves import By, Kind, event

SELLERS = (By.PERSON, By.TOKEN)
PEOPLE = (By.PERSON, By.COMMAND)
OURSELVES = (By.JOB, By.COMMAND)

event(
    "connection.begun",
    kind=Kind.CHANGE,
    sentence="went to the marketplace to connect an account",
    by=PEOPLE,
)
event(
    "connection.refused",
    kind=Kind.CHANGE,
    sentence="came back from the marketplace and was refused",
    by=(By.PERSON, By.ANONYMOUS, By.COMMAND),
)
event(
    "connection.connected",
    kind=Kind.CHANGE,
    sentence="connected an account",
    by=PEOPLE,
)
event(
    "connection.reconnected",
    kind=Kind.CHANGE,
    sentence="renewed the authorisation of an account",
    by=PEOPLE,
)
event(
    "connection.disconnected",
    kind=Kind.CHANGE,
    sentence="disconnected an account",
    by=PEOPLE,
)
event(
    "connection.revoked",
    kind=Kind.CHANGE,
    sentence="found that the marketplace had ended an authorisation",
    by=OURSELVES,
)
event(
    "connection.feature_on",
    kind=Kind.CHANGE,
    sentence="switched a feature on",
    by=PEOPLE,
)
event(
    "connection.feature_off",
    kind=Kind.CHANGE,
    sentence="switched a feature off",
    by=PEOPLE,
)
ANYBODY = (By.PERSON, By.JOB, By.COMMAND)
event(
    "connection.frozen",
    kind=Kind.CHANGE,
    sentence="stopped the fetching and reading of an account that is to be deleted",
    by=ANYBODY,
)
event(
    "connection.thawed",
    kind=Kind.CHANGE,
    sentence="let an account be fetched and read again",
    by=ANYBODY,
)
event(
    "connection.paused",
    kind=Kind.CHANGE,
    sentence="stopped the fetching of an account because of an incident",
    by=(By.PERSON,),
)
event(
    "connection.resumed",
    kind=Kind.CHANGE,
    sentence="let an account be fetched again after an incident",
    by=(By.PERSON,),
)
event(
    "connection.credentials_ended",
    kind=Kind.KEY,
    sentence="destroyed the credentials of an account that is to be deleted",
    by=ANYBODY,
)
event(
    "app_secret.asked",
    kind=Kind.KEY,
    sentence="asked a marketplace for a new secret of our app",
    by=PEOPLE,
)
event(
    "app_secret.not_given",
    kind=Kind.KEY,
    sentence="got no new secret of our app: the marketplace refused",
    by=PEOPLE,
)
event(
    "app_secret.kept",
    kind=Kind.KEY,
    sentence="kept a new secret of our app",
    by=(By.PERSON, *OURSELVES),
)
event(
    "app_secret.ends",
    kind=Kind.KEY,
    sentence="heard from a marketplace when our app's secret ends",
    by=OURSELVES,
)
event(
    "app_secret.missing",
    kind=Kind.KEY,
    sentence="told officers that a new secret of our app didn't come",
    by=OURSELVES,
)
event(
    "app_secret.refused",
    kind=Kind.KEY,
    sentence="found that a marketplace refuses our app's secrets",
    by=(By.PERSON, *OURSELVES),
)
event(
    "app_secret.ended",
    kind=Kind.KEY,
    sentence="destroyed a secret of our app whose time was over",
    by=OURSELVES,
)
event("sync.asked", kind=Kind.WORK, sentence="asked for a sync", by=PEOPLE)
event(
    "sync.run",
    kind=Kind.WORK,
    sentence="fetched from the marketplace",
    by=OURSELVES,
)

for listed in ("listings", "prices", "inventory", "orders"):
    event(
        f"read.{listed}.list",
        kind=Kind.READ,
        sentence=f"looked at {listed}",
        by=SELLERS,
    )
    event(
        f"read.{listed}.detail",
        kind=Kind.READ,
        sentence=f"opened one of the {listed}",
        by=SELLERS,
    )
    event(
        f"read.{listed}.export",
        kind=Kind.READ,
        sentence=f"exported {listed} to a file",
        by=SELLERS,
    )
event(
    "read.dashboard",
    kind=Kind.READ,
    sentence="looked at the dashboard",
    by=(By.PERSON,),
)
event(
    "export.asked",
    kind=Kind.CHANGE,
    sentence="asked for a file with all data",
    by=(By.PERSON,),
)
event(
    "export.built",
    kind=Kind.WORK,
    sentence="put a file with all data together",
    by=OURSELVES,
)
event(
    "export.failed",
    kind=Kind.WORK,
    sentence="could not put a file with all data together",
    by=OURSELVES,
)
event(
    "export.ended",
    kind=Kind.CHANGE,
    sentence="removed a file with all data",
    by=(By.PERSON, *OURSELVES),
)
event(
    "read.everything.export",
    kind=Kind.READ,
    sentence="downloaded the file with all data",
    by=(By.PERSON,),
)
event(
    "sync.dropped",
    kind=Kind.WORK,
    sentence="dropped late work for an account that was deleted",
    by=OURSELVES,
)
