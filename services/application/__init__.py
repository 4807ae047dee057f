"""What a tenant's requests reach: the authorizer, the gateway and the microservices."""
