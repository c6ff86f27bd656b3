"""How nodes of one cluster reach one another: sessions over ssh, what goes over them, whom they trust."""
