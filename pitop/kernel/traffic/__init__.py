"""What only the kernel knows of conversations that pass through it."""
