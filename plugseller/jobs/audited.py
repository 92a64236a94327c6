"""What is logged of work: what it did, by the work itself."""

from plugseller.audit.diff import summed_up
from plugseller.jobs.models import Beat, ClockReading, Lease, OutgoingMail, Run

summed_up(Lease, why="who works at the moment; holds nothing of anybody's")
summed_up(Beat, why="when the timetable ran; holds nothing of anybody's")
summed_up(ClockReading, why="what a clock said; a leap of it has an entry of its own")
summed_up(Run, why="a history itself; what the work did has entries of its own")
summed_up(OutgoingMail, why="what a mail tells of has its own entry")
