"""Drop-ins for other packages: their names, signatures and conventions, monge's exact answers."""
