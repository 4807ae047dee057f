"""Operations on tenants, as builds run them, and the function that starts them."""
