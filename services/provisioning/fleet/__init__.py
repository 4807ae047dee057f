"""A change taken over all tenants: planned, shown, applied in waves; and what has drifted."""
