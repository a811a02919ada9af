"""A net in one page of HTML, with its logs and weights if there are any."""
