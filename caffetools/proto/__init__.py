"""Protobuf: text and wire formats read into messages that know their place, and written."""
