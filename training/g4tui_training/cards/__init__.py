"""Cards: what a reader must know of the data and the model, in Markdown."""
