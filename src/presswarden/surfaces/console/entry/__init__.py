"""How people come in: first start, sign-in, invitation, proving it again, and their own account. Not for: who may do what (`people`)."""
