"""Tuning a base with LoRA on answers, so that it can be stopped, resumed and looked into."""
