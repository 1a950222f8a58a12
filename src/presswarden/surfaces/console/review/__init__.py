"""The inbox, proposals, and where people say yes or no to one. Not for: what is enough of a yes, which is the policy's."""
