"""How people sign in: passkeys, passwords with a code, recovery codes. Not for: what a role allows, nor consents, which have passkeys of their own."""
