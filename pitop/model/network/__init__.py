"""What is known of the network: interfaces, addresses, routes, neighbours, leases, name servers, and the way to go."""
