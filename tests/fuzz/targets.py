"""Everything that is fuzzed, by name."""

from fuzz import children, exchange, journals, model_files, pipes, servers, tables, texts
from fuzz.target import Target

ROOMS = (texts, model_files, pipes, children, servers, exchange, tables, journals)
TARGETS: dict[str, Target] = {target.name: target for room in ROOMS for target in room.TARGETS}
