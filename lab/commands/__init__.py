"""The commands: each measures or reads, and hands what it has to a renderer."""
