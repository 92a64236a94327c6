"""The controls of this floor: each looks whether a sentence of our promise holds."""

from compliance.governance import controls as governance
from plugseller.shelves import control

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
