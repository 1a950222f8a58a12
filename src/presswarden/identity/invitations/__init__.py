"""Links that let somebody in once: invitations, and ways back for people who lost theirs. Not for: sending mail."""
