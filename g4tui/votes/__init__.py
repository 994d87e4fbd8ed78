"""What votes and corrections are good for: ratings of models, and rows to train the next one."""

from g4tui.votes.export import Format, lines, rows_of, write
from g4tui.votes.ratings import Ballot, BothBad, Rating, Ratings, Scale, ballots, rated
from g4tui.votes.rows import Harvest, Pair, Preference, Turn, model_name
from g4tui.votes.terms import terms_by_host

__all__ = [
    "Ballot",
    "BothBad",
    "Format",
    "Harvest",
    "Pair",
    "Preference",
    "Rating",
    "Ratings",
    "Scale",
    "Turn",
    "ballots",
    "lines",
    "model_name",
    "rated",
    "rows_of",
    "terms_by_host",
    "write",
]
