"""Data sets from servers and hubs, checked and unpacked."""
