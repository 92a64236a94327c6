"""What we promise, sentence by sentence (DESIGN §2): the words of the public page.

A sentence is changed with care: it is what sellers rely on and what we are held to.
Each has controls (`controls.py` of the apps) that look whether it holds right now;
`checks.py` refuses a sentence without one, and a control without a sentence.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    """One sentence of the promise."""

    id: str
    wording: str  # what we promise
    how: str  # how it is kept, in plain words; no internals


PROMISES: tuple[Promise, ...] = (
    Promise(
        "SCOPE-1",
        "Marketplace Information is any data we retrieve from Amazon or Walmart on a "
        "seller's behalf: product, pricing, listing, inventory and order information, "
        "and any personal data within it. This policy covers all of it.",
        "Every field we can store is written down beforehand, with where it comes from "
        "and what sort of data it is. A place where data would lie without such an "
        "entry stops the software from starting.",
    ),
    Promise(
        "USE-1",
        "We use Marketplace Information solely to provide the service to the seller it "
        "belongs to.",
        "Every row names its seller. Nobody reads a row without a right on that very "
        "seller, and no question to the database crosses from one seller to another.",
    ),
    Promise(
        "USE-2",
        "We never sell Marketplace Information and never share it for advertising or "
        "for any unrelated purpose.",
        "Our servers call the marketplaces' own addresses and no others for a seller. "
        "No page of ours loads anything from a third party: no script, no font, no "
        "tracker.",
    ),
    Promise(
        "USE-3",
        "We retrieve only the data needed for the features a seller has switched on.",
        "Features are switched on for each connected account. One that is off makes no "
        "call, and fields that no feature needs are dropped while an answer is read.",
    ),
    Promise(
        "USE-4",
        "We do not retrieve the personal data of Amazon's buyers, and we ask for no "
        "restricted role.",
        "The calls that would bring names, addresses or telephone numbers can't be "
        "made by our software. Where a marketplace sends some of it unasked, it is "
        "dropped on arrival and only counted.",
    ),
    Promise(
        "ENC-1",
        "Data in transit is encrypted with TLS 1.2 or newer.",
        "Every line in and out has that least version. We prove it by trying to speak "
        "an older one, which has to fail.",
    ),
    Promise(
        "ENC-2",
        "Data at rest is encrypted with AES-256 or an equivalent.",
        "The database lies on the disk encrypted as a whole, and secrets are sealed "
        "once more inside it. We prove it by reading the bytes themselves.",
    ),
    Promise(
        "ENC-3",
        "Credentials and tokens are encrypted, and are never exposed to clients.",
        "Each seller's secrets are sealed with AES-256 under keys of that seller's "
        "own. We search pages, answers, queues and logs for them, and must find none.",
    ),
    Promise(
        "ACC-1",
        "Access follows the principles of least privilege and need to know.",
        "Our own staff can see no seller's data. Whoever needs to asks for hours, with "
        "a reason; another person approves, it ends by itself, and the seller sees it.",
    ),
    Promise(
        "ACC-2",
        "Every access is authenticated and logged.",
        "Everybody signs in with a second factor. Reads and changes are entered in a "
        "log in which nothing can be altered or removed without being noticed.",
    ),
    Promise(
        "ACC-3",
        "Credentials are rotated regularly, and revoked when they are no longer "
        "needed.",
        "Every key, token and password of the service is listed with the day by which "
        "it has to be replaced, and somebody is reminded before.",
    ),
    Promise(
        "RET-1",
        "Marketplace Information is kept only as long as it is needed to provide the "
        "service.",
        "Each kind of data has a time after which it is removed by itself. Sellers may "
        "choose shorter times. We count what is overdue: it has to be nothing.",
    ),
    Promise(
        "RET-2",
        "Personal data is deleted within 30 days of a request, or when it is no longer "
        "required.",
        "A clock starts when a request arrives and can't be paused. The deletion is "
        "carried out place by place, checked by a second look, and certified.",
    ),
    Promise(
        "INC-1",
        "We maintain an incident-response plan, and investigate and remediate every "
        "security incident.",
        "Each suspicion becomes a record with somebody who leads, a first look within "
        "24 hours, what was done and when, and what has to change.",
    ),
    Promise(
        "INC-2",
        "We notify affected sellers and the marketplace of a security incident "
        "concerning their data.",
        "Who is affected is computed from the log of accesses. Each notice has a date "
        "by which it is due, and a proof that it left.",
    ),
    Promise(
        "INC-3",
        "We notify Amazon at security@amazon.com within 24 hours of detecting a "
        "security incident that involves Amazon Information.",
        "The clock counts from the detection. Officers are warned while there is time, "
        "and a first notice doesn't have to wait for them.",
    ),
    Promise(
        "GOV-1",
        "We regularly review who has access, what the logs show, and whether our "
        "controls work.",
        "Reviews have dates. One that is late is shown to everybody who is "
        "responsible. Access nobody decided about by that date ends, after two "
        "warnings to those who decide; an owner's own and the last officer's stay.",
    ),
    Promise(
        "GOV-2",
        "All our personnel are required to follow these practices.",
        "Everybody who works for us acknowledges each version of our policies. Until "
        "they did, they can open nothing.",
    ),
    Promise(
        "CON-1",
        "Questions and complaints about data protection are answered at "
        "support@plugakademi.org.",
        "The address stands on every page of this policy, and in the file where "
        "security researchers look for it. Whoever is signed in asks in the console as "
        "well. What is asked there has a clock: an answer within 7 days.",
    ),
)

BY_ID: dict[str, Promise] = {promise.id: promise for promise in PROMISES}
