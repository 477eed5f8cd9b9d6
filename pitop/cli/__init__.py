"""One module a subcommand. None of them imports Textual or Rich."""
