"""What sends messages: a mail server, or the log alone."""
