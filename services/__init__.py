"""The code that runs: domain, provisioner, microservices, local AWS and command line."""
