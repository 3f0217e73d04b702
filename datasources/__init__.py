"""Where data lives: the domains themselves, and the sources that serve them."""
