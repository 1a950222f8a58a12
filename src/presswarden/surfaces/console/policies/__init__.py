"""Policies in plain sentences, their versions, a form, the document itself, what another would change. Not for: judging; that is the policy's."""
