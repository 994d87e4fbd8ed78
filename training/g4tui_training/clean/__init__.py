"""The stage `clean`: which rows are fit for training, and why the others are not.

Rules are pure functions over batches of rows. Whatever concerns more than one row (twins, sources,
the split) works on files of digests and signatures, so memory hardly grows with the rows, and
depends on the rows' text alone, so their order changes nothing.
"""
