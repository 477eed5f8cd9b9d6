"""The only contact with Linux. Every reader takes its root path, so that tests hand it a tree."""
