"""The conversation: two pages, and the peer that a terminal or a bot runs."""
