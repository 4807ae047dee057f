"""The API's Lambda authorizer: who asks, for which tenant, and what that user may call.

A token names its tenant; the tenant's row in the mapping table names the user pool and the client
whose tokens are that tenant's. So a token counts only if the pool that signed it belongs to the
tenant that it claims.

A suspended tenant is served for `mapping.MAPPING_TTL_SECONDS` after the row has changed at the
most, and API Gateway repeats an answer for as long again: a minute in all.
"""
