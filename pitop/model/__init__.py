"""What is known: frozen snapshots, and pure functions over them. Nothing here touches the system."""
