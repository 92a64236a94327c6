"""The controls of this floor: each looks whether a sentence of our promise holds."""

from compliance.governance import controls as governance
from compliance.governance.reviews import controls as reviews
from plugseller.shelves import control

control(
    "gov-1.reviews",
    promise="GOV-1",
    label="Access, logs and controls are reviewed in time, and reviews stay as signed",
    look=reviews.reviews_done,
)
control(
    "gov-2.acknowledged",
    promise="GOV-2",
    label="Our staff get in only after acknowledging the policies in force",
    look=governance.acknowledged,
)
control(
    "gov-2.trained",
    promise="GOV-2",
    label="Our staff take the yearly training",
    look=governance.trained,
)
