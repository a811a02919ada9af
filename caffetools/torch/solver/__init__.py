"""A solver with its nets to what is trained: settings, data sources, multipliers."""
