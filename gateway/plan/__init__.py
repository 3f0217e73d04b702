"""What is made of an operation once, to be used for every request that sends it."""
