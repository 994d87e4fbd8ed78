"""How good a model is: perplexity on tasks that people answered, answers, speed."""
