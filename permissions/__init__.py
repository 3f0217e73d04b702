"""Who may see and do what: scopes, reach, masking."""
