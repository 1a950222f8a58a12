"""People and roles: who belongs, what each role allows, invitations, clients and their sites. Not for: one's own ways to sign in (`entry`)."""
