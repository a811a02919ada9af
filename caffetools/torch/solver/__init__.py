"""A solver and its nets -> a project to train, in memory or as files."""
