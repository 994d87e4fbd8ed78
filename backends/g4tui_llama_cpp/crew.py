"""The threads of a model that computes."""


class Crew:
    """How many threads compute; another thread may change it while they do.

    `all`: as many as a context was made for.
    """

    def __init__(self, all_threads: int) -> None:
        self.all = self.count = all_threads
