"""The site: configuration and entry points, no logic."""
