"""What stands around the readers of a source so that its trouble stays its own: limits on time, number and repetition."""
