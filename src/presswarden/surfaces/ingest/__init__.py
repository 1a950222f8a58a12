"""Where sites call in: pairing, heartbeats, receipts, moves. Not for: people; and nothing is signed here, what a site is told was signed ahead."""
