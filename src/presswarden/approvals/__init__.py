"""People's yes and no to one exact plan digest, the mode of each site, the policy document in force. Not for: deciding (policy), letting through (gate)."""
