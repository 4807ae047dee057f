"""Reviews plans before they are applied: one comment and one verdict for any number of them."""
