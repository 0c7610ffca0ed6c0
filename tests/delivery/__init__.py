"""The sender against the stand-in, over real HTTP."""
