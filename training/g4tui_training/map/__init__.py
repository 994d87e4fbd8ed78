"""A map of prompts: what is alike lies together."""
