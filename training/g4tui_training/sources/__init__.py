"""Reading rows that others wrote: file formats, shapes of rows, and data sets of the hub."""
