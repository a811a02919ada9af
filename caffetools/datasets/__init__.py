"""Databases made of images, and their means."""
