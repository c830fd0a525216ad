"""The sections of a report, one file each: which number stands where, and how to read it."""
