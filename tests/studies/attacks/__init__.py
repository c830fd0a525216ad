"""What users, accidents and strangers do to clips and files, and what the commands must say of it."""
