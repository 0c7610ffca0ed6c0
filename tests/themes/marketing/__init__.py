"""An app that registers two pages again with Unfold's base class, as the guide on themes does."""
