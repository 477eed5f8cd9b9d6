"""Memory as people read it: fields, sentences, bars."""
