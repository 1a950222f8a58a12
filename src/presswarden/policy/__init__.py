"""Pure: a proposal, facts and policy documents in; a decision with every reason out. Not for: reading tables, clocks or networks, or keeping documents."""
