"""The command line: thin on the engine, the store and the library; one file a group."""
