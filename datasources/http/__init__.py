"""Any REST system as a source, mapped in the config: which calls answer a method, and where in an answer its rows are."""
