"""What votes and corrections are good for: ratings of models, and rows to train the next one."""

from g4tui.votes.ratings import Ballot, BothBad, Rating, Ratings, Scale, ballots, rated

__all__ = ["Ballot", "BothBad", "Rating", "Ratings", "Scale", "ballots", "rated"]
