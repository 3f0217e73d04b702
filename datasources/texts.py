"""What people write about a customer, or to one: notes and direct messages."""

from datasources.writing import check_length

LONGEST_TEXT = 5_000


def trimmed(text: str, path: str) -> str:
    """The text without the white space around it, 1 to 5,000 characters (Q13; settled.md, "Lengths"). Raises Refusal."""
    found = text.strip()
    check_length(found, LONGEST_TEXT, path)
    return found
