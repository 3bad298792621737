"""The matchmaker: introduces two people to each other, and knows nothing of what they say."""
